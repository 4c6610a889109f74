"""Interpreters that are named: by a version, a command or a path."""

from __future__ import annotations

import os
import shutil
import subprocess

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
    names = (os.path.expanduser(wanted), f"python{wanted}")
    program = next((found for each in names if (found := shutil.which(each))), None)
    if program is None:
        raise SourceError(f"There is no Python {wanted} here.", hint)
    try:
        probed = subprocess.run(
            (program, "-I", "-S", "-c", _PROBE),
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
