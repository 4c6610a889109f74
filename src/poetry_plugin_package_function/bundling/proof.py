"""Proves that Poetry fills an environment of ours, and no other."""

from __future__ import annotations

import os

from pathlib import Path
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import BundleError


if TYPE_CHECKING:
    from poetry.utils.env import Env
    from poetry.utils.env import EnvCommandError


def prove(env: Env, home: Path) -> None:
    """Finds out whether an environment, and what its interpreter fills, is in a place.

    If the interpreter is a link that leads nowhere, Poetry runs the `python` on PATH
    instead, which may be its own; a wrapper may run another one, too. `data` among the
    answers is `sys.prefix`. Poetry asks for them in any case, and remembers them.

    Raises:
        BundleError: One is somewhere else.
        EnvCommandError: The interpreter does not run.

    Source: https://docs.python.org/3/library/sysconfig.html#installation-paths
    """
    filled = {env.paths[name] for name in ("data", "purelib", "platlib", "scripts")}
    strangers = sorted(path for path in filled if not _is_inside(path, env.path))
    if strangers:
        raise _broken(f"for {env.path} it would install into {', '.join(strangers)}")
    if not _is_inside(env.path, home):
        raise _broken(f"{env.path} is not in {home}")


def not_working(error: EnvCommandError) -> BundleError:
    """Makes the error of an interpreter that does not run."""
    said = (error.e.stderr or error.e.output or "").strip().splitlines()
    return _broken(said[-1].rstrip(".") if said else f"status {error.e.returncode}")


def _is_inside(path: str | Path, directory: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))


def _broken(reason: str) -> BundleError:
    return BundleError(
        (
            f"The interpreter of a new environment does not work: {reason}.",
            "Nothing has been installed with it.",
        ),
        "Choose another one with --python, or install one: poetry python install 3.13",
    )
