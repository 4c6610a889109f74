"""Native libraries become smaller, and nothing that is loaded of them changes."""

from __future__ import annotations

import csv
import ctypes
import shutil
import subprocess
import zipfile

from pathlib import Path

import pytest

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import ToolError
from poetry_plugin_package_function.packaging.archive.compression import Sources
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.native.strip import Stripper
from poetry_plugin_package_function.packaging.sources.wheel import Stream
from poetry_plugin_package_function.packaging.sources.entry import Entry
from tests.packaging.native import needs_gcc
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


pytestmark = [
    needs_gcc,
    pytest.mark.skipif(shutil.which("strip") is None, reason="there is no strip"),
]

SOURCE = """\
static int hidden(int number) { return number * 7; }
int answer(void) { return hidden(6); }
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One with debugging information and symbols for linkers."""
    directory = tmp_path_factory.mktemp("library")
    (directory / "answer.c").write_text(SOURCE)
    command = ["gcc", "-g", "-shared", "-fPIC", "-o", "answer.so", "answer.c"]
    subprocess.run(command, cwd=directory, check=True)
    return (directory / "answer.so").read_bytes()


def entry(directory: Path, content: bytes, name: str = "a/answer.so") -> Entry:
    path = directory / "installed.so"
    path.write_bytes(content)
    return Entry(name, str(path), len(content))


def stripper(directory: Path) -> Stripper:
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    return Stripper(scratch)


def test_what_is_stripped_works_as_before(tmp_path: Path, library: bytes) -> None:
    tool = stripper(tmp_path)
    (stripped,) = tool.strip([entry(tmp_path, library)]).values()

    assert isinstance(stripped.source, str)
    assert stripped.size_bytes == (tmp_path / "scratch/0").stat().st_size
    assert stripped.size_bytes < len(library)
    assert stripped.made
    assert 42 == ctypes.CDLL(stripped.source).answer()
    assert (1, len(library) - stripped.size_bytes, ()) == tool.result[1:]
    assert "strip: " in tool.result.tool


def test_twice_is_the_same(tmp_path: Path, library: bytes) -> None:
    """The same tool writes the same bytes."""
    found = []
    for name in "one", "two":
        (tmp_path / name).mkdir()
        (made,) = (
            stripper(tmp_path / name).strip([entry(tmp_path / name, library)]).values()
        )
        found.append(Path(str(made.source)).read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a/text.so", b"INPUT(libx.so)\n"),
        ("a/broken.so", b"\x7fELF\2\1\1"),
        ("a/module.py", b"x = 1\n"),
        ("a/so.txt", b"text"),
    ],
)
def test_what_is_no_machine_code_is_left(
    tmp_path: Path, name: str, content: bytes
) -> None:
    tool = stripper(tmp_path)
    assert {} == tool.strip([entry(tmp_path, content, name)])
    assert () == tool.result.left


def test_what_cannot_be_read_is_left(tmp_path: Path) -> None:
    """Who packages it, finds out why."""
    gone = Entry("a/gone.so", str(tmp_path / "gone.so"), 9)
    assert {} == stripper(tmp_path).strip([gone])


def test_what_is_stripped_already_is_left(tmp_path: Path, library: bytes) -> None:
    first = entry(tmp_path, library)
    (made,) = stripper(tmp_path).strip([first]).values()
    (tmp_path / "again").mkdir()
    tool = stripper(tmp_path / "again")

    assert {} == tool.strip([made])
    assert (0, 0, ()) == tool.result[1:]


@pytest.mark.parametrize(
    "does",
    [
        "exit 1",
        'cp "$4" "$3"; printf X | dd of="$3" bs=1 seek=300 conv=notrunc 2>/dev/null',
        'head -c 200 "$4" > "$3"',
        'printf "#" > "$3"',
    ],
    ids=["fails", "changes", "cuts", "ruins"],
)
def test_a_tool_that_does_harm(
    tmp_path: Path, library: bytes, does: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The original is shipped, and named."""
    bad = tmp_path / "bin/llvm-strip"
    bad.parent.mkdir()
    bad.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exit\n{does}\n')
    bad.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bad.parent}:/usr/bin:/bin")
    tool = stripper(tmp_path)

    assert {} == tool.strip([entry(tmp_path, library)])
    assert ("llvm-strip", 0, 0, ("a/answer.so",)) == tool.result


def test_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="There is no llvm-strip or strip here"):
        Stripper(tmp_path)


# -- in an archive --


def test_the_archive_has_what_is_stripped(tmp_path: Path, library: bytes) -> None:
    """RECORD does not claim the hash of what was installed."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "my_app", {"my_app.py": ""})
    install(venv, "native", {"native/answer.so": library, "native/__init__.py": ""})
    pyproject = make_project(tmp_path / "project", "my-app", "strip = true")
    report = package_venv(venv, pyproject, tmp_path / "function.zip")

    assert report.stripped is not None
    assert 1 == report.stripped.files
    with zipfile.ZipFile(tmp_path / "function.zip") as archive:
        content = archive.read("native/answer.so")
        record = archive.read("native-1.0.dist-info/RECORD").decode().splitlines()
    assert len(library) - report.stripped.saved_bytes == len(content)
    rows = {row[0]: row[1:] for row in csv.reader(record)}
    assert ["", ""] == rows["native/answer.so"]
    assert rows["native/__init__.py"][0].startswith("sha256=")
    assert len(library) == (site_packages_of(venv) / "native/answer.so").stat().st_size
    assert (
        None
        is package_venv(
            venv, make_project(tmp_path / "other"), tmp_path / "x.zip"
        ).stripped
    )


@pytest.mark.parametrize("is_same", [True, False])
def test_what_it_was_made_of_is_still_compared(
    tmp_path: Path, library: bytes, is_same: bool
) -> None:
    """A kept environment has to be as its wheel has it, stripped or not."""
    (made,) = stripper(tmp_path).strip([entry(tmp_path, library)]).values()
    stream = Stream("x.whl", 0, 30, 9, 0, len(library), False, True)
    sources = Sources({made.name: stream}, lambda _: is_same, strict=True)
    if is_same:
        (member,) = deflate([made], sources=sources)
        assert made.size_bytes == member.size_bytes
    else:
        with pytest.raises(ChangedSourceError):
            list(deflate([made], sources=sources))
