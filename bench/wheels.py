"""The wheels that a tree has been installed from, unopened in an environment."""

from __future__ import annotations

import hashlib

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.wheel_directory import put


if TYPE_CHECKING:
    from pathlib import Path


def put_pinned(directory: Path, venv: Path) -> None:
    """Puts a directory's wheels into an environment, as those that a lock pins."""
    for wheel in sorted(directory.glob("*.whl")):
        with wheel.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        put(venv, wheel, f"sha256:{digest}")
