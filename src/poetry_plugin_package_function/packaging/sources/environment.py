"""Where a virtual environment keeps what it has installed."""

from __future__ import annotations

import os
import platform
import re
import sys

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import SourceError


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.settings import Settings


_MAKE_ONE = (
    "Name a virtual environment with the function's dependencies in it, such as"
    " `poetry bundle venv DIR` makes, or let `poetry package-function` make one."
)


@dataclass(frozen=True)
class SitePackages:
    """The installed files of one virtual environment.

    Attributes:
        directories: `purelib` first, then `platlib` where that is another directory
            (`lib64` on Fedora and its relatives). All of them end in one root.
        python: The minor version, such as "3.13"; None on Windows, whose layout does
            not tell.
        venv: The virtual environment.
    """

    directories: tuple[Path, ...]
    python: str | None
    venv: Path


def find_python(venv: Path) -> Path | None:
    """Finds a virtual environment's interpreter; None if there is none."""
    for name in ("bin/python", "Scripts/python.exe"):
        if os.access(venv / name, os.X_OK):
            return venv / name
    return None


def runs_here(target: Target | None) -> bool:
    """Whether a target's code runs on this machine; what has none is made for it."""
    return target is None or (
        sys.platform == "linux"
        and platform.machine() == target.machine
        and _glibc() >= target.system.glibc
    )


def _glibc() -> tuple[int, ...]:
    """The version of this system's glibc; () if it has another C library."""
    name, version = platform.libc_ver()
    match = re.match(r"(\d+)\.(\d+)", version) if name == "glibc" else None
    return tuple(map(int, match.groups())) if match else ()


def check_python(
    site_packages: SitePackages, settings: Settings, target: Target | None
) -> None:
    """Holds a virtual environment's Python against what it is to be made for.

    Raises:
        IncompatibleTargetError: It is another one.
    """
    python = site_packages.python
    if python is None and settings.platform is not None:
        raise IncompatibleTargetError(
            f"{site_packages.venv} is a virtual environment of Windows, and"
            f" {settings.platform} is Linux.",
            "Make one on Linux, or let `poetry package-function` make one.",
        )
    if target is not None and python not in (None, target.python):
        raise IncompatibleTargetError(
            f"{site_packages.venv} is a virtual environment of Python {python}, and"
            f" {target} needs Python {target.python}.",
            "Make one with that Python, or leave out `runtime`.",
        )


def find_site_packages(venv: Path) -> SitePackages:
    """Finds `lib/pythonX.Y/site-packages`, or `Lib/site-packages` on Windows.

    Raises:
        SourceError: There is no such directory, or there are several Pythons' and
            nothing says which one is meant.
    """
    if not venv.is_dir():
        what = "is not a directory" if os.path.lexists(venv) else "does not exist"
        raise SourceError(f"The virtual environment {venv} {what}.", _MAKE_ONE)
    found: dict[str, list[Path]] = {}
    known: set[str] = set()
    for pattern in ("lib/python*", "lib64/python*"):
        # conda has links of other names to the one directory: they come last.
        for python in sorted(venv.glob(pattern), key=lambda p: (p.is_symlink(), p)):
            directory = python / "site-packages"
            real = os.path.realpath(directory)
            if directory.is_dir() and real not in known:
                known.add(real)
                found.setdefault(python.name.removeprefix("python"), []).append(
                    directory
                )
    if not found:
        windows = venv / "Lib" / "site-packages"
        if windows.is_dir():
            return SitePackages((windows,), None, venv)
        raise SourceError(
            f"There is no lib/python*/site-packages in {venv}.", _MAKE_ONE
        )
    if len(found) > 1:
        raise SourceError(
            f"{venv} has the site-packages of {len(found)} Pythons:"
            f" {', '.join(sorted(found))}.",
            "Make the virtual environment anew: one that has been used by several"
            " Pythons does not tell which one's files to package.",
        )
    (version,) = found
    return SitePackages(tuple(found[version]), version, venv)
