"""Native libraries become smaller, and nothing that is loaded of them changes."""

from __future__ import annotations

import csv
import ctypes
import shutil
import subprocess
import zipfile

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import ToolError
from poetry_plugin_package_function.packaging.native.strip import Stripped
from poetry_plugin_package_function.packaging.native.strip import Stripper
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.entry import Entry
from tests.packaging.native import needs_gcc
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path


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
    return Entry(name, FileContent(str(path)), len(content))


def stripping(directory: Path, *entries: Entry) -> tuple[list[Entry], Stripped]:
    scratch = directory / "scratch"
    scratch.mkdir(exist_ok=True)
    return Stripper(scratch).strip(entries)


def test_what_is_stripped_works_as_before(tmp_path: Path, library: bytes) -> None:
    (stripped,), result = stripping(tmp_path, entry(tmp_path, library))

    assert isinstance(stripped.content, FileContent)
    assert stripped.size_bytes == len(read(stripped.content)) < len(library)
    assert 42 == ctypes.CDLL(stripped.content.path).answer()
    assert (1, len(library) - stripped.size_bytes, ()) == result[1:]
    assert "strip: " in result.tool


def test_twice_is_the_same(tmp_path: Path, library: bytes) -> None:
    """The same tool writes the same bytes."""
    found = []
    for name in "one", "two":
        (tmp_path / name).mkdir()
        (made,), _ = stripping(tmp_path / name, entry(tmp_path / name, library))
        found.append(read(made.content))
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
    before = entry(tmp_path, content, name)
    (after,), result = stripping(tmp_path, before)
    assert before == after
    assert () == result.left


def test_what_cannot_be_read(tmp_path: Path) -> None:
    """It is named: nothing is passed over."""
    gone = Entry("a/gone.so", FileContent(str(tmp_path / "gone.so")), 9)
    with pytest.raises((SourceError, FileNotFoundError), match=r"gone\.so"):
        stripping(tmp_path, gone)


def test_what_is_stripped_already_is_left(tmp_path: Path, library: bytes) -> None:
    (made,), _ = stripping(tmp_path, entry(tmp_path, library))
    (tmp_path / "again").mkdir()

    (again,), result = stripping(tmp_path / "again", made)

    assert made == again
    assert (0, 0, ()) == result[1:]


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
    before = entry(tmp_path, library)

    (after,), result = stripping(tmp_path, before)

    assert before == after
    assert ("llvm-strip", 0, 0, ("a/answer.so",)) == result


def test_no_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="There is no llvm-strip or strip here"):
        Stripper(tmp_path).strip([])


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
