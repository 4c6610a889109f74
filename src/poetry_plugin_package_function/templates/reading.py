"""YAML and JSON to plain data, in which each scalar is the text that was written.

`512` and `true` are text, too: what they mean is said by who takes them.
"""

from __future__ import annotations

import json
import os

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Any

from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Document:
    """A file of YAML or JSON.

    Attributes:
        path: Where it is.
        shown: What it is called in messages.
        data: Mappings, lists, texts and None.
        lines: Where the keys in its sections are: ("Resources", "Api") is in line 12.
            JSON has none.
    """

    path: Path
    shown: str
    data: object
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def place(self, section: str, key: str) -> str:
        """Says where a key of a section is."""
        line = self.lines.get((section, key))
        return self.shown if line is None else f"{self.shown}, line {line}"


def read(path: Path, project_dir: Path) -> Document:
    """Reads a file.

    Args:
        path: The file's.
        project_dir: Where the paths of messages start, if it is below.

    Raises:
        ConfigError: It cannot be read, or is neither YAML nor JSON.
    """
    is_below = path.is_relative_to(project_dir)
    shown = os.path.relpath(path, project_dir) if is_below else str(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError([f"There is no {shown}."]) from None
    except OSError as error:
        raise ConfigError([f"{shown} cannot be read: {error.strerror}."]) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"{shown} is not text in UTF-8: {error}."]) from None
    try:
        if path.suffix == ".json":
            return Document(path, shown, _from_json(text, shown))
        # Poetry's other commands, and projects without templates, need no YAML.
        from poetry_plugin_package_function.templates.yaml_nodes import from_yaml

        return Document(path, shown, *from_yaml(text, shown))
    except RecursionError:
        raise ConfigError([f"{shown} is nested too deeply to be read."]) from None


def mapping(value: object) -> dict[str, Any]:
    """Takes a mapping as it is; all else has none of the keys that are looked for."""
    return value if isinstance(value, dict) else {}


def _from_json(text: str, shown: str) -> object:
    try:
        data = json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except json.JSONDecodeError as error:
        raise ConfigError(
            [f"{shown}, line {error.lineno}: this is not JSON: {error.msg}."]
        ) from None
    return _as_text(data)


def _as_text(value: object) -> object:
    if isinstance(value, dict):
        return {key: _as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_as_text(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else value
