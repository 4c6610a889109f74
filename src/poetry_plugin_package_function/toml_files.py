"""Reads a file of TOML; what is wrong with it is an error that names the file."""

from __future__ import annotations

import tomllib

from typing import TYPE_CHECKING
from typing import Any

from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from pathlib import Path


def read_toml(path: Path) -> dict[str, Any]:
    """Reads a whole file.

    Raises:
        ConfigError: It is missing, cannot be read, or is not TOML.
    """
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
