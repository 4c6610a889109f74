"""Installs wheels in this process, by Poetry's installer and the bundle plugin."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.bundling.projects import Locked
from tests.bundling.projects import locked
from tests.bundling.projects import run
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


# There is no project to be built: only what the lock has is installed.
PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"

[project.optional-dependencies]
more = ["third"]

[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
first = { path = "wheels/first-1.0-py3-none-any.whl" }
third = { path = "wheels/third-1.0-py3-none-any.whl" }

[tool.poetry-plugin-package-function]
include = ["lambda_function.py"]

[tool.poetry.group.dev.dependencies]
second = { path = "wheels/second-1.0-py3-none-any.whl" }
"""
FILES = {
    "first": {"first.py": "NAME = 1\n", "shared.py": "1\n"},
    "second": {"second/__init__.py": "", "shared.py": "2\n"},
    "third": {"third.py": ""},
}
MODULES = {name for files in FILES.values() for name in files}
EARLIER = {"dist/my_app.zip": "an earlier ZIP"}


def file_locked(directory: Path, name: str, **more: object) -> Locked:
    """Makes a wheel, and what a lock has of it."""
    wheel = make_wheel(directory / "wheels", name, FILES[name])
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    found = Locked(
        name,
        wheels=(),
        files=((wheel.name, f"sha256:{digest}"),),
        path=str(wheel),
    )
    return replace(found, **more)  # type: ignore[arg-type]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that needs three wheels, locked."""
    files = {"pyproject.toml": PYPROJECT, "lambda_function.py": "import first\n"}
    directory = write_files(tmp_path / "project", files)
    locked(
        directory,
        file_locked(directory, "first"),
        file_locked(directory, "second", groups=("dev",)),
        file_locked(directory, "third", marker='extra == "more"', optional=True),
    )
    return directory


def test_what_is_asked_for_is_installed(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted as it is installed, and nothing else is left on the disk.

    An active environment and Poetry's settings about the user's make no difference.
    """
    active = write_files(tmp_path / "active", {"mine.txt": "mine"})
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    monkeypatch.setenv("POETRY_VIRTUALENVS_OPTIONS_NO_PIP", "false")
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)

    done = run(project, "--with", "dev", "-E", "more", "--report", f"{tmp_path}/r.json")

    overlap = "that of second 1.0 is shipped: shared.py. Depend on one of them only."
    assert [0, 1] == [done.status, done.stderr.count("Warning: ")], done
    assert overlap in done.stderr
    assert "(groups: dev, main, extras: more)" in done.stdout
    for number in range(1, 4):
        assert f"- {number}/3 Installing " in done.stdout
    with zipfile.ZipFile(project / "dist" / "my_app.zip") as archive:
        own = {name for name in archive.namelist() if ".dist-info" not in name}
        assert {*MODULES, "lambda_function.py"} == own
        # The last one by name wins, in whatever order they were installed.
        assert b"2\n" == archive.read("shared.py")
    report = json.loads((tmp_path / "r.json").read_text())
    assert {None, "first", "second", "third"} == {
        each["name"] for each in report["distributions"]
    }
    assert ["mine.txt"] == os.listdir(active)
    assert [] == os.listdir(scratch)
    assert {
        "dist",
        "wheels",
        "poetry.lock",
        "pyproject.toml",
        "lambda_function.py",
    } == {*os.listdir(project)}


def test_a_wheel_that_is_not_the_locked_one(project: Path) -> None:
    """A hash that differs from that in poetry.lock is refused."""
    write_files(project, EARLIER)
    make_wheel(project / "wheels", "first", {"first.py": "NAME = 2\n"})

    done = run(project)

    assert 1 == done.status
    assert "Poetry could not install the dependencies." in done.stderr
    assert "first" in done.stderr
    assert "hash" in done.stderr.lower()
    assert "run again with -v for" in done.stderr
    assert " at " not in done.stderr
    assert "an earlier ZIP" == (project / "dist/my_app.zip").read_text()
