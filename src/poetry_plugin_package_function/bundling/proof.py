"""Proves that Poetry fills an environment of ours, and no other."""

from __future__ import annotations

import os

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from poetry.installation import installer as poetry_installer
from poetry.utils.env import EnvCommandError

from poetry_plugin_package_function.errors import BundleError


if TYPE_CHECKING:
    from collections.abc import Iterator

    from cleo.io.io import IO
    from poetry.utils.env import Env


@contextmanager
def filling_only(home: Path) -> Iterator[None]:
    """Lets Poetry install into, and remove from, environments in one place only.

    That is the environment of the project, and those of isolated builds: each gets its
    installer by the name that is replaced here.

    Raises:
        BundleError: One is somewhere else, its interpreter would install elsewhere, or
            does not run.
    """

    class ProvingInstaller(poetry_installer.Installer):
        def __init__(self, io: IO, env: Env, *args: Any, **kwargs: Any) -> None:
            _check(env, home)
            super().__init__(io, env, *args, **kwargs)

    before = poetry_installer.Installer
    poetry_installer.Installer = ProvingInstaller  # type: ignore[misc]
    try:
        yield
    except EnvCommandError as error:
        said = (error.e.stderr or error.e.output or "").strip().splitlines()
        reason = said[-1].rstrip(".") if said else f"status {error.e.returncode}"
        raise _broken(reason) from None
    finally:
        poetry_installer.Installer = before  # type: ignore[misc]


def _check(env: Env, home: Path) -> None:
    """Asks an environment's interpreter where it would install to.

    If it is a link that leads nowhere, Poetry runs the `python` on PATH instead, which
    may be its own; a wrapper may run another one, too. `data` among the answers is
    `sys.prefix`. Poetry asks for them in any case, and remembers them.

    Source: https://docs.python.org/3/library/sysconfig.html#installation-paths
    """
    filled = {env.paths[name] for name in ("data", "purelib", "platlib", "scripts")}
    strangers = sorted(path for path in filled if not _is_inside(path, env.path))
    if strangers:
        raise _broken(f"for {env.path} it would install into {', '.join(strangers)}")
    if not _is_inside(env.path, home):
        raise _broken(f"{env.path} is not in {home}")


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
