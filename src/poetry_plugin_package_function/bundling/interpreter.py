"""The interpreter that builds, and what it builds for."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading

from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.runtimes import HOST
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry.poetry import Poetry
    from poetry.utils.env.python import Python

    from poetry_plugin_package_function.runtimes import Runtime
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.services import Service
    from poetry_plugin_package_function.settings import Settings


_OWN: Final = "virtualenvs.use-poetry-python"
"""Poetry's setting that the interpreter it runs with is to be preferred."""

_asking = threading.Lock()
"""Held while an interpreter is asked ahead of time."""


class _Found(NamedTuple):
    """An interpreter, and whether Poetry takes it by itself.

    One that it is given it runs twice more, to find out what is known of it already.
    """

    python: Python
    is_preferred: bool = False


class Aim(NamedTuple):
    """An interpreter, and what it builds for: see `Bundle`."""

    python: Path | None
    target: Target | None
    is_chosen: bool = False
    is_preferred: bool = False


def find_aim(poetry: Poetry, settings: Settings) -> Aim:
    """Finds the interpreter, and what it builds for.

    Raises:
        BundleError: There is none that is wanted and allowed, or the service has no
            runtime of it.
    """
    is_host = settings.platform == HOST
    runtime = None if is_host else settings.runtime
    if settings.python is not None:
        found = _Found(_named(settings.python))
    else:
        found = _of_runtime(poetry, runtime) if runtime else _chosen(poetry)
    python = found.python
    if is_host:
        is_chosen = settings.python is None
        return Aim(python.executable, None, is_chosen, found.is_preferred)
    target = settings.target(_minor(python))
    if target is None:
        raise _no_runtime(poetry, settings.service, python)
    if _minor(python) != target.python:
        raise BundleError(
            f"{python.executable} is Python {_minor(python)}, and {target} needs"
            f" Python {target.python}.",
            f"Leave out --python, or say --python {target.python}.",
        )
    is_chosen = runtime is None and settings.platform is None
    return Aim(python.executable, target, is_chosen, found.is_preferred)


def _no_runtime(poetry: Poetry, service: Service, python: Python) -> BundleError:
    """Makes the error of a Python that the service has no runtime of."""
    allowed = poetry.package.python_constraint
    others = [
        runtime.name
        for runtime in service.runtimes
        if not runtime.is_preview
        and (found := _by_name(runtime.python)) is not None
        and _minor(found) == runtime.python
        and allowed.allows(found.patch_version)
    ]
    here = "Install a Python that it has, and name it with --runtime"
    if not any(allows_python(poetry, each.python) for each in service.runtimes):
        here = (
            f"The project allows none of these ({poetry.package.python_versions}):"
            f" widen {_where_python_is(poetry)}, and then: poetry lock"
        )
    if others:
        choices = ", ".join(f"--runtime {each}" for each in others)
        here = f"Choose one whose Python is here: {choices}"
    return BundleError(
        f"{service.name} has no runtime of Python {_minor(python)}, which is that of"
        f" {python.executable}; it has {service.runtime_names}.",
        f"{here}. Or package what this machine builds, for a runtime of your own:"
        f" --platform {HOST}.",
    )


def allows_python(poetry: Poetry, minor: str) -> bool:
    """Whether the project allows any Python of a minor version."""
    from poetry.core.constraints.version import parse_constraint

    python = parse_constraint(f">={minor}.0,<={minor}.99")
    return poetry.package.python_constraint.allows_any(python)


def _where_python_is(poetry: Poetry) -> str:
    """Says which line of pyproject.toml has the Pythons that the project allows."""
    if "requires-python" in poetry.pyproject.data.get("project", {}):
        return "`requires-python`"
    return "`python` in [tool.poetry.dependencies]"


def _minor(python: Python) -> str:
    return python.minor_version.to_string()


