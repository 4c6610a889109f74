"""Wheels are read as pypa/installer lays them out, whatever they are like.

It lays each of them out in a real site-packages; what is read of the closed wheels is
held against what is found there, and one archive against the other.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import random
import re
import shutil
import stat
import tempfile
import zipfile

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.facts import inspect
from poetry_plugin_package_function.packaging.sources.installed import InstalledSource
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel
from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.runtimes import HOST
from poetry_plugin_package_function.settings import Settings
from tests.examples import examples
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import install_wheel
from tests.packaging.wheel_files import raw
from tests.trees import finished
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.sources.entry import Source


PARTS: Final = 8
TEXT: Final = b"a line of text\n" * 20


@dataclass(frozen=True)
class Made:
    """A wheel by its name and content."""

    name: str
    data: bytes


# -- what is held against one another ------------------------------------------------


def listed(source: Source) -> dict[str, tuple[bytes, int, bool, str | None]]:
    entries: Iterable[Entry] = source.files(frozenset(), lambda _: False)
    return {
        each.name: (
            *(read(each.content), each.size_bytes, each.executable),
            each.distribution,
        )
        for each in entries
    }


def described(distribution: Distribution) -> tuple[object, ...]:
    """What is known of a distribution, but for the installer's own marks."""
    marks = ("RECORD", "INSTALLER")
    rows = {row.path: row for row in distribution.rows or ()}
    info = distribution.info
    return (
        *(distribution.name, distribution.version, info),
        {
            name
            for name, content in distribution.metadata.items()
            if "/" not in name and name not in marks and not _is_directory(content)
        },
        {
            row
            for path, row in rows.items()
            if not path.startswith("../") and path not in {f"{info}/{e}" for e in marks}
        },
    )


def _is_directory(content: Content) -> bool:
    return isinstance(content, FileContent) and Path(content.path).is_dir()


def hold(directory: Path, wheels: Sequence[Made], project: str = "my-app") -> None:
    """Holds closed wheels against the same ones laid out; the last one wins.

    Args:
        directory: An empty one.
        wheels: In the order in which Poetry lays them out: the project's at last.
        project: Its name.
    """
    laid_out = make_venv(directory / "laid-out")
    closed = make_venv(directory / "closed")
    kept = directory / "wheels"
    kept.mkdir()
    refused = False
    for wheel in wheels:
        (kept / wheel.name).write_bytes(wheel.data)
        try:
            install_wheel(kept / wheel.name, laid_out)
        except OSError:  # a file stands where a directory is wanted, or is wanted so
            refused = True
            continue
        put(closed, kept / wheel.name, None)
    site_packages = site_packages_of(laid_out)
    pyproject = make_project(directory / "project", project)
    outputs = directory / "laid-out.zip", directory / "closed.zip"

    def package(venv: Path, output: Path) -> Exception | None:
        try:
            settings = Settings(output, platform=HOST)  # of any Python and system
            finished(venv, read_project(pyproject), settings)
        except SourceError as error:
            return error
        return None

    if refused:
        return
    installed = InstalledSource((site_packages,), canonicalize_name(project))
    by_name = {each.name: each for each in installed.distributions}
    if len(wheels) == 1:
        (wheel,) = wheels
        known = FactsCache(None).of(Wheel(kept / wheel.name, None))
        source = WheelSource(known, "3.11")
        assert listed(installed) == listed(source)
        own = source.distribution
        if not _has_rows_twice(by_name[own.name]):
            assert described(by_name[own.name]) == described(own)
    errors = package(laid_out, outputs[0]), package(closed, outputs[1])
    assert type(errors[0]) is type(errors[1]), errors
    if errors[0] is not None:
        return
    # Of two members that are installed at one place pypa/installer has two rows, in the
    # order of their names: which one is right cannot be seen. We have the right one.
    with_records = not any(map(_has_rows_twice, installed.distributions))
    assert shipped(outputs[0], with_records) == shipped(outputs[1], with_records)
    if with_records:
        assert outputs[0].read_bytes() == outputs[1].read_bytes()


def _has_rows_twice(distribution: Distribution) -> bool:
    rows = distribution.rows or ()
    return len(rows) > len({row.path for row in rows})


