"""Where from and where to: --venv, --python, --output, --report, -P and -C."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.megabytes import megabytes
from tests.e2e.projects import contents
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.running import run
from tests.trees import write_files


if TYPE_CHECKING:
    from tests.e2e.running import Poetry


OURS = f"{sys.version_info.major}.{sys.version_info.minor}"
# Locks a project without dependencies; `poetry lock` asks for a Python that fits.
LOCK = """\
import pathlib
from poetry.factory import Factory
loaded = Factory().create_poetry(pathlib.Path.cwd())
loaded.locker.set_lock_data(loaded.package, {})
"""


def another_python() -> Path:
    """An interpreter of another version that may build the small project."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in ("3.10", "3.11", "3.12", "3.13", "3.14"):
        found = sorted(pyenv.glob(f"{version}.*/bin/python{version}"))
        on_path = shutil.which(f"python{version}")
        for python in [*found, *([Path(on_path)] if on_path else [])]:
            works = subprocess.run([python, "-c", "import venv"], capture_output=True)
            if version != OURS and works.returncode == 0:
                return python
    pytest.skip("there is no other Python on this machine")


@pytest.fixture
def few_pythons(poetry: Poetry, tmp_path: Path) -> Poetry:
    """Poetry where it finds the system's interpreters only.

    It runs each that it finds, and on a developer's machine there are many.
    """
    return poetry.having(PATH=os.defpath, PYENV_ROOT=str(tmp_path / "no-pyenv"))


@pytest.fixture
def project(small: Path, tmp_path: Path) -> Path:
    """A copy of the small project, with a directory beside its package."""
    ignored = shutil.ignore_patterns("dist")
    shutil.copytree(small, tmp_path / "project", ignore=ignored)
    (tmp_path / "project" / "docs").mkdir()
    return tmp_path / "project"


def test_a_venv_that_is_there_is_packaged(
    poetry: Poetry, project: Path, ordinary: Path, tmp_path: Path
) -> None:
    """No other is built, no lock is looked at, and nothing in it changes.

    The files are the same.
    """
    venv = tmp_path / "venv"
    poetry(project, "bundle", "venv", str(venv)).well()
    (project / "poetry.lock").unlink()
    before = sorted(venv.rglob("*"))
    done = poetry.package(project, "--venv", "../venv").well()
    assert before == sorted(venv.rglob("*"))
    assert "Building" not in done.stdout
    assert contents(ordinary) == contents(project / "dist" / "my_app.zip")


def test_the_python_to_build_with(
    few_pythons: Poetry, project: Path, ordinary: Path
) -> None:
    """For pure Python the bytes are the same."""
    python = another_python()
    version = python.name.removeprefix("python")
    path = os.pathsep.join([str(python.parent), os.defpath])
    few_pythons.package(
        project, "--python", version, "--report", "report.json", env={"PATH": path}
    ).well()
    report = json.loads((project / "report.json").read_text())
    assert version == report["python"]
    assert sha256(ordinary) == sha256(project / "dist" / "my_app.zip")


def test_a_python_that_is_not_there(few_pythons: Poetry, small: Path) -> None:
    """It is named, with how to find out what there is; nothing is built."""
    said = few_pythons.package(small, "--python", "3.99").failed(1)
    assert "There is no Python '3.99' here." in said
    assert "poetry python list" in said


def test_a_python_that_the_project_excludes(
    few_pythons: Poetry, tmp_path: Path
) -> None:
    """What there is and what `requires-python` asks for stand in the error."""
    text = pep621(dependencies=()).replace(">=3.10,<4.0", ">=3.98,<4.0")
    write_files(tmp_path, {"pyproject.toml": text, "my_app.py": ""})
    tmp = few_pythons.new_tmp()
    run([sys.executable, "-c", LOCK], tmp_path, few_pythons.env, tmp).well()
    said = few_pythons.package(tmp_path, "--python", sys.executable).failed(1)
    assert ">=3.98,<4.0" in said
    assert OURS in said
    assert "--python" in said
    assert not (tmp_path / "dist").exists()


def test_the_output_is_relative_to_the_current_directory(
    poetry: Poetry, project: Path, ordinary: Path
) -> None:
    """From a subdirectory the project is found."""
    docs = project / "docs"
    poetry.package(docs, "--output", "made/f.zip").well()
    assert sha256(ordinary) == sha256(docs / "made" / "f.zip")


@pytest.mark.parametrize(("option", "made"), [("-P", "here"), ("-C", "project")])
def test_a_project_that_is_elsewhere(
    option: str, made: str, poetry: Poetry, project: Path, ordinary: Path
) -> None:
    """-P leaves the current directory as it is, -C changes it."""
    here = project.parent / "here"
    here.mkdir()
    poetry.package(here, option, "../project", "--report", "report.json").well()
    assert sha256(ordinary) == sha256(project / "dist" / "my_app.zip")
    assert ["report.json"] == [
        each.name for each in (project.parent / made).glob("*.json")
    ]


def test_the_report(poetry: Poetry, project: Path) -> None:
    """The six fields of package-python-function 1.0.0, and the digest."""
    docs = project / "docs"
    done = poetry.package(docs, "--report", "made/report.json").well()
    archive = project / "dist" / "my_app.zip"
    report = json.loads((docs / "made" / "report.json").read_text())
    assert {
        "output_file": str(archive),
        "distribution_name": "my_app",
        "output_bytes": archive.stat().st_size,
        "compressed_bytes": archive.stat().st_size,
        "nested_zip": False,
    } == {
        key: report[key]
        for key in (
            "output_file",
            "distribution_name",
            "output_bytes",
            "compressed_bytes",
            "nested_zip",
        )
    }
    assert megabytes(report["uncompressed_bytes"]) in done.stdout
    assert sha256(archive) == report["code_sha256"]
    assert ["my-app", "six"] == [
        canonicalize_name(each["name"]) for each in report["distributions"]
    ]
    assert "Report      made/report.json" in done.stdout


def test_a_source_date_epoch_that_is_none(poetry: Poetry, project: Path) -> None:
    """It fails before any work, with exit status 2."""
    done = poetry.package(project, env={"SOURCE_DATE_EPOCH": "now"})
    assert "SOURCE_DATE_EPOCH" in done.failed(2)
    assert "Building" not in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_the_command(
    poetry: Poetry, tmp_path: Path, shell: str
) -> None:
    """Its name and its options."""
    said = poetry(tmp_path, "completions", shell).well().stdout

    assert "package-function" in said
    for option in ("architecture", "handler", "exclude-provided", "sizes"):
        assert option in said
