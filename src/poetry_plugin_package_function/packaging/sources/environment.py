"""Where a virtual environment, or another directory, has what is installed."""

from __future__ import annotations

import os
import platform
import re
import sys

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.host import IMPORTS
from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.sources.interpreter import find_named
from poetry_plugin_package_function.packaging.sources.target_directory import (
    is_target_directory,
)
from poetry_plugin_package_function.packaging.sources.target_directory import (
    names_beside,
)
from poetry_plugin_package_function.packaging.sources.target_directory import python_of
from poetry_plugin_package_function.packaging.sources.target_directory import (
    refuse_leftovers,
)


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.settings import Settings


_MAKE_ONE = (
    "Name a virtual environment with the function's dependencies in it, such as"
    " `poetry bundle venv DIR` or `uv sync` makes, a directory that `pip install"
    " --target DIR` has filled, or let `poetry package-function` make one."
)


@dataclass(frozen=True)
class SitePackages:
    """The installed files of one virtual environment, or of one directory.

    Attributes:
        directories: `purelib` first, then `platlib` where that is another directory
            (`lib64` on Fedora and its relatives). All of them end in one root.
        python: The minor version, such as "3.13"; None if nothing says it.
        venv: The virtual environment, or the directory.
        interpreter: What compiles and imports: that of the virtual environment, or the
            one that has been named; None if there is none.
        beside: The names of files that a virtual environment would have beside its
            site-packages; None if this is a virtual environment.
    """

    directories: tuple[Path, ...]
    python: str | None
    venv: Path
    interpreter: Path | None
    beside: frozenset[str] | None = None


def find_python(venv: Path) -> Path:
    """Finds where a virtual environment has its interpreter, or should have it."""
    places = (venv / "bin" / "python", venv / "Scripts" / "python.exe")
    return next((each for each in places if each.exists()), places[0])


def this_machine() -> str:
    """What Linux calls this machine; "" if it has another system."""
    return platform.machine() if sys.platform == "linux" else ""


def runs_here(target: Target | None) -> bool:
    """Whether a target's code runs on this machine; what has none is made for it."""
    return IMPORTS and (
        target is None
        or not target.machine
        or (target.machine == this_machine() and _glibc() >= target.system.glibc)
    )


def _glibc() -> tuple[int, ...]:
    """The version of this system's glibc; () if it has another C library."""
    name, version = platform.libc_ver()
    match = re.match(r"(\d+)\.(\d+)", version) if name == "glibc" else None
    return tuple(map(int, match.groups())) if match else ()


def check_python(
    site_packages: SitePackages, settings: Settings, target: Target | None
) -> None:
    """Holds the Python of what is installed against what it is to be used for.

    Raises:
        IncompatibleTargetError: It is another one, or unknown where it counts.
        SourceError: There is no interpreter, and something needs one.
    """
    where, python = site_packages.venv, site_packages.python
    if python is None and settings.platform is not None:
        raise _of_no_python(site_packages, settings.platform)
    service = settings.receiver
    is_of_service = settings.names_target and settings.platform is None
    if service and is_of_service and target is None and python is not None:
        raise IncompatibleTargetError(
            f"{where} is for Python {python}, and {service.name} has no runtime of it;"
            f" it has {service.runtime_names}.",
            "Make one with a Python that it has.",
        )
    if target is not None and python not in (None, target.python):
        raise _of_another_python(site_packages, settings, target)
    if site_packages.interpreter is None and (
        user := _user_of_interpreter(settings, target)
    ):
        known = target.python if target else python
        raise SourceError(
            f"{where} is no virtual environment: it has no interpreter, which"
            f" {user} needs.",
            f"Name one of the function's Python: {_python_option(known)}. Or leave out"
            f" {user}.",
        )


def _of_no_python(
    site_packages: SitePackages, platform: str
) -> IncompatibleTargetError:
    where = site_packages.venv
    if site_packages.beside is None:
        return IncompatibleTargetError(
            f"{where} is a virtual environment of Windows, and {platform} is Linux.",
            "Make one on Linux, or let `poetry package-function` make one.",
        )
    return IncompatibleTargetError(
        f"Nothing in {where} says which Python it is for, and {platform} is for any.",
        f"Name the Python: {_python_option(None)}.",
    )


