"""Which dependencies are shipped: what options and tables say, and what that means."""

from __future__ import annotations

import shlex

from typing import TYPE_CHECKING

import pytest

from packaging.markers import default_environment

from poetry_plugin_package_function.bundling.preflight import wanted_packages
from tests.bundling.projects import Locked
from tests.bundling.projects import bundle
from tests.bundling.projects import bundles
from tests.bundling.projects import locked
from tests.bundling.projects import run
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.plan import Bundle


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["six (==1.16.0) ; extra != 'new'", "six (==1.17.0) ; extra == 'new'"]

[project.optional-dependencies]
a = ["idna (==3.10)"]
b_c = ["sniffio (==1.3.1)"]
new = []

[dependency-groups]
dev = ["iniconfig (==2.1.0)"]

[tool.poetry.group.Net_Tools.dependencies]
pluggy = "1.6.0"

[tool.poetry.group.docs]
optional = true

[tool.poetry.group.docs.dependencies]
toml = "0.10.2"

[tool.poetry-plugin-package-function]
"""
PACKAGES = (
    Locked("six", "1.16.0", marker='extra != "new"'),
    Locked("six", "1.17.0", marker='extra == "new"'),
    Locked("idna", "3.10", marker='extra == "a"', optional=True),
    Locked("sniffio", "1.3.1", marker='extra == "b-c"', optional=True),
    Locked("iniconfig", "2.1.0", groups=("dev",)),
    Locked("pluggy", "1.6.0", groups=("net-tools",)),
    Locked("toml", "0.10.2", groups=("docs",)),
)


def project(directory: Path, table: str = "") -> Poetry:
    """A project with groups and extras, locked, and its table."""
    write_files(directory, {"pyproject.toml": PYPROJECT + table, "my_app.py": ""})
    return locked(directory, *PACKAGES)


def shipped(poetry: Poetry, wanted: Bundle) -> set[str]:
    """What Poetry will install for it."""
    found = wanted_packages(poetry, wanted, default_environment())
    return {f"{package.name} {package.version}" for package in found}


MAIN = {"six 1.16.0"}
GROUPS = {"iniconfig 2.1.0", "pluggy 1.6.0", "toml 0.10.2"}
EXTRAS = {"idna 3.10", "sniffio 1.3.1"}


@pytest.mark.parametrize(
    ("options", "groups", "extras", "expected"),
    [
        ("", "main", "", MAIN),
        ("--with dev", "dev main", "", {*MAIN, "iniconfig 2.1.0"}),
        (
            "--with dev --with net-tools",
            "dev main net-tools",
            "",
            {*MAIN, "iniconfig 2.1.0", "pluggy 1.6.0"},
        ),
        (
            "--with dev,Net_Tools,docs",
            "dev docs main net-tools",
            "",
            {*MAIN, *GROUPS},
        ),
        ("--with dev --without dev", "main", "", MAIN),
        ("--all-groups", "dev docs main net-tools", "", {*MAIN, *GROUPS}),
        ("--extras a", "main", "a", {*MAIN, "idna 3.10"}),
        ("-E a -E b-c", "main", "a b-c", {*MAIN, *EXTRAS}),
        ("-E 'a b-c'", "main", "a b-c", {*MAIN, *EXTRAS}),
        (
            "-E a,B_C --with docs",
            "docs main",
            "a b-c",
            {*MAIN, *EXTRAS, "toml 0.10.2"},
        ),
        ("--all-extras", "main", "a b-c new", {*EXTRAS, "six 1.17.0"}),
        ("-E new", "main", "new", {"six 1.17.0"}),
        ("--only dev", "dev", "", {"iniconfig 2.1.0"}),
        ("--only main,docs", "docs main", "", {*MAIN, "toml 0.10.2"}),
        ("--without main --with dev", "dev", "", {"iniconfig 2.1.0"}),
        ("--without main", "", "", set()),
    ],
)
def test_options_choose(
    options: str, groups: str, extras: str, expected: set[str], tmp_path: Path
) -> None:
    """`main` alone by default; the options are those of every Poetry command.

    An extra may switch a dependency: then one version of it is installed, not two.
    """
    poetry = project(tmp_path)

    found = bundle(poetry, *shlex.split(options))

    assert [groups.split(), extras.split()] == [[*found.groups], [*found.extras]]
    assert expected == shipped(poetry, found)


@pytest.mark.parametrize(
    ("table", "options", "groups", "extras"),
    [
        ('with = ["dev"]\nextras = ["a", "b-c"]', "", {"main", "dev"}, {"a", "b-c"}),
        ('with = ["dev"]', "--with docs", {"main", "docs"}, set()),
        ("all-groups = true", "--only docs", {"docs"}, set()),
        ("all-extras = true", "-E a", {"main"}, {"a"}),
        ('only = ["dev"]', "--with docs", {"main", "docs"}, set()),
        ('without = ["main"]', "--with dev", {"dev"}, set()),
        ('with = ["dev"]', "--without dev", {"main"}, set()),
        ('extras = ["a"]', "--all-extras", {"main"}, {"a", "b-c", "new"}),
    ],
)
def test_a_flag_beats_the_table(
    table: str, options: str, groups: set[str], extras: set[str], tmp_path: Path
) -> None:
    """Also where the table's key is another one, which the flag excludes."""
    found = bundle(project(tmp_path, table), *shlex.split(options))

    assert [groups, extras] == [{*found.groups}, {*found.extras}]


