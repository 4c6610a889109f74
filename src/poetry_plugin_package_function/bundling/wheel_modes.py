"""Modes of files in wheels that are built on Windows, where files have none."""

from __future__ import annotations

import os
import posixpath
import zipfile

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.host import HAS_MODES
from poetry_plugin_package_function.packaging.sources.modes import is_program
from poetry_plugin_package_function.packaging.sources.modes import modes_in_git


if TYPE_CHECKING:
    from pathlib import Path


_EXECUTABLE: Final = 0o100755 << 16
_OTHER: Final = 0o100644 << 16
"""A regular file's modes in the external attributes, as pypa/installer reads them."""


def restore_modes(wheel: Path, directory: Path) -> None:
    """Gives the files of a wheel the modes that they would have elsewhere.

    Args:
        wheel: What has been built; it is written anew where files have no modes.
        directory: What it has been built of, whose files Git may know.

    Raises:
        OSError: It cannot be written.
    """
    if HAS_MODES:
        return
    known: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for path, mode in modes_in_git(str(directory)).items():
        known[posixpath.basename(path)].append((path, mode))
    temporary = wheel.with_name(f"{wheel.name}.modes")
    with (
        zipfile.ZipFile(wheel) as before,
        zipfile.ZipFile(temporary, "w") as after,
    ):
        for info in before.infolist():
            content = before.read(info)
            # A package may be deeper in the project than in its wheel.
            own = [
                each
                for each in known[posixpath.basename(info.filename)]
                if f"/{each[0]}".endswith(f"/{info.filename}")
            ]
            is_executable = min(own)[1] if own else is_program(info.filename, content)
            info.external_attr = _EXECUTABLE if is_executable else _OTHER
            after.writestr(info, content)
    os.replace(temporary, wheel)
