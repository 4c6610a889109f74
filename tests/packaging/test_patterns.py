"""gitignore patterns on names in the archive."""

from __future__ import annotations

import tomllib

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.sources.patterns import exclude_line
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of


if TYPE_CHECKING:
    from pathlib import Path


def test_exclude_works_as_gitignore(tmp_path: Path) -> None:
    """Patterns without a slash match everywhere, later ones can take back."""
    venv = make_venv(
        tmp_path / "venv",
        dict.fromkeys(["p/tests/a.py", "p/data/b.bin", "p/data/c.bin", "d.md"], ""),
    )

    tree = tree_of(
        site_packages_of(venv), exclude=("tests/", "*.bin", "!c.bin", "/d.md")
    )

    assert ["p/data/c.bin"] == names_in(tree)


@pytest.mark.parametrize(
    "name",
    ["a.json", "d/a.json", "a[1].json", "*.json", "a?.json", 'a "b".json', "a\\b"],
)
def test_the_line_that_leaves_a_file_out(tmp_path: Path, name: str) -> None:
    """In `pyproject.toml` it leaves out this file, and no other."""
    table = tomllib.loads(exclude_line(name))
    venv = make_venv(tmp_path / "venv", {name: "", f"d/{name}": "", "ab.json": ""})

    tree = tree_of(site_packages_of(venv), exclude=tuple(table["exclude"]))

    assert sorted({f"d/{name}", "ab.json"} - {name}) == names_in(tree)