def shipped(output: Path, with_records: bool) -> dict[str, bytes]:
    """What is in an archive."""
    with zipfile.ZipFile(output) as archive:
        return {
            name: archive.read(name)
            for name in archive.namelist()
            if with_records or not name.endswith(".dist-info/RECORD")
        }


# -- wheels with every odd form ------------------------------------------------------


def digest(content: bytes, algorithm: str) -> str:
    value = hashlib.new(algorithm, content).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(value).decode().rstrip('=')}"


ROWS: Final = {
    "right": lambda content: (digest(content, "sha256"), str(len(content))),
    "sha512": lambda content: (digest(content, "sha512"), str(len(content))),
    "md5": lambda content: (digest(content, "md5"), str(len(content))),
    "without": lambda _: ("", ""),
    "wrong hash": lambda content: (digest(b"other", "sha256"), str(len(content))),
    "wrong size": lambda content: (digest(content, "sha256"), "7"),
    "nothing": None,
}


def wheel_of(
    name: str,
    parts: Sequence[Part],
    rows: Sequence[str],
    prefix: bytes = b"",
    comment: bytes = b"",
) -> Made:
    """Makes a wheel whose RECORD says of each part what its row is called."""
    info = f"{name}-1.0.dist-info"
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand 1\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    own = {part.name for part in parts}
    parts = [
        *parts,
        *(
            Part(f"{info}/{file}", text.encode())
            for file, text in texts.items()
            if f"{info}/{file}" not in own
        ),
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for number, part in enumerate(parts):
        row = ROWS[rows[number % len(rows)]]
        if row is not None and not part.name.endswith("/"):
            writer.writerow((part.name, *row(part.content)))
    writer.writerow((f"{info}/RECORD", "", ""))
    if f"{info}/RECORD" not in own:
        parts.append(Part(f"{info}/RECORD", text.getvalue().encode()))
    return Made(
        f"{name}-1.0-py3-none-any.whl",
        build(parts, record=False, prefix=prefix, comment=comment),
    )


def places(name: str) -> list[str]:
    data = f"{name}-1.0.data"
    return [
        *("", "pkg/", "pkg/sub/", "größe und/", "./", "pkg//", "pkg/x/../", "Pkg/"),
        *(f"{name}-1.0.dist-info/", f"{name}-1.0.dist-info/licenses/"),
        *(f"{data}/purelib/", f"{data}/platlib/pkg/", f"{data}/purelib/pkg/sub/"),
        f"{data}/data/lib/python3.11/site-packages/pkg/",
        *(f"{data}/scripts/", f"{data}/headers/", f"{data}/data/share/"),
        *("pkg/__pycache__/", f"{data}/purelib/__pycache__/", f"{name}.libs/"),
    ]


FILES: Final = [
    *("__init__.py", "a.py", "A.py", "a.pyc", "b.pyc", "b.pyo", "a.so", "data.txt"),
    *("RECORD", "INSTALLER", "entry_points.txt", "METADATA", "sub", "a.pth"),
]

METHODS: Final = {12: "bzip2", 14: "LZMA"}


def compressed(content: bytes, method: int) -> bytes:
    """What `zipfile` stores of a content by a method that we do not read ourselves."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("a", content)
        info = archive.getinfo("a")
    start = 30 + len("a")
    return stream.getvalue()[start : start + info.compress_size]


CONTENTS: Final = st.one_of(
    st.just(TEXT),
    st.just(b""),
    st.binary(max_size=90),
    st.binary(max_size=60).map(lambda each: each * 9),
)


@st.composite
def a_part(draw: st.DrawFn, name: str) -> Part:
    """Any file, in any form that `zipfile` can read."""
    content = draw(CONTENTS)
    if name.endswith(("entry_points.txt", ".pth")):
        content = b""
    if name.endswith("METADATA"):
        content = draw(st.sampled_from([b"Name: x\n", b"\xff\xfe", b""]))
    modes = [stat.S_IFREG | mode for mode in (0, 0o644, 0o755, 0o4755, 0o100, 0o200)]
    mode = draw(st.sampled_from([*modes, 0, 0o755, stat.S_IFLNK | 0o777]))
    central: dict[str, int | bytes] = {"external": mode << 16}
    level = draw(st.none() | st.integers(0, 9))
    stream = None
    local: dict[str, int | bytes] = {}
    odd = draw(st.integers(0, 9))
    if odd == 0:
        method = draw(st.sampled_from([*METHODS]))
        stream = compressed(content, method)
        central["method"] = local["method"] = method
    elif odd == 1 and level is not None:
        stream = raw(content, level) + draw(st.sampled_from([b"x", raw(b""), b"\0"]))
    elif odd == 2 and level is not None:
        stream = raw(content + b"more", level)
    elif odd == 3 and level is not None:
        central["size_bytes"] = len(content) + 1
    return Part(
        name,
        content,
        level,
        descriptor=draw(st.booleans()),
        zip64=draw(st.booleans()) and not local,
        extra=draw(st.sampled_from([b"", b"\x99\x99\4\0abcd"])),
        comment=draw(st.sampled_from([b"", b"comment"])),
        stream=stream,
        central=central,
        local=local,
    )


@st.composite
def a_wheel(draw: st.DrawFn, name: str = "demo") -> Made:
    """Any wheel; names may come twice, and a file may stand against a directory."""
    parts = []
    for _ in range(draw(st.integers(1, 7))):
        if draw(st.integers(0, 9)) == 0:
            parts.append(Part(f"{draw(st.sampled_from(['pkg', 'd']))}/", level=None))
            continue
        path = f"{draw(st.sampled_from(places(name)))}{draw(st.sampled_from(FILES))}"
        if path != f"{name}-1.0.dist-info/RECORD":
            parts.append(draw(a_part(path)))
    return wheel_of(
        name,
        parts,
        draw(st.lists(st.sampled_from([*ROWS]), min_size=1, max_size=4)),
        prefix=draw(st.sampled_from([b"", b"#!/usr/bin/env python\n", bytes(99)])),
        comment=draw(st.sampled_from([b"", b"comment"])),
    )


@given(a_wheel())
@examples(150)
def test_any_wheel(wheel: Made) -> None:
    """Names, contents, modes, owners, RECORD rows; and the archives byte for byte."""
    with tempfile.TemporaryDirectory() as directory:
        hold(Path(directory), [wheel])


@given(a_wheel("my_app"))
@examples(30)
def test_any_wheel_of_the_project(wheel: Made) -> None:
    """Its metadata is written anew, whoever has laid it out."""
    with tempfile.TemporaryDirectory() as directory:
        hold(Path(directory), [wheel])


@given(st.tuples(*map(a_wheel, ("demo", "other", "zoo", "my_app"))))
@examples(60)
def test_several_wheels(wheels: tuple[Made, ...]) -> None:
    """Of several that have one path the last by name wins, and the project before all.

    A path that one has as a file and another as a directory cannot be laid out.
    """
    with tempfile.TemporaryDirectory() as directory:
        hold(Path(directory), wheels)


def test_a_file_against_another_wheels_directory(tmp_path: Path) -> None:
    """Both are named."""
    closed = make_venv(tmp_path / "closed")
    for name, file in (("demo", "pkg"), ("other", "pkg/a.py")):
        made = wheel_of(name, [Part(file, TEXT)], ["right"])
        (tmp_path / made.name).write_bytes(made.data)
        put(closed, tmp_path / made.name, None)
    project = read_project(make_project(tmp_path / "project"))

    with pytest.raises(SourceError, match="both a file and the directory of") as raised:
        finished(closed, project, Settings(tmp_path / "out.zip"))
    assert "pkg of demo-1.0-py3-none-any.whl" in raised.value.reason
    assert "pkg/a.py of other-1.0-py3-none-any.whl" in raised.value.reason


# -- what pypa/installer refuses -----------------------------------------------------


def without(wheel: Made, *names: str) -> Made:
    """A copy without some members."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(wheel.data)) as before,
        zipfile.ZipFile(stream, "w") as after,
    ):
        for info in before.infolist():
            if info.filename.partition("/")[2] not in names:
                after.writestr(info.filename, before.read(info))
    return Made(wheel.name, stream.getvalue())


