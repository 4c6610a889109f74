"""Interpreters that are named: by a version, a command or a path."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from contextlib import suppress
from pathlib import Path
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceError


_PROBE: Final = (
    "import sys; print(*sys.version_info[:2], sep='.'); print(sys.executable)"
)


class NamedPython(NamedTuple):
    """An interpreter.

    Attributes:
        path: What is run, and not a wrapper of it.
        version: The minor one, such as "3.13".
    """

    path: Path
    version: str


def find_named(wanted: str) -> NamedPython:
    """Finds an interpreter, and asks it for its version.

    Args:
        wanted: A version, such as "3.13", a command or a path.

    Raises:
        SourceError: There is none, or it does not work.
    """
    hint = "Name another one with --python: a version, a command or a path."
    command = _command(wanted)
    if command is None:
        raise SourceError(f"There is no Python {wanted} here.", hint)
    program = command[0]
    try:
        probed = subprocess.run(
            (*command, "-I", "-S", "-c", _PROBE),
            capture_output=True,
            check=True,
            text=True,
            errors="replace",
        )
        version, executable = probed.stdout.splitlines()
    except OSError as error:
        raise SourceError(f"{program} cannot be run: {error.strerror}.", hint) from None
    except (subprocess.CalledProcessError, ValueError):
        raise SourceError(f"{program} does not work as Python.", hint) from None
    return NamedPython(Path(executable), version)


def _command(wanted: str) -> tuple[str, ...] | None:
    """What runs an interpreter; None if nothing does.

    On Windows only the launcher knows versions.
    Source: https://docs.python.org/3/using/windows.html#launcher
    """
    for name in (os.path.expanduser(wanted), f"python{wanted}"):
        if found := shutil.which(name):
            return (found,)
    launcher = shutil.which("py")
    if launcher is None or not re.fullmatch(r"\d+\.\d+", wanted):
        return None
    command = (launcher, f"-{wanted}")
    with suppress(OSError, subprocess.CalledProcessError):  # it does not know this one
        subprocess.run((*command, "-c", ""), capture_output=True, check=True)
        return command
    return None
