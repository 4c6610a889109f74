"""A lock that is missing, stale, broken or edited is an error that says so."""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.bundling.lock import blame_lock
from poetry_plugin_package_function.errors import BundleError
from tests.bundling.projects import Locked
from tests.bundling.projects import bundle
from tests.bundling.projects import load
from tests.bundling.projects import locked
from tests.bundling.projects import run
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.poetry import Poetry


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["six (==1.17.0)"]
"""
EARLIER = {"dist/my_app.zip": "an earlier ZIP"}
STALE = [
    "pyproject.toml has changed since poetry.lock was made from it.",
    "Bring it up to date: poetry lock",
]


@pytest.fixture
def project(tmp_path: Path) -> Poetry:
    write_files(tmp_path, {"pyproject.toml": PYPROJECT, "my_app.py": "", **EARLIER})
    return locked(tmp_path, Locked("six", "1.17.0"))


def refused(poetry: Poetry) -> list[str]:
    """What the command says, after a look that it has changed nothing."""
    done = run(poetry.file.path.parent)
    assert 1 == done.status
    assert "Building" not in done.stdout
    (name, content) = next(iter(EARLIER.items()))
    assert content == (poetry.file.path.parent / name).read_text()
    return done.stderr.splitlines()


def edit(poetry: Poetry, pattern: str, replacement: str) -> Poetry:
    """Changes the lock behind Poetry's back; the project, read anew."""
    path = poetry.locker.lock
    text = path.read_text()
    edited = re.sub(pattern, replacement, text)
    assert text != edited
    path.write_text(edited)
    return load(poetry.file.path.parent)


def test_no_lock(project: Poetry) -> None:
    """It says where the lock file should be and how to make it."""
    project.locker.lock.unlink()
    assert [
        f"There is no poetry.lock in {project.file.path.parent}.",
        "Make it: poetry lock",
    ] == refused(project)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1.17.0", "1.16.0"),
        (">=3.10", ">=3.11"),
        ('0)"]\n', '0)"]\n[dependency-groups]\ndev = ["idna"]\n'),
        ('0)"]\n', '0)"]\n[project.optional-dependencies]\nx = ["idna"]\n'),
    ],
)
def test_a_stale_lock(old: str, new: str, project: Poetry) -> None:
    """A lock file of other dependencies is refused."""
    pyproject = project.file.path
    pyproject.write_text(PYPROJECT.replace(old, new, 1))
    assert STALE == refused(project)


def test_what_changes_no_dependency_makes_no_lock_stale(project: Poetry) -> None:
    """Nor do our own settings."""
    table = '[tool.poetry-plugin-package-function]\nexclude = ["a"]\n'
    project.file.path.write_text(PYPROJECT.replace("1.0", "2.0", 1) + table)
    assert ("main",) == bundle(load(project.file.path.parent)).groups


@pytest.mark.parametrize("lock", [b"<<<<<<< HEAD\n", b"\xff\xfe\x00", b"[[package"])
def test_a_lock_that_is_no_toml(lock: bytes, project: Poetry) -> None:
    """Whatever stands in it: it is named in the error, with a remedy."""
    path = project.locker.lock
    path.write_bytes(lock)

    said, remedy = refused(project)

    assert said.startswith(f"{path} is not valid TOML: ")
    assert "Make it anew: poetry lock" == remedy


@pytest.mark.parametrize(
    "lock",
    [
        b"",
        b"package = 1\n",
        b"[metadata]\n",
        b"[[package]]\n",
        b"[[package]]\nname = 1\n",
        b'[metadata]\nlock-version = "99.0"\ncontent-hash = "x"\n',
    ],
)
def test_a_lock_that_is_no_lock(lock: bytes, project: Poetry) -> None:
    """It is another project's at best."""
    project.locker.lock.write_bytes(lock)
    assert STALE == refused(project)


def test_a_lock_with_a_conflict_in_the_middle(project: Poetry) -> None:
    """What a merge leaves is an error that names the file, the line and a remedy."""
    lock = project.locker.lock
    text = lock.read_text()
    lock.write_text(f"{text}\n=======\n{text}")

    said = refused(project)

    assert said[0].startswith(f"{lock} is not valid TOML: ")
    assert f"(at line {text.count(chr(10)) + 2}, column 1)" in said[0]


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ('version = "1.17.0"\n', ""),
        ('name = "six"\n', ""),
        (r"groups = .*\n", ""),
        ("groups = .*", "groups = 1"),
        (r"\[\[package\]\](?s:.*?)(?=\[metadata\])", 'package = ["six"]\n'),
        ('lock-version = ".*"\n', ""),
        ('lock-version = ".*"', 'lock-version = "x"'),
        ('lock-version = ".*"', 'lock-version = "99.0"'),
    ],
)
def test_a_lock_that_somebody_has_edited(
    pattern: str, replacement: str, project: Poetry
) -> None:
    """What Poetry stumbles over later, though it looks fresh, is blamed."""
    poetry = edit(project, pattern, replacement)
    assert ("main",) == bundle(poetry).groups

    with pytest.raises(BundleError) as raised:
        blame_lock(poetry)

    assert raised.value.reason.startswith(f"{poetry.locker.lock} cannot be read: ")
    assert raised.value.reason.endswith(".")
    assert not raised.value.reason.endswith("..")
    assert not any("\n" in line for line in raised.value.lines)
    assert "Make it anew: poetry lock" == raised.value.hint


def test_a_lock_that_is_whole_is_not_blamed(project: Poetry) -> None:
    """Neither is one of an older version, which knows no groups."""
    blame_lock(project)
    older = edit(project, 'lock-version = ".*"', 'lock-version = "2.0"')
    blame_lock(edit(older, r"groups = .*\n", ""))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.other]\n", "project.name"),
        ("", "project.name"),
        ("[project\n", "TOML"),
        ("[project]\nversion = '1.0'\n", "name"),
    ],
)
def test_a_pyproject_that_is_not_poetrys(
    text: str, expected: str, tmp_path: Path
) -> None:
    """Poetry's own words say what is missing in it."""
    write_files(tmp_path, {"pyproject.toml": text})
    with pytest.raises(Exception, match=expected):
        load(tmp_path)


def test_no_pyproject(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"pyproject\.toml"):
        load(tmp_path)
