"""Builds the virtual environment from the lock file."""

from __future__ import annotations

import errno

from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.bundling.installing import Installed
from poetry_plugin_package_function.bundling.installing import own_installer
from poetry_plugin_package_function.bundling.kept import discard
from poetry_plugin_package_function.bundling.kept import kept_home
from poetry_plugin_package_function.bundling.kept import prepare
from poetry_plugin_package_function.bundling.kept import remember
from poetry_plugin_package_function.bundling.kept import warn
from poetry_plugin_package_function.bundling.listening import listening_io
from poetry_plugin_package_function.bundling.plan import blame_lock
from poetry_plugin_package_function.bundling.plan import no_python
from poetry_plugin_package_function.bundling.project_wheel import build_wheel
from poetry_plugin_package_function.bundling.proof import filling_only
from poetry_plugin_package_function.bundling.surroundings import own_temporary_files
from poetry_plugin_package_function.bundling.surroundings import own_virtualenv_settings
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import of_system


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.installing import Refusal
    from poetry_plugin_package_function.bundling.listening import Listener
    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.packaging.sources.wheel import Wheel


@dataclass(frozen=True)
class Built:
    """A virtual environment with the project and its dependencies.

    Attributes:
        venv: Where it is.
        wheels: What distributions have been installed from, where the lock pins it.
        kept: Whether some of it is from an earlier run.
    """

    venv: Path
    wheels: Mapping[NormalizedName, Wheel]
    kept: bool = False


@contextmanager
def home_for(
    poetry: Poetry, bundle: Bundle, listener: Listener, *, keep: bool
) -> Iterator[tuple[Path, Bundle]]:
    """Finds a place for an environment: a temporary one, or the one where it is kept.

    Raises:
        BundleError: See `kept.kept_home`.
    """
    if keep:
        with kept_home(poetry, bundle, listener) as found:
            yield found
    else:
        directory = TemporaryDirectory(prefix="package-function-")
        try:
            yield Path(directory.name), bundle
        finally:
            try:
                directory.cleanup()
            finally:
                directory.cleanup()  # a signal may have come in the middle of that


def build_venv(
    poetry: Poetry,
    bundle: Bundle,
    home: Path,
    listener: Listener,
    check: Callable[[], None],
    *,
    keep: bool = False,
) -> Built:
    """Builds the virtual environment, or brings the one that is kept up to date.

    Args:
        poetry: The project.
        bundle: What goes into it, beside the project.
        home: See `home_for`.
        listener: Hears what Poetry does.
        check: Raises if the user has asked to stop.
        keep: Whether the environment is for later runs, too.

    Raises:
        BundleError: Poetry could not do it; its own words are in the reason.
        IncompatibleTargetError: The lock has no wheel of something for the target.
    """
    venv = home / "venv"
    try:
        with own_temporary_files(home) as scratch, filling_only(home):
            # Before anything is downloaded, or what is kept is touched: most of what
            # goes wrong is the project's.
            wheel = build_wheel(poetry, bundle, scratch, listener)
            kept = prepare(poetry, home, listener) if keep else None
            if kept is not None:
                try:
                    installed = _bundle(
                        poetry, bundle, wheel, home, listener, anew=False
                    )
                except IncompatibleTargetError:
                    raise
                except Exception as error:  # whatever the state of it has led to
                    check()
                    what, *_ = str(error).splitlines() or [type(error).__name__]
                    reason = f"it could not be brought up to date ({what})"
                    warn(listener, venv, reason)
                    kept = None
            if kept is None:
                discard(home, but=(scratch.name,))
                installed = _bundle(poetry, bundle, wheel, home, listener, anew=True)
    finally:
        check()  # Poetry's installer swallows KeyboardInterrupt
    wheels = {
        **{k: v for k, v in (kept or {}).items() if k not in installed.names},
        **installed.wheels,
    }
    if keep:
        remember(poetry, home, wheels)
    return Built(venv, wheels, kept=kept is not None)


def _bundle(
    poetry: Poetry,
    bundle: Bundle,
    wheel: Path | None,
    home: Path,
    listener: Listener,
    *,
    anew: bool,
) -> Installed:
    from poetry.utils.env.python.exceptions import PythonVersionError
    from poetry_plugin_bundle.bundlers.venv_bundler import VenvBundler

    io = listening_io(listener)
    bundler = VenvBundler()
    bundler.set_path(home / "venv")
    bundler.set_executable(str(bundle.python) if bundle.python else None)
    bundler.set_activated_groups({canonicalize_name(each) for each in bundle.groups})
    # An active virtual environment would be taken, and emptied, otherwise.
    bundler.set_remove(anew)
    try:
        with (
            own_virtualenv_settings(ignore_active=not anew),
            own_installer(poetry, bundle, wheel, listener) as installed,
        ):
            built = bundler.bundle(_without_project(poetry), io)
    except PythonVersionError as error:
        raise no_python(poetry, str(error) if bundle.python else "") from None
    except BundleError:
        raise
    except Exception:
        blame_lock(poetry)
        raise
    if installed.refused:  # the bundle plugin does not look at the project's own
        raise _refused(installed.refused)
    if not built:
        raise BundleError(
            ("Poetry could not install the dependencies.", *io.unheard()),
            "Try `poetry install` for the same dependencies, or run again with -vvv.",
        )
    return installed


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
    for wheel, error in wheels:
        if isinstance(error, OSError) and error.errno != errno.ENAMETOOLONG:
            why, hint = of_system(error)
        else:  # a wheel may hold anything, and errors of all kinds come of that
            why = str(error).rstrip(".") or type(error).__name__
            hint = "Choose another version, and report this one to those who made it."
        reasons.append(f"{wheel} could not be installed: {why}.")
    return BundleError(reasons, hint)
