"""Modes of files in wheels that are built on Windows, where files have none."""

from __future__ import annotations

import os
import posixpath
import re
import zipfile

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.host import HAS_MODES
from poetry_plugin_package_function.packaging.sources.modes import is_program
from poetry_plugin_package_function.packaging.sources.modes import modes_in_git
from poetry_plugin_package_function.project import read_project


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_EXECUTABLE: Final = 0o100755 << 16
_OTHER: Final = 0o100644 << 16
"""A regular file's modes in the external attributes, as pypa/installer reads them."""

_IN_DATA: Final = re.compile(r"^[^/]+\.data/[^/]+/")
"""Source: the binary distribution format, on the .data directory."""


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
    known = _Known(modes_in_git(str(directory)), _roots(directory))
    temporary = wheel.with_name(f"{wheel.name}.modes")
    with (
        zipfile.ZipFile(wheel) as before,
        zipfile.ZipFile(temporary, "w") as after,
    ):
        for info in before.infolist():
            content = before.read(info)
            is_executable = known.mode_of(_IN_DATA.sub("", info.filename))
            if is_executable is None:
                is_executable = is_program(info.filename, content)
            info.external_attr = _EXECUTABLE if is_executable else _OTHER
            after.writestr(info, content)
    os.replace(temporary, wheel)


def _roots(directory: Path) -> tuple[str, ...]:
    """Where a project has its packages: as it says, or as is usual."""
    named: tuple[str, ...] = ()
    with suppress(ConfigError):  # what it is built by may read another file
        named = read_project(directory / "pyproject.toml").package_roots
    return (*named, "", "src")


class _Known:
    """The modes that Git has for what is in a wheel."""

    def __init__(self, modes: Mapping[str, bool], roots: tuple[str, ...]) -> None:
        self._modes = modes
        self._roots = roots
        self._called: defaultdict[str, list[str]] = defaultdict(list)
        for path in modes:
            self._called[posixpath.basename(path)].append(path)

    def mode_of(self, name: str) -> bool | None:
        """Whether a file is executable; None if Git does not say it.

        A package may be deeper in the project than in its wheel. Outside of the usual
        places, all files that it may be have to agree.
        """
        for root in self._roots:
            path = posixpath.normpath(posixpath.join(root, name))
            if path in self._modes:
                return self._modes[path]
        found = {
            self._modes[path]
            for path in self._called[posixpath.basename(name)]
            if path.endswith(f"/{name}")
        }
        return found.pop() if len(found) == 1 else None
