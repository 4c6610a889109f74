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
import platform
import shutil
import sys

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.bundling.installing import locked_files
from poetry_plugin_package_function.bundling.plan import choose_python
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distribution,
)
from poetry_plugin_package_function.packaging.sources.environment import find_python
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.wheel import Wheel


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.listening import Listener
    from poetry_plugin_package_function.bundling.plan import Bundle


_FORMAT: Final = 1
"""Raised when the meaning of the file or the way of installing changes."""

_STATE: Final = "installed.json"


@contextmanager
def kept_home(
    poetry: Poetry, bundle: Bundle, listener: Listener
) -> Iterator[tuple[Path, Bundle]]:
    """Locks the place where the environment of such a bundle is kept.

    There is one for each project, set of groups and extras, interpreter, its full
    version, target, kind of machine, and what Poetry's settings say of wheels.

    Returns:
        The place, and the bundle with its interpreter.

    Raises:
        BundleError: There is no interpreter, or the place cannot be used.
    """
    from filelock import FileLock
    from filelock import Timeout
    from poetry.utils.env.python import Python

    python = Python(bundle.python) if bundle.python else choose_python(poetry)
    chosen = replace(bundle, python=Path(python.executable))
    key = (
        _FORMAT,
        os.path.realpath(poetry.file.path.parent),
        poetry.package.name,
        chosen.groups,
        chosen.extras,
        str(chosen.target),
        os.path.realpath(python.executable),
        python.patch_version.to_string(),
        # A cache may be carried to a machine of another kind.
        (sys.platform, platform.machine(), platform.libc_ver()),
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
    except (OSError, NotImplementedError) as error:
        raise BundleError(
            f"{home} cannot be used: {error}.",
            "Give Poetry another cache directory (POETRY_CACHE_DIR), or leave out"
            " --reuse.",
        ) from None
    try:
        # What a run that was killed has left of Poetry's temporary files.
        discard(home, but=("venv", _STATE))
        yield home, chosen
    finally:
        lock.release()


class _Known(NamedTuple):
    """What is written down of a distribution.

    Attributes:
        metadata: Digest of what is read of its metadata.
        locked: Digest of the files that the lock had for it.
        wheel: What it was installed from, if the lock pins that.
    """

    metadata: str
    locked: str
    wheel: Wheel | None


class _UnusableError(Exception):
    """Why a kept environment is not brought up to date."""


def prepare(
    poetry: Poetry, home: Path, listener: Listener
) -> dict[NormalizedName, Wheel] | None:
    """Gets a kept environment ready for Poetry to bring it up to date.

    Returns:
        What distributions in it were installed from; None if there is no environment
        that could be used: the listener is told why, unless this is the first run.
    """
    venv = home / "venv"
    if not os.path.lexists(venv):
        return None
    try:
        return _prepared(poetry, home)
    except _UnusableError as error:
        reason = str(error)
    except (
        *(OSError, LookupError, TypeError, ValueError, RuntimeError, AttributeError),
        SourceError,
    ) as error:
        reason = f"it cannot be read ({error})"
    warn(listener, venv, reason)
    return None


def warn(listener: Listener, venv: Path, reason: str) -> None:
    """Tells why a kept environment is not used."""
    listener.warning(f"The kept environment {venv} is built anew: {reason}.")


def _prepared(poetry: Poetry, home: Path) -> dict[NormalizedName, Wheel]:
    venv = home / "venv"
    if not (home / _STATE).is_file():
        raise _UnusableError("an earlier run did not complete it")
    if find_python(venv) is None:
        raise _UnusableError("its Python has gone")
    if _leads_out(venv):
        raise _UnusableError("a link in it leads out of it")
    locked = locked_files(poetry)
    known = _read_state(home, locked)
    infos = _infos(venv)
    if known.keys() != infos.keys() or any(
        known[name].metadata != _metadata_digest(infos[name]) for name in infos
    ):
        raise _UnusableError("its distributions are not those that were installed")
    (home / _STATE).unlink()  # what is not complete is not to be taken for complete
    wheels = {}
    for name, info in infos.items():
        _, files, wheel = known[name]
        if wheel is not None and files == _digest(locked.get(name)):
            wheels[name] = wheel
        else:
            _uninstall(info, venv)
    return wheels


def remember(
    poetry: Poetry, home: Path, wheels: Mapping[NormalizedName, Wheel]
) -> None:
    """Writes down what a complete environment was installed from.

    Raises:
        BundleError: The file cannot be written.
    """
    venv = home / "venv"
    locked = locked_files(poetry)
    distributions = {}
    for name, info in _infos(venv).items():
        wheel = wheels.get(name)
        distributions[name] = (
            _metadata_digest(info),
            _digest(locked.get(name)),
            # What has unsound streams is installed, and so looked at, each time.
            None if wheel is None or wheel.unsound else (str(wheel.path), wheel.hash),
        )
    state = {"pyvenv": _configuration(venv), "distributions": distributions}
    try:
        (home / _STATE).write_text(json.dumps(state), encoding="utf-8")
    except OSError as error:
        raise BundleError(
            f"{home} cannot be written to: {error.strerror}.",
            "Free some space, or leave out --reuse.",
        ) from None


def discard(home: Path, but: tuple[str, ...] = ()) -> None:
    """Removes what is kept in a place, but for some names; links are not followed.

    Raises:
        BundleError: Something cannot be removed.
    """
    try:
        for path in home.iterdir():
            if path.name not in but:
                _remove(path)
    except OSError as error:
        raise BundleError(
            f"{error.filename} cannot be removed: {error.strerror}.",
            f"Remove {home} yourself, or leave out --reuse.",
        ) from None


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    _open_up(path)
    shutil.rmtree(path)


def _open_up(directory: Path) -> None:
    """Makes directories that somebody has closed removable."""
    directory.chmod(0o700)
    with os.scandir(directory) as listing:
        below = [each.path for each in listing if each.is_dir(follow_symlinks=False)]
    for each in below:
        _open_up(Path(each))


def _read_state(
    home: Path, locked: Mapping[NormalizedName, set[tuple[str, str]]]
) -> dict[NormalizedName, _Known]:
    state = json.loads((home / _STATE).read_bytes())
    if state["pyvenv"] != _configuration(home / "venv"):
        raise _UnusableError("its pyvenv.cfg has been changed")
    known = {}
    for name, (metadata, files, wheel) in dict(state["distributions"]).items():
        if wheel is not None:
            path, pin = wheel
            # What the lock does not have any more is installed anew; nor is it
            # believed that it was something else.
            is_locked = (Path(path).name, pin) in locked.get(name, ())
            wheel = Wheel(Path(path), pin) if is_locked else None
        known[name] = _Known(metadata, files, wheel)
    return known


def _configuration(venv: Path) -> str:
    # It says, for one, whether the system's distributions count as installed.
    return (venv / "pyvenv.cfg").read_text(encoding="utf-8")


def _leads_out(venv: Path) -> bool:
    """Whether a link to a directory would let something outside be written to."""
    inside = os.path.join(os.path.realpath(venv), "")
    if venv.is_symlink():
        return True
    return any(
        os.path.islink(path) and not os.path.realpath(path).startswith(inside)
        for directory, directories, _ in os.walk(venv)
        for path in (os.path.join(directory, each) for each in directories)
    )


def _infos(venv: Path) -> dict[NormalizedName, Path]:
    """Finds the `.dist-info` directories."""
    return {
        canonicalize_name(info.stem.rpartition("-")[0]): info
        for directory in find_site_packages(venv).directories
        for info in directory.glob("*.dist-info")
    }


def _metadata_digest(info: Path) -> str:
    """Digests the files of metadata that are read, and not only shipped."""
    digest = hashlib.sha256()
    for name in ("RECORD", "METADATA", "WHEEL", "direct_url.json"):
        path = info / name
        content = path.read_bytes() if path.is_file() else b""
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _digest(files: set[tuple[str, str]] | None) -> str:
    return hashlib.sha256(repr(sorted(files or ())).encode()).hexdigest()


def _uninstall(info: Path, venv: Path) -> None:
    """Removes the files of a distribution, and nothing outside of the environment."""
    inside = os.path.join(os.path.realpath(venv), "")
    for row in read_distribution(info.parent, info.name).rows or ():
        path = os.path.realpath(info.parent / row.path)
        if path.startswith(inside):
            with suppress(FileNotFoundError):
                os.unlink(path)
    shutil.rmtree(info)
