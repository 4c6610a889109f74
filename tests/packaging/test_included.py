"""The project's files that `include` names."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.values import Inclusion
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


def test_included_files(tmp_path: Path) -> None:
    """Files, directories and globs come in under their names in the project."""
    venv = make_venv(tmp_path / "venv")
    write_files(
        tmp_path,
        {
            "lambda_function.py": "",
            "data/a.json": "",
            "data/b/c.json": "",
            "data/__pycache__/x.pyc": b"",
            "src/app.py": "",
            "other.txt": "",
        },
    )

    tree = tree_of(
        site_packages_of(venv),
        include=(
            Inclusion("lambda_function.py", "."),
            Inclusion("data", "."),
            Inclusion("data/*.json", "."),
            Inclusion("*.py", "src", "lib"),
        ),
    )

    assert names_in(tree) == [
        "data/a.json",
        "data/b/c.json",
        "lambda_function.py",
        "lib/app.py",
    ]
    assert all(entry.included for entry in tree.entries)


def test_include_passes_over_what_is_no_part_of_the_project(tmp_path: Path) -> None:
    """`**` does not bring in virtual environments, history or earlier results."""
    venv = make_venv(tmp_path / ".venv", {"dep.py": ""})
    write_files(
        tmp_path,
        {
            "a.py": "",
            ".git/config": "",
            "dist/old.zip": "",
            "p/__pycache__/a.pyc": b"",
            "p/b.py": "",
            "p/env/pyvenv.cfg": "",
            "p/env/lib/x.py": "",
        },
    )

    old = os.path.realpath(tmp_path / "dist/old.zip")
    for pattern in ("**/*", "*"):
        tree = tree_of(
            site_packages_of(venv),
            project=tmp_path,
            include=(Inclusion(pattern, "."),),
            results=frozenset({old}),
        )
        assert ["a.py", "dep.py", "p/b.py"] == names_in(tree)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**", ["a.py", "d/b.py", "d/e/c.json", "d/e/c.py", "x.txt"]),
        ("*", ["a.py", "d/b.py", "d/e/c.json", "d/e/c.py", "x.txt"]),
        ("*.py", ["a.py"]),
        ("**/*.py", ["a.py", "d/b.py", "d/e/c.py"]),
        ("d", ["d/b.py", "d/e/c.json", "d/e/c.py"]),
        ("./d/e/", ["d/e/c.json", "d/e/c.py"]),
        ("d/*/c.*", ["d/e/c.json", "d/e/c.py"]),
        ("d/**/*.json", ["d/e/c.json"]),
        ("[ax].*", ["a.py", "x.txt"]),
        ("?.py", ["a.py"]),
    ],
)
@pytest.mark.parametrize("target", ["", "lib/deep"])
def test_patterns(
    tmp_path: Path, pattern: str, expected: list[str], target: str
) -> None:
    """Files keep their places below `from`, at the root or in `to`."""
    files = ["a.py", "x.txt", "d/b.py", "d/e/c.py", "d/e/c.json"]
    write_files(tmp_path / "src", dict.fromkeys(files, ""))
    venv = make_venv(tmp_path / "venv")

    tree = tree_of(site_packages_of(venv), include=(Inclusion(pattern, "src", target),))

    placed = [f"{target}/{name}" if target else name for name in expected]
    assert placed == names_in(tree)


@pytest.mark.parametrize("pattern", ["lambda_functoin.py", "gone/*.py", "*.toml"])
def test_include_that_finds_nothing(tmp_path: Path, pattern: str) -> None:
    """A pattern without a match is a mistake, and is named."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})

    with pytest.raises(SourceError, match=r"include: nothing in .* matches") as raised:
        tree_of(site_packages_of(venv), include=(Inclusion(pattern, "."),))
    assert repr(pattern) in raised.value.reason


def test_other_links_in_the_project_do_not_matter(tmp_path: Path) -> None:
    """A link that no pattern asks for may be broken."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "b.json").write_text("")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "me").symlink_to("me")

    tree = tree_of(site_packages_of(venv), include=(Inclusion("*.json", "."),))

    assert ["a.py", "b.json"] == names_in(tree)


def test_one_file_that_is_a_broken_link(tmp_path: Path) -> None:
    """A link to nothing that is named itself is told; excluded, it is no match."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "x").symlink_to("gone")

    with pytest.raises(SourceError, match="x is a symbolic link to gone"):
        tree_of(site_packages_of(venv), include=(Inclusion("x", "."),))
    with pytest.raises(SourceError, match="nothing in"):
        tree_of(site_packages_of(venv), exclude=("x",), include=(Inclusion("x", "."),))


def test_include_of_a_dangling_link(tmp_path: Path) -> None:
    """A link to nothing among the included files is named as elsewhere."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "x.json").symlink_to("gone.json")

    with pytest.raises(SourceError, match=r"x\.json is a symbolic link to gone\.json"):
        tree_of(site_packages_of(venv), include=(Inclusion("*.json", "."),))
