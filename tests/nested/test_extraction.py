"""What is extracted is what was packaged."""

from __future__ import annotations

import os
import random
import stat
import zipfile

from typing import TYPE_CHECKING
from typing import Final

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.nesting.loader import loader
from tests.nested.function import contents_of
from tests.nested.function import write_home
from tests.nested.function import write_settings
from tests.nested.in_process import extracted


if TYPE_CHECKING:
    from pathlib import Path


def test_modes(place: tuple[Path, Path]) -> None:
    """What anyone may execute is 0755, anything else is 0644; directories too."""
    home, tmp_dir = place
    write_home(home, {"a/tool.sh": b"#!/bin/sh\n", "a/empty.sh": b"", "a/data": b"x"})
    before = os.umask(0o022)
    try:
        directory = extracted(home, tmp_dir)
    finally:
        os.umask(before)
    modes = {
        name: stat.S_IMODE(os.stat(directory / name).st_mode)
        for name in ("a", "a/tool.sh", "a/empty.sh", "a/data")
    }
    assert {
        "a": 0o755,
        "a/tool.sh": 0o755,
        "a/empty.sh": 0o755,
        "a/data": 0o644,
    } == modes


MIB: Final = 1 << 20


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_the_standard_library_writes(
    place: tuple[Path, Path], method: int
) -> None:
    """Stored and deflated members, and members whose size was not known in advance."""
    home, tmp_dir = place
    noise = random.Random(1).randbytes(3 * MIB + 5)
    contents = {
        "empty": b"",
        "small": b"small",
        "noise": noise,
        "zeros": bytes(9 * MIB + 1),
        "a/b/c/deep": noise[:100] * 100,
    }
    with zipfile.ZipFile(home / loader.ARCHIVE, "w", method) as target:
        for name, content in contents.items():
            target.writestr(name, content)
        with target.open("streamed", "w", force_zip64=True) as stream:
            stream.write(noise[:1000])
    write_settings(home)
    directory = extracted(home, tmp_dir)
    assert {**contents, "streamed": noise[:1000]} == contents_of(directory)


@given(
    st.dictionaries(
        st.text(
            st.characters(exclude_categories=["Cs"], exclude_characters="\0/\\"),
            min_size=1,
            max_size=20,
        ).filter(lambda name: name not in (".", "..")),
        st.binary(max_size=200),
        min_size=1,
        max_size=6,
    )
)
def test_names_in_any_script(
    tmp_path_factory: pytest.TempPathFactory, contents: dict[str, bytes]
) -> None:
    """Whatever a file may be called, it is extracted under that name."""
    top = tmp_path_factory.mktemp("names")
    (top / "tmp").mkdir()
    contents = {f"dir {name}/{name}": content for name, content in contents.items()}
    write_home(top / "home", contents)
    assert contents == contents_of(extracted(top / "home", top / "tmp"))
