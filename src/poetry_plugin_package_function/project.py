"""What is read from `pyproject.toml`, and of the lock beside it."""

from __future__ import annotations

import difflib
import os
import posixpath
import re

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.locks.finding import find_lock
from poetry_plugin_package_function.toml_files import read_toml


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName


TABLE = "poetry-plugin-package-function"
SHOWN_TABLE = f"[tool.{TABLE}]"

_COMMANDS: Final = re.compile(r"(.+-)?package-(python-)?functions?")
"""What our table is taken to be called by those who go by a command's name."""


@dataclass(frozen=True)
class Project:
    """A project, as its `pyproject.toml` says.

    Attributes:
        directory: Where `pyproject.toml` is; paths in the table start here.
        name: The project's name as it is written, or None where it has none: Poetry
            wants one for a wheel only.
        table: `[tool.poetry-plugin-package-function]`, not yet checked.
        dependencies: What the project itself depends on.
        requires_python: `requires-python` in [project].
        groups: What each dependency group asks for, but for what it includes.
        extras: What each extra asks for.
        packages: Where the packages should be that [tool.poetry] names, from the
            directory on.
        package_roots: The directories that these packages are imported from, in the
            same way.
    """

    directory: Path
    name: str | None
    table: dict[str, Any]
    dependencies: frozenset[NormalizedName]
    requires_python: str | None = None
    groups: Mapping[str, frozenset[NormalizedName]] = field(default_factory=dict)
    extras: Mapping[str, frozenset[NormalizedName]] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    package_roots: tuple[str, ...] = ()

    @property
    def direct(self) -> frozenset[NormalizedName]:
        """What it depends on, with what its extras and dependency groups ask for."""
        return self.dependencies.union(*self.groups.values(), *self.extras.values())

    @property
    def normalized_name(self) -> NormalizedName | None:
        """The name that its distribution is known by."""
        return canonicalize_name(self.name) if self.name else None

    @property
    def distribution_name(self) -> str | None:
        """The stem of the archive's file name: case kept, as in `My-App` -> `My_App`.

        The rule is the one of package-python-function 1.0.0, so that scripts which
        look for its file find ours. A project without a name is called as its
        directory; None if that is the root of the file system.
        """
        name = self.shown_name
        return re.sub(r"[^A-Za-z0-9_.]+", "_", name) if name else None

    @property
    def shown_name(self) -> str:
        """What people call it: its name, or that of its directory."""
        return self.name or os.path.basename(os.path.realpath(self.directory))

    def needed(self) -> frozenset[NormalizedName]:
        """Reads what its lock says that it needs without any group.

        Without a lock these are the project's own dependencies.

        Raises:
            ConfigError: The lock cannot be read.
        """
        found = find_lock(self.directory)
        return self.dependencies if found is None else found.lock.main


def read_project(pyproject: Path) -> Project:
    """Reads a `pyproject.toml`.

    Raises:
        ConfigError: The file is missing or is not TOML, its tables are not tables, or
            ours has another name.
    """
    document = read_toml(pyproject)
    tool = _table(pyproject, document, "tool")
    project = _table(pyproject, document, "project")
    poetry = _table(pyproject, tool, "poetry", "tool.")
    table = _table(pyproject, tool, TABLE, "tool.")
    uv = _table(pyproject, tool, "uv", "tool.")
    _refuse_misnamed(pyproject, tool)
    name = project.get("name") or poetry.get("name")
    if name is not None and not isinstance(name, str):
        raise ConfigError([f"{pyproject}: the project's name is not a string."])
    requires_python = project.get("requires-python")
    packages = [*_packages(poetry.get("packages"))]
    return Project(
        pyproject.parent,
        name,
        table,
        _names(project.get("dependencies"), poetry.get("dependencies")),
        requires_python if isinstance(requires_python, str) else None,
        _groups(document, poetry, uv),
        _extras(project, poetry),
        tuple(posixpath.join(*each) for each in packages),
        tuple(dict.fromkeys(source for source, _ in packages)),
    )


def _packages(named: object) -> Iterator[tuple[str, str]]:
    """Takes `from` and `include` out of `packages`, as far as Poetry asks for such."""
    for each in named if isinstance(named, list) else ():
        package = each if isinstance(each, dict) else {}
        source, include = package.get("from", ""), package.get("include")
        if isinstance(source, str) and isinstance(include, str):
            yield source, include


def _table(
    path: Path, parent: dict[str, Any], key: str, prefix: str = ""
) -> dict[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError([f"{path}: [{prefix}{key}] is not a table."])
    return value


def _refuse_misnamed(path: Path, tool: dict[str, Any]) -> None:
    """Refuses what is meant for us, as nobody would be told otherwise."""
    for key in tool:
        name = canonicalize_name(key)
        is_close = difflib.get_close_matches(name, [TABLE], cutoff=0.85)
        if key != TABLE and (is_close or _COMMANDS.fullmatch(name)):
            raise ConfigError(
                [f"{path}: [tool.{key}] is a table that nothing reads."],
                f"Call it [tool.{TABLE}].",
            )


def _groups(
    document: dict[str, Any], poetry: dict[str, Any], uv: dict[str, Any]
) -> dict[str, frozenset[NormalizedName]]:
    """Says what each dependency group asks for, however it is written."""
    standard = document.get("dependency-groups")
    poetrys = poetry.get("group")
    listings = [
        *(standard.items() if isinstance(standard, dict) else ()),
        *(
            (name, group.get("dependencies"))
            for name, group in (poetrys.items() if isinstance(poetrys, dict) else ())
            if isinstance(group, dict)
        ),
        *(("dev", each.get("dev-dependencies")) for each in (poetry, uv)),
    ]
    found: dict[str, frozenset[NormalizedName]] = {}
    for name, listed in listings:
        found[name] = found.get(name, frozenset()) | _names(listed)
    return found


def _extras(
    project: dict[str, Any], poetry: dict[str, Any]
) -> dict[str, frozenset[NormalizedName]]:
    """Says what each extra asks for."""
    return {
        name: _names(listed)
        for table in (project.get("optional-dependencies"), poetry.get("extras"))
        if isinstance(table, dict)
        for name, listed in table.items()
    }


def _names(*listings: object) -> frozenset[NormalizedName]:
    """Takes the names out of lists of requirements, and of tables of Poetry's.

    Of a wrong type, they are Poetry's or another builder's to complain of.
    """
    names: list[str] = []
    for listed in listings:
        if isinstance(listed, list):
            texts = (str(each).strip() for each in listed if not isinstance(each, dict))
            names += (re.split(r"[^A-Za-z0-9._-]", text)[0] for text in texts)
        elif isinstance(listed, dict):
            names += listed
    return frozenset(map(canonicalize_name, names))
