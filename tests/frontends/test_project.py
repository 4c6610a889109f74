from __future__ import annotations

import re

from pathlib import Path

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import Project
from poetry_plugin_package_function.project import read_project
from tests.trees import write_files


def read(directory: Path, text: str) -> Project:
    write_files(directory, {"pyproject.toml": text})
    return read_project(directory / "pyproject.toml")


@pytest.mark.parametrize(
    ("text", "name", "distribution_name"),
    [
        ('[project]\nname = "my-app"', "my-app", "my_app"),
        ('[tool.poetry]\nname = "My.App"', "My.App", "My.App"),
        ('[project]\nname = "a"\n[tool.poetry]\nname = "b"', "a", "a"),
        ('[project]\nversion = "1"\n[tool.poetry]\nname = "b--c"', "b--c", "b_c"),
        ("", None, "My_new_app"),
    ],
)
def test_names(
    tmp_path: Path, text: str, name: str | None, distribution_name: str | None
) -> None:
    """PEP 621's name comes first, Poetry's second, that of the directory last.

    The file's name keeps its case.
    """
    directory = tmp_path / "My new-app"
    directory.mkdir()
    project = read(directory, text)

    assert name == project.name
    assert distribution_name == project.distribution_name


def test_the_root_has_no_name() -> None:
    """Then there is nothing to call the archive by."""
    assert Project(Path("/"), None, {}, frozenset()).distribution_name is None


@given(st.from_regex(r"\A[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\Z"))
def test_the_file_name_is_that_of_the_reference(name: str) -> None:
    """For the names that projects can have, 1.0.0's expression gives the same."""
    project = Project(Path(), name, {}, frozenset())
    assert re.sub(r"[^\w\d.]+", "_", name) == project.distribution_name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project", "is not valid TOML"),
        ("[project]\nname = 1", "name is not a string"),
        ("project = 1", r"\[project\] is not a table"),
        ("tool = 1", r"\[tool\] is not a table"),
        ("[tool]\npoetry = 1", r"\[tool.poetry\] is not a table"),
        ("[tool]\nuv = 1", r"\[tool.uv\] is not a table"),
        (
            "[tool]\npoetry-plugin-package-function = []",
            r"\[tool.poetry-plugin-package-function\] is not a table",
        ),
    ],
)
def test_broken_projects(tmp_path: Path, text: str, message: str) -> None:
    """What is wrong with the file is said."""
    with pytest.raises(ConfigError, match=message):
        read(tmp_path, text)


def test_no_project(tmp_path: Path) -> None:
    """A missing file, and one that cannot be read, are told apart."""
    with pytest.raises(ConfigError, match=r"There is no pyproject\.toml in") as raised:
        read_project(tmp_path / "pyproject.toml")
    assert "--project" in raised.value.hint
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_project(tmp_path / "pyproject.toml")


def test_what_the_project_needs_without_a_lock(tmp_path: Path) -> None:
    """Its own dependencies, in either form."""
    project = read(
        tmp_path,
        '[project]\nname = "a"\ndependencies = ["Foo_Bar[x]>=1", "b @ file:///b"]\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\nSetup_Tools = "*"\n',
    )
    assert {"foo-bar", "b", "python", "setup-tools"} == project.needed()


def test_dependencies_of_a_wrong_type(tmp_path: Path) -> None:
    """It is not ours to complain of them."""
    project = read(
        tmp_path, "[project]\ndependencies = 5\n[tool.poetry]\ndependencies = 5\n"
    )
    assert frozenset() == project.needed()


def test_what_the_lock_needs(tmp_path: Path) -> None:
    """The main group's packages; all of them in locks that do not name groups."""
    write_files(
        tmp_path,
        {
            "poetry.lock": '[[package]]\nname = "Old"\n'
            '[[package]]\nname = "pip"\ngroups = ["dev"]\n'
            '[[package]]\nname = "setuptools"\ngroups = ["main", "dev"]\n'
        },
    )
    assert {"old", "setuptools"} == read(tmp_path, "").needed()


def test_an_empty_lock(tmp_path: Path) -> None:
    """A lock without packages needs nothing; a broken one is named."""
    write_files(tmp_path, {"poetry.lock": ""})
    assert frozenset() == read(tmp_path, "").needed()
    write_files(tmp_path, {"poetry.lock": "<<<<<<<"})
    with pytest.raises(ConfigError, match=r"poetry\.lock is not valid TOML"):
        read(tmp_path, "").needed()


@pytest.mark.parametrize(
    "lock", ["package = 1", "[[package]]", "[[package]]\nname = 1", 'package = ["a"]']
)
def test_what_is_no_lock(tmp_path: Path, lock: str) -> None:
    """TOML of another shape is no lock file."""
    write_files(tmp_path, {"poetry.lock": lock})
    with pytest.raises(ConfigError, match="is not a lock file of Poetry"):
        read(tmp_path, "").needed()


def test_all_that_the_project_asks_for(tmp_path: Path) -> None:
    """Groups and extras, in either form; groups in groups are passed over."""
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(
        '[project]\nname = "a"\ndependencies = ["main"]\n'
        '[project.optional-dependencies]\nx = ["Extra_One>=1", "two"]\n'
        "[dependency-groups]\ng = [\"grouped ; python_version > '3'\","
        ' {include-group = "h"}]\nh = []\n'
        "[tool.poetry.group.k.dependencies]\nK-One = '*'\n"
        "[tool.poetry.dev-dependencies]\nold = '*'\n"
        "[tool.uv]\ndev-dependencies = ['of-uv']\n"
    )
    names = {"main", "extra-one", "two", "grouped", "k-one", "old", "of-uv"}
    assert names == read_project(pyproject).direct


@pytest.mark.parametrize(
    "name",
    [
        "package-function",
        "poetry_plugin_package_function",
        "poetry-package-function",
        "package-python-function",
        "poetry-plugin-pacakge-function",
    ],
)
def test_our_table_under_another_name(tmp_path: Path, name: str) -> None:
    """Nothing would read it, and nobody would be told."""
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(f"[tool.{name}]\nstrict = true\n")
    with pytest.raises(ConfigError) as raised:
        read_project(pyproject)
    (line,) = raised.value.lines
    assert line.endswith(f": [tool.{name}] is a table that nothing reads.")
    assert "Call it [tool.poetry-plugin-package-function]." == raised.value.hint


def test_tables_of_other_tools(tmp_path: Path) -> None:
    """They are theirs, however near their names are."""
    pyproject = tmp_path / "pyproject.toml"
    names = (
        "poetry-plugin-export",
        "package-functions-of-mine",
        "poetry-plugin-bundle",
    )
    pyproject.write_text("".join(f"[tool.{name}]\n" for name in names))
    assert {} == read_project(pyproject).table