INFO: Final = "demo-1.0.dist-info"


def plain(*parts: Part) -> Made:
    return wheel_of("demo", parts, ["right"])


REFUSED: Final[Mapping[str, Made]] = {
    "no RECORD": without(plain(), "RECORD"),
    "no WHEEL": without(plain(), "WHEEL"),
    "no dist-info": Made(
        "demo-1.0-py3-none-any.whl", build([Part("a.py", TEXT)], record=False)
    ),
    "two dist-infos": plain(Part("other-1.0.dist-info/METADATA", b"")),
    "another's dist-info": Made("other-1.0-py3-none-any.whl", plain(Part("a.py")).data),
    "a wheel of the future": plain(
        Part(f"{INFO}/WHEEL", b"Wheel-Version: 2.0\nRoot-Is-Purelib: true\n")
    ),
    "WHEEL is not UTF-8": plain(Part(f"{INFO}/WHEEL", b"\xff\xfe")),
    "RECORD is not UTF-8": plain(Part(f"{INFO}/RECORD", b"\xff\xfe")),
    "RECORD is no table": Made(
        "demo-1.0-py3-none-any.whl",
        build(
            [
                Part(f"{INFO}/METADATA", b""),
                Part(f"{INFO}/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"),
                Part(f"{INFO}/RECORD", b"a,b\n"),
            ],
            record=False,
        ),
    ),
    "an unknown scheme": plain(Part("demo-1.0.data/nowhere/a.py", TEXT)),
    "a name that is none": Made("demo.whl", plain().data),
    "an entry point that is none": plain(
        Part(f"{INFO}/entry_points.txt", b"[console_scripts]\nx = !!\n")
    ),
    "out of site-packages": plain(Part("../a.py", TEXT)),
    "out of data": plain(Part("demo-1.0.data/data/../../a.py", TEXT)),
    "out of scripts": plain(Part("demo-1.0.data/scripts/../a", TEXT)),
    "site-packages itself": plain(Part("pkg/..", TEXT)),
    "another checksum": plain(Part("a.py", TEXT, central={"crc32": 7})),
    "a broken stream": plain(Part("a.py", TEXT, stream=b"\x07")),
    "encrypted": plain(Part("a.py", TEXT, central={"flags": 1})),
    "no ZIP": Made("demo-1.0-py3-none-any.whl", b"no ZIP"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_refused(tmp_path: Path, why: str) -> None:
    """It is refused for the reason for which pypa/installer refuses it."""
    wheel = REFUSED[why]
    path = tmp_path / wheel.name
    path.write_bytes(wheel.data)
    errors = []
    for read_wheel in (
        lambda: install_wheel(path, make_venv(tmp_path / "venv")),
        lambda: inspect(path),
    ):
        with pytest.raises(Exception) as raised:  # noqa: PT011 - of any kind
            read_wheel()
        errors.append(raised.value)
    theirs, ours = errors
    if isinstance(ours, zipfile.BadZipFile):  # `zipfile` says it in a dozen ways
        assert str(path) in str(ours)
    elif "outside of" in str(ours):
        assert isinstance(theirs, ValueError | OSError)
    else:
        assert type(theirs) is type(ours)
        assert _without_addresses(theirs) == _without_addresses(ours)


def _without_addresses(error: Exception) -> str:
    return re.sub("at 0x[0-9a-f]+", "", str(error))


# -- the wheels that are on this machine ---------------------------------------------


def _wheels_here() -> list[Path]:
    """Wheels in the caches of Poetry, of pip and of these tests, each name once.

    Not what other tests make meanwhile, in Wine's temporary directory.
    """
    found = {
        path.name: path
        for path in sorted((Path.home() / ".cache").rglob("*.whl"))
        if "drive_c" not in path.parts and path.stat().st_size < 60 << 20
    }
    return random.Random(0).sample([*found.values()], min(len(found), 100))


@pytest.mark.large
@pytest.mark.parametrize("part", range(PARTS))
def test_wheels_of_this_machine(tmp_path: Path, part: int) -> None:
    """What is there changes while tests run, so it is looked for when it is needed."""
    for number, path in enumerate(_wheels_here()[part::PARTS]):
        print(path)  # shown if it fails
        directory = tmp_path / str(number)
        directory.mkdir()
        hold(directory, [Made(path.name, path.read_bytes())])
        shutil.rmtree(directory)
