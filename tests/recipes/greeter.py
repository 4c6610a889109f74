"""The project of the recipes, and the shell that it is deployed from."""

from __future__ import annotations

import json
import os
import shutil

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from tests.e2e.running import BIN
from tests.e2e.running import clean_environment
from tests.recipes.pages import settings_of
from tests.recipes.workflows import EXAMPLE
from tests.recipes.workflows import Shell


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# What a developer has set for these tools could send them to a real account.
_FOREIGN = ("AWS_", "CDK_", "JSII_", "SAM_")


@dataclass(frozen=True)
class Greeter:
    """A copy of the project, and the environment of all that is run in it.

    Attributes:
        directory: Where it is.
        env: All variables; `poetry`, with the plugin, is on the PATH.
    """

    directory: Path
    env: Mapping[str, str]

    def sh(self, script: str, **env: str) -> str:
        """Runs a script as a reader does who has copied it; what it wrote to stdout."""
        shell = Shell(("sh", "-eu"), self.directory, self.env)
        return shell.well(script, env).stdout

    def report(self, name: str = "report") -> dict[str, Any]:
        """What the plugin has written about the archive."""
        path = self.directory / "dist" / f"{name}.json"
        report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report

    def archive(self, name: str = "greeter") -> Path:
        """What the plugin has written."""
        return self.directory / "dist" / f"{name}.zip"

    def change(self) -> None:
        """Edits the project's own code."""
        module = self.directory / "src" / "greeter" / "handler.py"
        module.write_text(module.read_text(encoding="utf-8") + "\n# Edited.\n")


def greeter(base: Path, page: str, *path: Path, **env: str) -> Greeter:
    """The project with the settings of a page, in the page's words.

    Args:
        base: An empty directory for it and for what Poetry keeps.
        page: The page.
        path: Directories of further commands.
        env: Further variables.
    """
    directory = base / "greeter"
    shutil.copytree(EXAMPLE, directory)
    settings(directory, settings_of(page))
    environment = {
        name: value
        for name, value in clean_environment(base).items()
        if not name.startswith(_FOREIGN)
    }
    places = [BIN, *path, environment["PATH"]]
    environment["PATH"] = os.pathsep.join(map(str, places))
    return Greeter(directory, {**environment, **env})


def settings(directory: Path, table: str) -> None:
    """Puts the plugin's table of a page to the end of the `pyproject.toml`."""
    example = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    (directory / "pyproject.toml").write_text(f"{example}\n{table}")
