"""Builds the virtual environment from the lock file."""

from __future__ import annotations

import errno

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.utils import parse_wheel_filename

from poetry_plugin_package_function.bundling.failed import sentences
from poetry_plugin_package_function.bundling.installing import Refusal
from poetry_plugin_package_function.bundling.installing import patched_installer
from poetry_plugin_package_function.bundling.interpreter import no_python
from poetry_plugin_package_function.bundling.isolation import isolated_temporary_files
from poetry_plugin_package_function.bundling.isolation import (
    isolated_virtualenv_settings,
)
from poetry_plugin_package_function.bundling.isolation import quiet_backends
from poetry_plugin_package_function.bundling.lock import blame_lock
from poetry_plugin_package_function.bundling.poetry_output import PoetryOutput
from poetry_plugin_package_function.bundling.project_wheel import build_wheel
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import of_system
from poetry_plugin_package_function.packaging.sources.wheel_directory import put


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path

    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.installing import Installed
    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.bundling.poetry_output import Listener
    from poetry_plugin_package_function.packaging.sources.facts import FactsCache


@dataclass(frozen=True)
class Begun:
    """A virtual environment that has the project's wheel at hand, and nothing yet.

    Attributes:
        wheel: The project's own; None if it has no code.
    """

    wheel: Path | None
    _poetry: Poetry
    _bundle: Bundle
    _installed: Installed
    _listener: Listener
    _facts: FactsCache

    def complete(self) -> Installed:
        """Installs all that belongs into it.

        Raises:
            BundleError: Poetry could not do it; its own words are in the reason.
            IncompatibleTargetError: The lock has no wheel of something for the target.
        """
        _bundle(self._poetry, self._bundle, self._installed, self._listener)
        if self.wheel is not None:
            _add(self.wheel, self._installed.venv, self._listener, self._facts)
        return self._installed


@contextmanager
def begun_venv(
    poetry: Poetry,
    bundle: Bundle,
    home: Path,
    listener: Listener,
    check: Callable[[], None],
    facts: FactsCache,
) -> Iterator[Begun]:
    """Begins a virtual environment with wheels in it: see `wheel_directory`.

    The project's own wheel is built before anything is downloaded: most of what goes
    wrong is the project's.

    Args:
        poetry: The project.
        bundle: What goes into it, beside the project.
        home: An empty directory.
        listener: Is called with what Poetry does.
        check: Raises if the user has asked to stop.
        facts: Finds out what is known of each wheel.

    Raises:
        BundleError: The wheel cannot be built: the backend's own words are in the
            reason.
    """
    try:
        with (
            isolated_temporary_files(home) as scratch,
            quiet_backends(),
            patched_installer(poetry, bundle, home, listener, facts) as installed,
        ):
            wheel = build_wheel(poetry, bundle, scratch, listener)
            yield Begun(wheel, poetry, bundle, installed, listener, facts)
    finally:
        check()  # Poetry's installer swallows KeyboardInterrupt


def _add(wheel: Path, venv: Path, listener: Listener, facts: FactsCache) -> None:
    """Puts the project's own wheel into the environment."""
    name, version, _, _ = parse_wheel_filename(wheel.name)
    listener.phase(f"Installing {name} ({version})")
    try:
        facts.of(put(venv, wheel, pin=None))
    except Exception as error:
        raise _refused([Refusal(wheel.name, error, forgotten=False)]) from None


def _bundle(
    poetry: Poetry, bundle: Bundle, installed: Installed, listener: Listener
) -> None:
    from poetry.utils.env.python.exceptions import PythonVersionError
    from poetry_plugin_bundle.bundlers.venv_bundler import VenvBundler

    io = PoetryOutput(listener, bundle.python)
    bundler = VenvBundler()
    bundler.set_path(installed.venv)
    is_given = bundle.python is not None and not bundle.is_preferred
    bundler.set_executable(str(bundle.python) if is_given else None)
    bundler.set_activated_groups({canonicalize_name(each) for each in bundle.groups})
    # An active virtual environment would be taken, and emptied, otherwise.
    bundler.set_remove(True)
    try:
        with isolated_virtualenv_settings():
            built = bundler.bundle(_without_project(poetry), io)
    except PythonVersionError as error:
        raise no_python(poetry, str(error) if bundle.python else "") from None
    except BundleError:
        raise
    except Exception:
        blame_lock(poetry)
        raise
    if installed.refused:
        raise _refused(installed.refused)
    if not built:
        raise _not_installed(sentences(installed.failures), io.unrecognized())


def _not_installed(said: list[str] | None, words: list[str]) -> BundleError:
    """Makes the error: with sentences, or with Poetry's words if there are none."""
    more = ", or run again with -v for Poetry's own words" if said else ""
    error = BundleError(
        ("Poetry could not install the dependencies.", *(said or words)),
        f"Try `poetry install` for the same dependencies{more}.",
    )
    error.details = tuple(words) if said else ()
    return error


def _without_project(poetry: Poetry) -> Poetry:
    """The same project without code of its own, as `package-mode = false` says.

    The bundle plugin would build it with poetry-core, whatever backend it has.
    """
    bare = copy(poetry)
    bare._local_config = {**poetry.local_config, "package-mode": False}
    return bare


def _refused(wheels: Iterable[Refusal]) -> BundleError:
    reasons = []
    hint = ""
    for wheel, error, forgotten in wheels:
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            why, hint = of_system(error)
        else:  # a wheel may hold anything, and errors of all kinds come of that
            why = str(error).rstrip(".") or type(error).__name__
            hint = "Choose another version, and report this one to those who made it."
        if forgotten:
            hint = "Run the command again: it has been deleted, to be built anew."
        reasons.append(f"{wheel} could not be installed: {why}.")
    return BundleError(reasons, hint)