def test_each_function_has_its_own(tmp_path: Path) -> None:
    """Its table adds to none of the one for all: a key takes the other's place."""
    table = """\
with = ["docs"]
[tool.poetry-plugin-package-function.functions.api]
extras = ["a"]
[tool.poetry-plugin-package-function.functions.worker]
with = ["dev"]
"""
    poetry = project(tmp_path, table)

    api, worker = bundles(poetry)
    assert [("docs", "main"), ("a",)] == [api.groups, api.extras]
    assert [("dev", "main"), ()] == [worker.groups, worker.extras]
    assert (worker, api) == bundles(poetry, "worker", "api")
    only_docs, _ = bundles(poetry, "--only", "docs")
    assert [("docs",), ("a",)] == [only_docs.groups, only_docs.extras]


def test_a_project_without_groups_has_a_main_group(tmp_path: Path) -> None:
    """Though Poetry knows of none."""
    write_files(tmp_path, {"pyproject.toml": '[project]\nname = "a"\nversion = "1"\n'})
    poetry = locked(tmp_path)

    assert ("main",) == bundle(poetry).groups
    assert ("main",) == bundle(poetry, "--all-groups").groups
    assert () == bundle(poetry, "--all-extras").extras


def test_unknown_names_are_listed_at_once(tmp_path: Path) -> None:
    """Each of them, with what there is; exit status 2."""
    project(tmp_path)

    done = run(
        tmp_path, "--with", "dve,docs", "--without", "nett", "-E", "x", "-E", "a"
    )

    groups = "dev, docs, main, net-tools"
    assert 2 == done.status
    assert [
        f"The project has no group 'dve'; its groups: {groups}.",
        f"The project has no group 'nett'; its groups: {groups}.",
        "The project has no extra 'x'; its extras: a, b-c, new.",
        "They are defined in pyproject.toml.",
    ] == done.stderr.splitlines()


def test_unknown_names_where_there_is_nothing(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": '[project]\nname = "a"\nversion = "1"\n'})
    locked(tmp_path)

    done = run(tmp_path, "--only", "dev", "-E", "a")

    assert [
        "The project has no group 'dev'; its groups: main.",
        "The project has no extra 'a'; its extras: none.",
    ] == done.stderr.splitlines()[:2]


def test_the_interpreter_is_poetrys_unless_something_is_said(tmp_path: Path) -> None:
    found = bundle(project(tmp_path))
    assert found.python is not None
    assert found.is_chosen
