"""Whatever a nested ZIP is like, the loader extracts what is right, or says no."""

from __future__ import annotations

import io
import itertools
import os
import random
import shutil
import struct
import zipfile

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.nesting.loader import loader
from tests.fuzz.extracting import extract_each
from tests.fuzz.mutants import damaged
from tests.nested.function import contents_of
from tests.nested.function import files_below
from tests.nested.function import write_home
from tests.nested.function import write_settings
from tests.packaging.lying_wheels import lies_about
from tests.packaging.wheel_files import CENTRAL
from tests.packaging.wheel_files import LOCAL


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence


LOADER: Final = Path(loader.__file__)
REFUSAL: Final = "ImportError: The function's nested ZIP could not be extracted: "
NOISE: Final = random.Random(20261128).randbytes(3000)

CONTENTS: Final = {
    "members that are read together": {
        "demo/__init__.py": b"",
        "demo/noise.bin": NOISE,  # stored
        "demo/text.py": b"a line of text\n" * 200,
        "demo/tool.sh": b"#!/bin/sh\n" * 9,
    },
    # What is read alone is copied piece by piece.
    "a deflated member": {"demo.py": NOISE[:400] * 9},
    "a stored member": {"demo.bin": NOISE},
}

COUNTED_ANEW: Final = ("method", "crc32", "data_bytes", "size_bytes", "offset")
"""Fields of the directory that may be others without making another ZIP of it."""


@pytest.fixture(params=CONTENTS)
def contents(request: pytest.FixtureRequest) -> Mapping[str, bytes]:
    """What is in a nested ZIP, of several kinds."""
    return CONTENTS[request.param]


@pytest.fixture
def sound(tmp_path: Path, contents: Mapping[str, bytes]) -> Path:
    """A directory with that nested ZIP, its settings, and a place to extract to."""
    home = tmp_path / "sound"
    write_home(home, contents)
    (home / "tmp").mkdir()
    return home


@pytest.fixture
def archive(sound: Path) -> bytes:
    """The nested ZIP."""
    return (sound / loader.ARCHIVE).read_bytes()


@pytest.fixture
def homes(tmp_path: Path) -> Path:
    """Where mutants of it are."""
    return tmp_path / "homes"


def put(homes: Path, sound: Path, mutants: Iterable[bytes]) -> None:
    """Puts each mutant in the place of a sound nested ZIP."""
    for number, mutant in enumerate(mutants):
        home = homes / f"{number:04}"
        shutil.copytree(sound, home)
        (home / loader.ARCHIVE).write_bytes(mutant)


def is_right(results: Sequence[Path], contents: Mapping[str, bytes]) -> bool:
    """Whether there is one result, with these contents, and what runs can be run."""
    return [contents] == [contents_of(each) for each in results] and all(
        os.access(each, os.X_OK) is (each.suffix == ".sh")
        for each in files_below(results[0])
    )


def hold(homes: Path, contents: Mapping[str, bytes]) -> set[str]:
    """Extracts what is in each directory.

    Returns:
        Which have been refused, with an error that says so. All others are as they
        have to be, or the test fails.
    """
    errors = extract_each(LOADER, homes)
    wrong = {}
    for home in sorted(homes.iterdir()):
        error = errors.get(home.name)
        results = [
            each
            for each in (home / "tmp").iterdir()
            if each.suffix not in (".lock", ".partial")
        ]
        if error is None:
            if not is_right(results, contents):
                wrong[home.name] = "another content or mode"
        elif results or not error.startswith(REFUSAL):
            wrong[home.name] = error
    assert {} == wrong
    return {*errors}


def with_lies(
    archive: bytes,
    layout: Mapping[str, str],
    starts: Iterable[int],
    fields: Iterable[str],
) -> Iterator[bytes]:
    """Gives each field of each header, at these offsets, other values."""
    for at, field in itertools.product(starts, fields):
        size, start = "<" + layout[field], at + offset_of(layout, field)
        (truth,) = struct.unpack_from(size, archive, start)
        for lie in lies_about(field, layout[field], truth):
            mutant = bytearray(archive)
            struct.pack_into(size, mutant, start, lie)
            yield bytes(mutant)


def offset_of(layout: Mapping[str, str], field: str) -> int:
    """Where a field stands in a header of this layout."""
    before = list(layout)[: list(layout).index(field)]
    return struct.calcsize("<" + "".join(layout[each] for each in before))


def headers_of(archive: bytes) -> tuple[list[int], list[int]]:
    """Offsets of a ZIP's local headers, and of its directory's."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        infos = opened.infolist()
        at = opened.start_dir
    central = []
    for info in infos:
        central.append(at)
        at += struct.calcsize("<" + "".join(CENTRAL.values()))
        at += len(info.filename.encode()) + len(info.extra)
    return [info.header_offset for info in infos], central


def test_damaged_archives(
    homes: Path, contents: Mapping[str, bytes], sound: Path, archive: bytes
) -> None:
    """Wherever it is damaged; and the next attempt, with a sound one, is not misled."""
    put(homes, sound, damaged(archive, seed=1, count=120))

    refused = hold(homes, contents)

    assert 30 < len(refused) < 120
    for name in refused:
        (homes / name / loader.ARCHIVE).write_bytes(archive)
    assert set() == hold(homes, contents)


def test_lies_of_local_headers(
    homes: Path, contents: Mapping[str, bytes], sound: Path, archive: bytes
) -> None:
    """The lengths of name and extra field are all that is read there."""
    local, _ = headers_of(archive)
    put(homes, sound, with_lies(archive, LOCAL, local, LOCAL))

    assert 0 < len(hold(homes, contents)) < len(os.listdir(homes))


def test_lies_of_the_directory(
    homes: Path, contents: Mapping[str, bytes], sound: Path, archive: bytes
) -> None:
    """Each field of each member, with the settings of the sound ZIP."""
    _, central = headers_of(archive)
    put(homes, sound, with_lies(archive, CENTRAL, central, CENTRAL))

    assert hold(homes, contents)


def test_lies_of_a_directory_that_is_counted_anew(
    homes: Path, contents: Mapping[str, bytes], sound: Path, archive: bytes
) -> None:
    """The settings are those of the ZIP with the lie."""
    _, central = headers_of(archive)
    put(homes, sound, with_lies(archive, CENTRAL, central, COUNTED_ANEW))
    for home in homes.iterdir():
        write_settings(home)

    assert hold(homes, contents)
