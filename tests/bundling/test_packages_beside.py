"""`packages` of [tool.poetry] that Poetry cannot build: beside the project."""

from __future__ import annotations

import json
import zipfile

from typing import TYPE_CHECKING

import pytest

from tests.bundling.projects import locked
from tests.bundling.projects import run
from tests.git import repository
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


CORE = "poetry-core"
PYPROJECT = """\
[project]
name = "api"
version = "1.0"
requires-python = ">=3.10,<4.0"

[tool.poetry]
packages = [{packages}]

[build-system]
requires = ["{core}"]
build-backend = "poetry.core.masonry.api"
"""
API = '{ include = "api" }'
SHARED = '{ include = "shared", from = "../../libs/src" }'
FILES = {
    "services/api/api/__init__.py": "",
    "services/api/api/main.py": "import shared\ndef handler(e, c): return 1\n",
    "services/api/api/unused.py": "",
    "libs/src/shared/__init__.py": "",
    "libs/src/unused.py": "",
}
OWN = {"api/__init__.py", "api/main.py", "api/unused.py"}


def made(directory: Path, packages: str, core: str = CORE) -> Path:
    """A project of a repository."""
    write_files(directory, FILES)
    project = directory / "services/api"
    text = PYPROJECT.replace("{packages}", packages).replace("{core}", core)
    write_files(project, {"pyproject.toml": text})
    locked(project)
    return project


@pytest.mark.parametrize(
    ("packages", "core", "has_wheel"),
    [
        (f"{API}, {SHARED}", CORE, True),
        (SHARED, CORE, False),
        (f"{API}, {SHARED}", "poetry-core<1.1", False),
    ],
)
def test_a_package_beside_the_project(
    tmp_path: Path, packages: str, core: str, *, has_wheel: bool
) -> None:
    """It comes in as the handler needs it; the others by their wheel, if they can."""
    project = made(tmp_path, packages, core)
    repository(tmp_path)
    report = tmp_path / "report.json"

    done = run(project, "--handler", "api.main.handler", "--report", str(report))

    assert 0 == done.status, done
    with zipfile.ZipFile(project / "dist/api.zip") as archive:
        names = {each for each in archive.namelist() if ".dist-info" not in each}
    assert OWN | {"shared/__init__.py"} == names
    found = set(json.loads(report.read_text())["handler_code"]["files"])
    assert found == (names - OWN if has_wheel else names)
    assert "shared/" in done.stdout


@pytest.mark.parametrize("is_checkout", [True, False])
def test_what_poetry_refuses(tmp_path: Path, *, is_checkout: bool) -> None:
    """Without a handler, or outside of a checkout: with what can be done."""
    project = made(tmp_path, f"{API}, {SHARED}")
    if is_checkout:
        repository(tmp_path)

    done = run(project, *(() if is_checkout else ("--handler", "api.main.handler")))

    assert 1 == done.status
    assert "is not in the subpath of" in done.stderr
    assert "Name the handler (--handler), and what it needs is found" in done.stderr