def _of_runtime(poetry: Poetry, runtime: Runtime) -> _Found:
    """Finds the interpreter that Poetry would take, if it is a runtime's, or another.

    Raises:
        BundleError: There is none, or the project does not allow it.
    """
    preferred = _preferred(poetry)
    found = (
        preferred
        if preferred is not None and _minor(preferred) == runtime.python
        else _by_name(runtime.python)
    )
    if found is None or _minor(found) != runtime.python:
        raise BundleError(
            f"There is no Python {runtime.python} here, which {runtime.name} needs.",
            f"Install one: poetry python install {runtime.python} (or with pyenv, uv or"
            " your system's packages), or name one with --python.",
        )
    if not poetry.package.python_constraint.allows(found.patch_version):
        raise BundleError(
            f"The project allows Python {poetry.package.python_versions}, and the one"
            f" for {runtime.name} here is {found.patch_version}: {found.executable}.",
            "Choose another runtime, name another interpreter with --python, or widen"
            f" {_where_python_is(poetry)}.",
        )
    return _Found(found, found is preferred)


def _working(find: Callable[[], Python | None]) -> Python | None:
    """Finds an interpreter; None if there is none, or it cannot be run.

    pyenv's `python` fails where `.python-version` names one that pyenv does not have.
    """
    try:
        python = find()
        if python is not None:
            _minor(python)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return python


def ask_ahead() -> None:
    """Begins to ask the active interpreter for its version, in the background.

    findpython remembers the answers, so that Poetry has them when it wants to know.
    pyenv's `python` takes a tenth of a second for each. Without a `python` on PATH
    Poetry asks all that there are, which is too much for what may not be needed.
    """
    from poetry.config.config import Config
    from poetry.utils.env.python import Python

    if shutil.which("python") is None or Config.create().get(_OWN):
        return

    def ask() -> None:
        try:
            with suppress(Exception):  # whoever needs it sees that again
                if (python := Python.get_active_python()) is not None:
                    _ = python.executable, _minor(python)
        finally:
            _asking.release()

    _asking.acquire()
    try:
        threading.Thread(target=ask, daemon=True).start()
    except RuntimeError:  # there is a limit
        _asking.release()


def _preferred(poetry: Poetry) -> Python | None:
    from poetry.utils.env.python import Python

    if not poetry.config.get(_OWN):
        with _asking:  # until the answers are there
            pass
    return _working(lambda: Python.get_preferred_python(poetry.config))


def _by_name(name: str) -> Python | None:
    from poetry.utils.env.python import Python

    return _working(lambda: Python.get_by_name(name))


def choose_python(poetry: Poetry) -> Python:
    """Finds the interpreter that Poetry would choose for a new environment.

    Raises:
        BundleError: There is none that the project allows.
    """
    return _chosen(poetry).python


def _chosen(poetry: Poetry) -> _Found:
    from poetry.utils.env.python import Python
    from poetry.utils.env.python.exceptions import PythonVersionError

    python = _preferred(poetry)
    if python and poetry.package.python_constraint.allows(python.patch_version):
        return _Found(python, is_preferred=True)
    try:
        return _Found(Python.get_compatible_python(poetry))
    except PythonVersionError:
        raise no_python(poetry) from None


def _named(wanted: str) -> Python:
    python = _by_name(wanted)
    if python is None:
        version = re.search(r"\d+\.\d+(\.\d+)?$", wanted)
        raise BundleError(
            f"There is no Python {wanted!r} here.",
            "Give a version, a command or a path (`poetry python list` shows what there"
            " is), or install one: poetry python install"
            f" {version[0] if version else '3.13'}",
        )
    return python


def no_python(poetry: Poetry, reason: str = "") -> BundleError:
    """Makes the error of a project that allows no Python that there is."""
    versions = (each.python for each in LAMBDA.runtimes if not each.is_preview)
    usable = [each for each in versions if allows_python(poetry, each)]
    where = _where_python_is(poetry)
    hint = f"another interpreter with --python, or widen {where}."
    install = f"Install one: poetry python install {usable[-1]}" if usable else ""
    return BundleError(
        reason.splitlines()
        or "There is no Python here that the project allows"
        f" ({poetry.package.python_versions}).",
        f"{install}. Or choose {hint}" if install else f"Choose {hint}",
    )
