"""Where a project with path dependencies lies makes no difference to the archive."""

from __future__ import annotations

import zipfile

from typing import TYPE_CHECKING

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import names_in
from tests.e2e.projects import sha256
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


def poetry_form(name: str, dependencies: str = "") -> str:
    """A project in Poetry's own form, of which builders write paths into METADATA."""
    return f"""\
[tool.poetry]
name = "{name}"
version = "1.0"
description = ""
authors = []

[tool.poetry.dependencies]
python = ">=3.10,<4.0"
{dependencies}

{POETRY_CORE}"""


FILES = {
    "pyproject.toml": poetry_form("my-app", 'library = { path = "library" }'),
    "my_app.py": "",
    "library/pyproject.toml": poetry_form("library", 'shared = { path = "../shared" }'),
    "library/library.py": "",
    "shared/pyproject.toml": poetry_form("shared"),
    "shared/shared.py": "",
}


def test_path_dependencies_of_path_dependencies(poetry: Poetry, tmp_path: Path) -> None:
    """No member names the directory, and the bytes are the same."""
    archives = []
    for directory in (tmp_path / "x", tmp_path / "elsewhere" / "yy"):
        poetry.lock(write_files(directory, FILES))
        poetry.package(directory).well()
        archives.append(directory / "dist" / "my_app.zip")
        with zipfile.ZipFile(archives[-1]) as archive:
            for name in archive.namelist():
                assert str(tmp_path).encode() not in archive.read(name), name

    assert names_in(archives[0]) == names_in(archives[1])
    assert sha256(archives[0]) == sha256(archives[1])
