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

from tests.e2e.projects import contents
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.projects import small_project
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
    """No other is built, and nothing in it changes; the files are the same."""
    venv = tmp_path / "venv"
    poetry(project, "bundle", "venv", str(venv)).well()
    before = sorted(venv.rglob("*"))
    done = poetry.package(project, "--venv", "../venv").well()
    assert before == sorted(venv.rglob("*"))
    assert "Building" not in done.stdout
    assert contents(ordinary) == contents(project / "dist" / "my_app.zip")


@pytest.mark.parametrize("name", ["missing", "empty", "file"])
def test_a_venv_that_is_none(
    name: str, poetry: Poetry, project: Path, tmp_path: Path
) -> None:
    """It is named in the error."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    venv = tmp_path / name
    assert str(venv) in poetry.package(project, "--venv", str(venv)).failed(1)
    assert not (project / "dist").exists()


def test_a_venv_needs_no_lock(poetry: Poetry, ordinary: Path, tmp_path: Path) -> None:
    """With --venv poetry.lock is not looked at."""
    project = small_project(tmp_path / "project")
    poetry.lock(project)
    poetry(project, "bundle", "venv", "../venv").well()
    (project / "poetry.lock").unlink()
    poetry.package(project, "--venv", "../venv").well()
    assert contents(ordinary) == contents(project / "dist" / "my_app.zip")


@pytest.mark.parametrize("form", ["version", "command", "path"])
def test_the_python_to_build_with(
    form: str, few_pythons: Poetry, project: Path, ordinary: Path
) -> None:
    """By version, command or path; for pure Python the bytes are the same."""
    python = another_python()
    version = python.name.removeprefix("python")
    given = {"version": version, "command": python.name, "path": str(python)}[form]
    path = os.pathsep.join([str(python.parent), os.defpath])
    few_pythons.package(
        project, "--python", given, "--report", "report.json", env={"PATH": path}
    ).well()
    report = json.loads((project / "report.json").read_text())
    assert version == report["python"]
    assert sha256(ordinary) == sha256(project / "dist" / "my_app.zip")


@pytest.mark.parametrize("wanted", ["3.99", "python3.99", "/no/such/python", "ham"])
def test_a_python_that_is_not_there(
    wanted: str, few_pythons: Poetry, small: Path
) -> None:
    """It is named, with how to find out what there is; nothing is built."""
    said = few_pythons.package(small, "--python", wanted).failed(1)
    assert f"There is no Python {wanted!r} here." in said
    assert "poetry python list" in said


@pytest.mark.parametrize("options", [(), ("--python", sys.executable)])
def test_a_python_that_the_project_excludes(
    options: tuple[str, ...], few_pythons: Poetry, tmp_path: Path
) -> None:
    """What there is and what `requires-python` asks for stand in the error."""
    text = pep621(dependencies=()).replace(">=3.10,<4.0", ">=3.98,<4.0")
    write_files(tmp_path, {"pyproject.toml": text, "my_app.py": ""})
    tmp = few_pythons.new_tmp()
    run([sys.executable, "-c", LOCK], tmp_path, few_pythons.env, tmp).well()
    done = few_pythons.package(tmp_path, *options)
    said = done.failed(1)
    assert ">=3.98,<4.0" in said
    assert "--python" in said
    assert not (tmp_path / "dist").exists()
    if options:
        assert OURS in said


def test_the_output_is_relative_to_the_current_directory(
    poetry: Poetry, project: Path, ordinary: Path
) -> None:
    """From a subdirectory the project is found, and its dist is the default."""
    docs = project / "docs"
    poetry.package(docs).well()
    poetry.package(docs, "--output", "made/f.zip").well()
    poetry.package(docs, "--output-dir", "made").well()
    for archive in (
        project / "dist" / "my_app.zip",
        docs / "made" / "f.zip",
        docs / "made" / "my_app.zip",
    ):
        assert sha256(ordinary) == sha256(archive)


@pytest.mark.parametrize(("option", "made"), [("-P", "here"), ("-C", "project")])
def test_a_project_that_is_elsewhere(
    option: str, made: str, poetry: Poetry, project: Path, ordinary: Path
) -> None:
    """-P leaves the current directory as it is, -C changes it."""
    here = project.parent / "here"
    here.mkdir()
    poetry.package(here, option, "../project").well()
    assert sha256(ordinary) == sha256(project / "dist" / "my_app.zip")
    poetry.package(here, option, "../project", "--output", "f.zip").well()
    assert sha256(ordinary) == sha256(project.parent / made / "f.zip")


def test_the_report(poetry: Poetry, project: Path) -> None:
    """The six fields of package-python-function 1.0.0, and the digest."""
    done = poetry.package(project, "--report", "made/report.json").well()
    archive = project / "dist" / "my_app.zip"
    report = json.loads((project / "made" / "report.json").read_text())
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
    assert f"{report['uncompressed_bytes']:,} bytes" in done.stdout
    assert sha256(archive) == report["code_sha256"]
    assert ["my-app", "six"] == [
        canonicalize_name(each["name"]) for each in report["distributions"]
    ]
    assert "Report    made/report.json" in done.stdout


@pytest.mark.parametrize("epoch", ["315532799", "now", "", "1e20", "99999999999"])
def test_a_source_date_epoch_that_is_none(
    epoch: str, poetry: Poetry, project: Path
) -> None:
    """It fails before any work, with exit status 2."""
    done = poetry.package(project, env={"SOURCE_DATE_EPOCH": epoch})
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
