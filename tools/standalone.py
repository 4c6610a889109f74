"""Writes the project of the stand-alone tool: this one, without what needs Poetry.

`make dist` builds it. Version, dependencies, metadata and sources are this project's.
Only the import package has another name: so both distributions can be in one
environment, and share nothing but the name of the command.
"""

from __future__ import annotations

import json
import shutil
import tomllib

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from packaging.requirements import Requirement

from tools.repository import ROOT


if TYPE_CHECKING:
    from pathlib import Path


NAME: Final = "package-python-function-standalone"
PACKAGE: Final = NAME.replace("-", "_")

OURS: Final = "poetry_plugin_package_function"
FRONT_END: Final = (
    *("bundling", "command.py", "console.py", "functions.py"),
    *("help_text.py", "plugin.py"),
)
"""Poetry's command, and all that only it uses: what is at the top of the package."""

POETRYS: Final = frozenset(("cleo", "filelock", "poetry", "poetry-plugin-bundle"))
"""Requirements that nothing else imports."""

_COMMAND: Final = "package-python-function"


def write_project(directory: Path, root: Path = ROOT) -> None:
    """Writes the project of a checkout into a directory that is not there yet."""
    package = directory / "src" / PACKAGE
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "src" / OURS, package, ignore=ignored)
    for name in FRONT_END:
        path = package / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(OURS, PACKAGE), encoding="utf-8")
    shutil.copy(root / "LICENSE", directory)
    shutil.copy(root / "docs" / "standalone.md", directory / "README.md")
    (directory / "pyproject.toml").write_text(_pyproject(root), encoding="utf-8")


def requirements(root: Path = ROOT) -> list[str]:
    """What it requires: of this project's own, what is not for Poetry."""
    listed: list[str] = _read_ours(root)["project"]["dependencies"]
    return [each for each in listed if Requirement(each).name not in POETRYS]


def _read_ours(root: Path) -> dict[str, Any]:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _pyproject(root: Path) -> str:
    """This project's `pyproject.toml`, as far as it is for who installs it."""
    ours = _read_ours(root)
    project: dict[str, Any] = {
        **ours["project"],
        "name": NAME,
        "readme": "README.md",
        "description": "Packages a virtual environment for AWS Lambda: a reproducible"
        " ZIP, nested when it has to be",
        "dependencies": requirements(root),
        # `uvx` and `pipx run` look for a command that is called as the distribution.
        "scripts": dict.fromkeys((_COMMAND, NAME), f"{PACKAGE}.cli:main"),
    }
    del project["entry-points"]
    for key, poetrys in (
        ("classifiers", ("Environment :: Plugins",)),
        ("keywords", ("poetry", "plugin")),
    ):
        project[key] = [each for each in project[key] if each not in poetrys]
    tables = {
        "project": project,
        "tool.poetry": {"packages": [{"include": PACKAGE, "from": "src"}]},
        "build-system": ours["build-system"],
    }
    return "\n".join(
        line
        for name, table in tables.items()
        for line in (
            f"[{name}]",
            *(f"{key} = {_toml(value)}" for key, value in table.items()),
            "",
        )
    )


def _toml(value: object) -> str:
    """A value in TOML, of what there is in these tables."""
    if isinstance(value, dict):
        pairs = (f"{json.dumps(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)
