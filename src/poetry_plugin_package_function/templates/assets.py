"""Assets of the CDK: copies of directories, whose originals it does not name."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_NO_SOURCES: Final = ("node_modules", "cdk.out", "__pycache__", "build", "dist")


def original_of(asset: Path, handler: str, project_dir: Path) -> Path | None:
    """Finds the one directory that has the same handler's module at the same place.

    Args:
        asset: The copy.
        handler: The function's, whose module is in it.
        project_dir: Where to look.

    Returns:
        None if there is none, or several: the one that is meant cannot be known.
    """
    module = handler.rpartition(".")[0].replace(".", "/")
    for name in (f"{module}.py", f"{module}/__init__.py"):
        copy = asset / name
        if module and copy.is_file():
            content = copy.read_bytes()
            found = [
                directory
                for directory in _directories(project_dir)
                if (directory / name).is_file()
                and (directory / name).read_bytes() == content
            ]
            return found[0] if len(found) == 1 else None
    return None


def _directories(top: Path) -> Iterator[Path]:
    for directory, names, files in os.walk(top):
        if "pyvenv.cfg" in files:
            names.clear()
            continue
        names[:] = sorted(
            name for name in names if name not in _NO_SOURCES and name[0] != "."
        )
        yield top / directory
