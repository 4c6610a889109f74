"""Templates that are written into a project, and read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.templates.template import read_template
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.templates.declared import Declared


def declared(
    project: Path, name: str, text: str, files: Mapping[str, str] | None = None
) -> Mapping[str, Declared]:
    """The functions of a template, beside some other files of the project."""
    write_files(project, {name: text, **(files or {})})
    return read_template(project / name, project).functions


def values(project: Path, name: str, text: str) -> dict[str, dict[str, Any]]:
    """What is known of each function of a template."""
    return {
        function: dict(each.values)
        for function, each in declared(project, name, text).items()
    }


def refused(project: Path, name: str, text: str | bytes) -> str:
    """What is said of a template that is none."""
    write_files(project, {name: text})
    with pytest.raises(ConfigError) as raised:
        read_template(project / name, project)
    (problem,) = raised.value.lines
    return problem
