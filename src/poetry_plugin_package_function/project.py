"""What is read from `pyproject.toml` and `poetry.lock`."""

from __future__ import annotations

import os
import re
import tomllib

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName


TABLE = "poetry-plugin-package-function"


@dataclass(frozen=True)
class Project:
    """A project, as its `pyproject.toml` says.

    Attributes:
        directory: Where `pyproject.toml` is; paths in the table start here.
        name: The project's name as it is written, or None where it has none: Poetry
            wants one for a wheel only.
        table: `[tool.poetry-plugin-package-function]`, not yet checked.
        dependencies: What the project itself depends on.
        direct: The same, with what its extras and dependency groups ask for.
        requires_python: `requires-python` in [project].
    """

    directory: Path
    name: str | None
    table: dict[str, Any]
    dependencies: frozenset[NormalizedName]
    requires_python: str | None = None
    direct: frozenset[NormalizedName] = frozenset()

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
        """Reads what the main group of `poetry.lock` names.

        Without a lock these are the project's own dependencies.

        Raises:
            ConfigError: The lock cannot be read.
        """
        lock = self.directory / "poetry.lock"
        if not lock.is_file():
            return self.dependencies
        try:
            # Locks of Poetry < 2.0 do not name groups: all their packages count then.
            return frozenset(
                canonicalize_name(package["name"])
                for package in _read_toml(lock).get("package", [])
                if "main" in package.get("groups", ["main"])
            )
        except (AttributeError, KeyError, TypeError):
            raise ConfigError(
                [f"{lock} is not a lock file of Poetry."], "Make it anew: poetry lock"
            ) from None


def read_project(pyproject: Path) -> Project:
    """Reads a `pyproject.toml`.

    Raises:
        ConfigError: The file is missing or is not TOML, or its tables are not tables.
    """
    document = _read_toml(pyproject)
    tool = _table(pyproject, document, "tool")
    project = _table(pyproject, document, "project")
    poetry = _table(pyproject, tool, "poetry", "tool.")
    table = _table(pyproject, tool, TABLE, "tool.")
    name = project.get("name") or poetry.get("name")
    if name is not None and not isinstance(name, str):
        raise ConfigError([f"{pyproject}: the project's name is not a string."])
    requires_python = project.get("requires-python")
    dependencies = _names(project.get("dependencies"), poetry.get("dependencies"))
    return Project(
        pyproject.parent,
        name,
        table,
        dependencies,
        requires_python if isinstance(requires_python, str) else None,
        dependencies | _group_names(document, project, poetry),
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigError(
            [f"There is no {path.name} in {path.parent}."],
            "Run the command in the project's directory, or name the file: --project.",
        ) from None
    except OSError as error:
        raise ConfigError([f"{path} cannot be read: {error.strerror}."]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path} is not valid TOML: {error}."]) from None


def _table(
    path: Path, parent: dict[str, Any], key: str, prefix: str = ""
) -> dict[str, Any]:
    value = parent.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError([f"{path}: [{prefix}{key}] is not a table."])
    return value


def _group_names(
    document: dict[str, Any], project: dict[str, Any], poetry: dict[str, Any]
) -> frozenset[NormalizedName]:
    """Names what extras and dependency groups ask for."""
    groups = [
        *_values(project.get("optional-dependencies")),
        *_values(document.get("dependency-groups")),
        *(
            group.get("dependencies")
            for group in _values(poetry.get("group"))
            if isinstance(group, dict)
        ),
        poetry.get("dev-dependencies"),
    ]
    return _names(*groups)


def _values(table: object) -> list[object]:
    return [*table.values()] if isinstance(table, dict) else []


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
