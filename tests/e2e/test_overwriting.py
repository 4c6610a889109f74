"""A result never takes the place of a file of the project that is packaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import HANDLER
from tests.e2e.projects import pep621
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


@pytest.mark.parametrize(
    ("arguments", "name", "owner"),
    [
        (
            ("--output", "src/my_app/a.zip"),
            "src/my_app/a.zip",
            "my_app/a.zip of my-app",
        ),
        (
            ("--output-dir", "data", "--report", "data/a.json"),
            "data/a.json",
            "data/a.json of the project",
        ),
    ],
)
def test_a_file_of_the_project(
    poetry: Poetry, tmp_path: Path, arguments: tuple[str, ...], name: str, owner: str
) -> None:
    """Whether its wheel is built of it or `include` names it: it stays as it is."""
    table = '[tool.poetry-plugin-package-function]\ninclude = ["data"]\n'
    write_files(
        tmp_path,
        {
            "pyproject.toml": pep621(more=table),
            "src/my_app/__init__.py": HANDLER,
            "src/my_app/a.zip": "mine",
            "data/a.json": "mine",
        },
    )
    poetry.lock(tmp_path)

    said = poetry.package(tmp_path, *arguments).failed(1)

    path = tmp_path.resolve() / name
    assert f"{path} would be overwritten: it is {owner}." in said
    assert "mine" == path.read_text()
    assert not (tmp_path / "data/my_app.zip").exists()