def _of_another_python(
    site_packages: SitePackages, settings: Settings, target: Target
) -> IncompatibleTargetError:
    where, python = site_packages.venv, site_packages.python
    if settings.python is not None:
        what = f"--python is Python {python}"
        hint = f"Say --python {target.python}, or leave out `runtime`."
    elif site_packages.beside is None:
        what = f"{where} is a virtual environment of Python {python}"
        hint = "Make one with that Python, or leave out `runtime`."
    else:
        what = f"{where} is for Python {python}"
        hint = (
            "Install into an empty directory, for pip with --python-version"
            f" {target.python} --only-binary=:all:, or leave out `runtime`."
        )
    return IncompatibleTargetError(
        f"{what}, and {target} needs Python {target.python}.", hint
    )


def _user_of_interpreter(settings: Settings, target: Target | None) -> str | None:
    """Which option needs an interpreter; a handler is only parsed if it is not here."""
    if settings.compiles:
        return "--compile"
    return "--handler" if settings.handler and runs_here(target) else None


def _python_option(version: str | None) -> str:
    return f"--python {version}" if version else "--python 3.13, for instance"


def find_site_packages(venv: Path, python: str | None = None) -> SitePackages:
    """Finds where a virtual environment, or another directory, has what is installed.

    That is `lib/pythonX.Y/site-packages`, `Lib/site-packages` on Windows, or what
    `pip install --target`, `uv pip install --target` and SAM's builder fill.

    Args:
        venv: The virtual environment, or the directory.
        python: The interpreter that compiles and imports, if it is named: a version, a
            command or a path.

    Raises:
        SourceError: There is nothing installed, it is for several Pythons and nothing
            says which one is meant, or there is no such interpreter.
        IncompatibleTargetError: The interpreter is of another version.
    """
    if not venv.is_dir():
        what = "is not a directory" if os.path.lexists(venv) else "does not exist"
        raise SourceError(f"The virtual environment {venv} {what}.", _MAKE_ONE)
    found = _in_directory(venv) if is_target_directory(venv) else _in_venv(venv)
    if python is None:
        return found
    named = find_named(python)
    if found.python not in (None, named.version):
        raise IncompatibleTargetError(
            f"{venv} is for Python {found.python}, and {named.path} is Python"
            f" {named.version}.",
            f"Say --python {found.python}, or leave it out.",
        )
    return replace(found, python=named.version, interpreter=named.path)


def _in_directory(directory: Path) -> SitePackages:
    place = directory.absolute()
    for parent in place.parents[:3] if place.name == "site-packages" else ():
        if (parent / "pyvenv.cfg").exists():
            raise SourceError(
                f"{directory} is the site-packages of a virtual environment.",
                f"Name that: {parent}.",
            )
    distributions = read_distributions((directory,))
    refuse_leftovers(directory, distributions)
    python = python_of(directory, distributions)
    beside = names_beside(distributions)
    return SitePackages((directory,), python, directory, None, beside)


def _in_venv(venv: Path) -> SitePackages:
    found: dict[str, Path] = {}
    for pattern in ("lib/python*", "lib64/python*"):
        # conda has links of other names to the one directory: they come last.
        for python in sorted(venv.glob(pattern), key=lambda p: (p.is_symlink(), p)):
            directory = python / "site-packages"
            if directory.is_dir():
                found.setdefault(os.path.realpath(directory), directory)
    if not found:
        windows = venv / "Lib" / "site-packages"
        if windows.is_dir():
            return SitePackages((windows,), _of_cfg(venv), venv, find_python(venv))
        raise SourceError(
            f"There is no lib/python*/site-packages and no *.dist-info in {venv}.",
            _MAKE_ONE,
        )
    pythons = {each.parent.name.removeprefix("python") for each in found.values()}
    if len(pythons) > 1:
        raise SourceError(
            f"{venv} has the site-packages of {len(pythons)} Pythons:"
            f" {', '.join(sorted(pythons))}.",
            "Make the virtual environment anew: one that has been used by several"
            " Pythons does not say which one's files to package.",
        )
    (version,) = pythons
    return SitePackages(tuple(found.values()), version, venv, find_python(venv))


def _of_cfg(venv: Path) -> str | None:
    """Reads which Python an environment of Windows is of, as its paths do not say it.

    Source: https://docs.python.org/3/library/venv.html; virtualenv and uv write
    `version_info`.
    """
    try:
        text = (venv / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+)", text, re.MULTILINE)
    return found[1] if found else None
