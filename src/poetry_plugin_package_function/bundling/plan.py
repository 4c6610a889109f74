"""What a virtual environment is to hold, in names that Poetry knows."""

from __future__ import annotations

import re
import subprocess

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.packaging.sources.environment import runs_here
from poetry_plugin_package_function.runtimes import HOST


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry
    from poetry.utils.env.python import Python

    from poetry_plugin_package_function.runtimes import Runtime
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.services import Service
    from poetry_plugin_package_function.settings import Settings


MAIN_GROUP: Final = "main"


@dataclass(frozen=True)
class Bundle:
    """What the virtual environment is to hold, in names that Poetry knows.

    Attributes:
        groups: Dependency groups, as the project writes them.
        extras: The project's extras.
        python: The interpreter to build it with; None for the one that Poetry chooses.
        target: What it is built for; None for this machine.
        is_chosen: Whether it depends on the interpreter what is built: nobody has named
            a runtime.
        stand_ins: Whether it is to have the lock's AWS SDK in any case, in the place of
            Lambda's, for the import of a handler.
    """

    groups: tuple[str, ...]
    extras: tuple[NormalizedName, ...]
    python: Path | None
    target: Target | None = None
    is_chosen: bool = field(default=False, compare=False)
    stand_ins: bool = False


class Planner:
    """Plans what is built for the functions of a run.

    The lock is read once, and each interpreter looked for once: for that Poetry runs
    all that are here.
    """

    def __init__(self, poetry: Poetry) -> None:
        """Looks at nothing yet."""
        self._poetry = poetry
        self._targets: dict[tuple[object, ...], _Aim] = {}

    def plan(self, settings: Settings) -> Bundle:
        """Finds the groups, extras and the interpreter that the settings name.

        Only the main group is taken unless more is asked for, as `poetry export` does:
        nobody wants to ship pytest.

        Raises:
            ConfigError: A group or an extra does not exist; all of them are listed.
            BundleError: There is no such interpreter, no lock file, or it is stale.
        """
        package = self._poetry.package
        groups = {
            canonicalize_name(name): str(name)
            for name in package.dependency_group_names(include_optional=True)
        }
        groups.setdefault(canonicalize_name(MAIN_GROUP), MAIN_GROUP)
        extras = {name: str(name) for name in package.extras}
        asked_for = (
            settings.with_groups | settings.without_groups | settings.only_groups
        )
        problems = [
            *_unknown("group", asked_for, groups),
            *_unknown("extra", settings.extras, extras),
        ]
        if problems:
            raise ConfigError(problems, "They are defined in pyproject.toml.")
        if not self._targets:
            _check_lock(self._poetry)
        wanted = (
            settings.python,
            settings.service,
            settings.runtime,
            settings.architecture,
            settings.platform,
        )
        if wanted not in self._targets:
            self._targets[wanted] = _find_target(self._poetry, settings)
        chosen = extras if settings.all_extras else _normalized(settings.extras)
        aim = self._targets[wanted]
        return Bundle(
            _choose_groups(settings, groups),
            tuple(sorted(chosen)),
            *aim,
            stand_ins=bool(settings.handler)
            and settings.has_sdk
            and runs_here(aim.target),
        )


class _Aim(NamedTuple):
    """An interpreter, and what it builds for: see `Bundle`."""

    python: Path | None
    target: Target | None
    is_chosen: bool = False


def _find_target(poetry: Poetry, settings: Settings) -> _Aim:
    """Finds the interpreter, and what it builds for."""
    python = _find_python(settings.python)
    runtime = settings.runtime
    if settings.platform == HOST:
        used = python or choose_python(poetry)
        return _Aim(used.executable, None, is_chosen=python is None)
    if python is None:
        python = _python_of(poetry, runtime) if runtime else choose_python(poetry)
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
    return _Aim(python.executable, target, is_chosen)


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
    if others:
        choices = ", ".join(f"--runtime {each}" for each in others)
        here = f"Choose one whose Python is here: {choices}"
    return BundleError(
        f"{service.name} has no runtime of Python {_minor(python)}, which is that of"
        f" {python.executable}; it has {service.runtime_names}.",
        f"{here}. Or package what this machine builds, for a runtime of your own:"
        f" --platform {HOST}.",
    )


def _minor(python: Python) -> str:
    return python.minor_version.to_string()


def _python_of(poetry: Poetry, runtime: Runtime) -> Python:
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
            " `requires-python`.",
        )
    return found


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


def _preferred(poetry: Poetry) -> Python | None:
    from poetry.utils.env.python import Python

    return _working(lambda: Python.get_preferred_python(poetry.config))


def _by_name(name: str) -> Python | None:
    from poetry.utils.env.python import Python

    return _working(lambda: Python.get_by_name(name))


def choose_python(poetry: Poetry) -> Python:
    """Finds the interpreter that Poetry would choose for a new environment.

    Raises:
        BundleError: There is none that the project allows.
    """
    from poetry.utils.env.python import Python
    from poetry.utils.env.python.exceptions import PythonVersionError

    python = _preferred(poetry)
    if python and poetry.package.python_constraint.allows(python.patch_version):
        return python
    try:
        return Python.get_compatible_python(poetry)
    except PythonVersionError:
        raise no_python(poetry) from None


def _normalized(names: Iterable[str]) -> set[NormalizedName]:
    return {canonicalize_name(name) for name in names}


def _unknown(
    what: str, asked_for: Iterable[str], known: Mapping[NormalizedName, str]
) -> list[str]:
    there_are = ", ".join(sorted(known.values())) or "none"
    return [
        f"The project has no {what} {name!r}; its {what}s: {there_are}."
        for name in sorted(asked_for)
        if canonicalize_name(name) not in known
    ]


def _choose_groups(
    settings: Settings, known: Mapping[NormalizedName, str]
) -> tuple[str, ...]:
    if settings.all_groups:
        chosen = set(known)
    elif settings.only_groups:
        chosen = _normalized(settings.only_groups)
    else:
        chosen = _normalized([MAIN_GROUP, *settings.with_groups])
        chosen -= _normalized(settings.without_groups)
    return tuple(known[name] for name in sorted(chosen))


def _check_lock(poetry: Poetry) -> None:
    locker = poetry.locker
    if not locker.is_locked():
        raise BundleError(
            f"There is no poetry.lock in {locker.lock.parent}.",
            "Make it: poetry lock",
        )
    try:
        fresh = locker.is_fresh()
    except ValueError as error:  # tomllib's and UnicodeDecodeError both are
        raise BundleError(
            f"{locker.lock} is not valid TOML: {error}.", "Make it anew: poetry lock"
        ) from None
    if not fresh:
        raise BundleError(
            "pyproject.toml has changed since poetry.lock was made from it.",
            "Bring it up to date: poetry lock",
        )


def blame_lock(poetry: Poetry) -> None:
    """Finds out whether it is the lock that Poetry has stumbled over.

    Raises:
        BundleError: It looks fresh, and is not whole: somebody has edited it.
    """
    locker = poetry.locker
    try:
        locker.locked_repository()
        if locker.is_locked_groups_and_markers():
            locker.locked_packages()
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        first, *others = detail.splitlines() or [type(error).__name__]
        raise BundleError(
            (f"{locker.lock} cannot be read: {first.rstrip('.')}.", *others),
            "Make it anew: poetry lock",
        ) from None


def _find_python(wanted: str | None) -> Python | None:
    if wanted is None:
        return None
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
    return BundleError(
        reason.splitlines()
        or "There is no Python here that the project allows"
        f" ({poetry.package.python_versions}).",
        "Choose another interpreter with --python, or widen `requires-python`.",
    )
