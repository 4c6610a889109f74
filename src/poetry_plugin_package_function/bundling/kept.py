"""Keeps virtual environments from one run to the next (`--reuse`).

Nothing in a kept environment is believed. What has not come out of a wheel that the
lock pins is removed and installed again, as code may have changed without its version;
what has is held against the wheel while it is packaged. So there is a file beside each
environment that says what was installed from which wheel. It is written when the
environment is complete, and removed before anything in it is changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.bundling.installing import locked_files
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.distributions import read_distributions
from poetry_plugin_package_function.packaging.venv import find_site_packages
from poetry_plugin_package_function.packaging.wheels import Wheel
from poetry_plugin_package_function.packaging.wheels import file_digest


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry
    from poetry.utils.env.python import Python

    from poetry_plugin_package_function.bundling.listening import Listener
    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.packaging.distributions import Distribution


_FORMAT: Final = 1
"""Raised when the meaning of the file or the way of installing changes."""

_STATE: Final = "installed.json"


@contextmanager
def kept_home(
    poetry: Poetry, bundle: Bundle, listener: Listener
) -> Iterator[tuple[Path, Bundle]]:
    """Locks the place where the environment of such a bundle is kept.

    There is one for each project, set of groups and extras, interpreter and its full
    version, in Poetry's cache directory.

    Returns:
        The place, and the bundle with its interpreter.

    Raises:
        BundleError: There is no interpreter, or the place cannot be used.
    """
    from filelock import FileLock
    from filelock import Timeout

    python = _choose_python(poetry, bundle)
    chosen = replace(bundle, python=Path(python.executable))
    key = (
        _FORMAT,
        os.path.realpath(poetry.file.path.parent),
        poetry.package.name,
        chosen.groups,
        chosen.extras,
        os.path.realpath(python.executable),
        python.patch_version.to_string(),
        [
            str(poetry.config.get(f"installer.{each}"))
            for each in ("no-binary", "only-binary", "build-config-settings")
        ],
    )
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    cache = Path(poetry.config.get("cache-dir"), "package-function")
    home = cache / f"{poetry.package.name}-{digest}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache / f"{home.name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            listener.phase(f"Waiting for another run that uses {home}")
            lock.acquire()
    except OSError as error:
        raise BundleError(
            f"{home} cannot be used: {error.strerror}.",
            "Give Poetry another cache directory (POETRY_CACHE_DIR), or leave out"
            " --reuse.",
        ) from None
    try:
        yield home, chosen
    finally:
        lock.release()


def _choose_python(poetry: Poetry, bundle: Bundle) -> Python:
    """Finds the interpreter that Poetry would choose for a new environment."""
    from poetry.utils.env.python import Python
    from poetry.utils.env.python.exceptions import PythonVersionError

    if bundle.python is not None:
        return Python(bundle.python)
    python = Python.get_preferred_python(poetry.config)
    if poetry.package.python_constraint.allows(python.patch_version):
        return python
    try:
        return Python.get_compatible_python(poetry)
    except PythonVersionError:
        raise BundleError(
            "There is no Python here that the project allows"
            f" ({poetry.package.python_versions}).",
            "Choose another interpreter with --python, or widen `requires-python`.",
        ) from None


class _Known(NamedTuple):
    """What is written down of a distribution.

    Attributes:
        record: Digest of its RECORD, which says what files are to be removed with it.
        locked: Digest of the files that the lock had for it.
        wheel: What it was installed from, if the lock pins that.
    """

    record: str
    locked: str
    wheel: Wheel | None


def prepare(poetry: Poetry, home: Path) -> dict[NormalizedName, Wheel] | None:
    """Gets a kept environment ready for Poetry to bring it up to date.

    Returns:
        What distributions in it were installed from; None if there is no environment
        that could be used.
    """
    venv = home / "venv"
    try:
        known = _read_state(home)
        distributions = read_distributions(find_site_packages(venv).directories)
    except (OSError, LookupError, TypeError, ValueError, SourceError):
        return None
    if not _has_interpreter(venv) or known.keys() != {e.name for e in distributions}:
        return None
    if any(known[each.name].record != _record_digest(each) for each in distributions):
        return None
    forget(home)
    locked = locked_files(poetry)
    wheels = {}
    for each in distributions:
        _, files, wheel = known[each.name]
        if wheel is not None and files == _digest(locked.get(each.name)):
            wheels[each.name] = wheel
            continue
        try:
            _uninstall(each, venv)
        except OSError:
            return None
    return wheels


def remember(
    poetry: Poetry, home: Path, wheels: Mapping[NormalizedName, Wheel]
) -> None:
    """Writes down what a complete environment was installed from."""
    venv = home / "venv"
    locked = locked_files(poetry)
    distributions = {}
    for each in read_distributions(find_site_packages(venv).directories):
        wheel = wheels.get(each.name)
        distributions[each.name] = (
            _record_digest(each),
            _digest(locked.get(each.name)),
            wheel and (str(wheel.path), wheel.hash, sorted(wheel.unsound)),
        )
    state = {"pyvenv": _configuration(venv), "distributions": distributions}
    (home / _STATE).write_text(json.dumps(state), encoding="utf-8")


def forget(home: Path) -> None:
    """Makes sure that an environment that is not complete is not taken for one."""
    (home / _STATE).unlink(missing_ok=True)


def _read_state(home: Path) -> dict[NormalizedName, _Known]:
    state = json.loads((home / _STATE).read_bytes())
    if state["pyvenv"] != _configuration(home / "venv"):
        raise ValueError("the environment has another configuration")
    known = {}
    for name, (record, locked, wheel) in state["distributions"].items():
        if wheel is not None:
            path, pin, unsound = wheel
            wheel = Wheel(Path(path), pin, frozenset(unsound))
        known[name] = _Known(record, locked, wheel)
    return known


def _configuration(venv: Path) -> str:
    # It says, for one, whether the system's distributions count as installed.
    return (venv / "pyvenv.cfg").read_text(encoding="utf-8")


def _has_interpreter(venv: Path) -> bool:
    return any(
        os.access(venv / each, os.X_OK) for each in ("bin/python", "Scripts/python.exe")
    )


def _record_digest(distribution: Distribution) -> str:
    record = distribution.directory / distribution.info / "RECORD"
    return file_digest(record, "sha256") if record.is_file() else ""


def _digest(files: set[tuple[str, str]] | None) -> str:
    return hashlib.sha256(repr(sorted(files or ())).encode()).hexdigest()


def _uninstall(distribution: Distribution, venv: Path) -> None:
    """Removes the files of a distribution, and nothing outside of the environment."""
    inside = os.path.join(os.path.realpath(venv), "")
    for row in distribution.rows or ():
        path = os.path.realpath(distribution.directory / row.path)
        if path.startswith(inside):
            with suppress(FileNotFoundError):
                os.unlink(path)
    shutil.rmtree(distribution.directory / distribution.info)
