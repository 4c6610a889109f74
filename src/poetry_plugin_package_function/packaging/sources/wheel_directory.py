"""Wheels in a virtual environment, unopened: where they are put, and found again.

What a lock file pins is in `wheels/ALGORITHM=DIGEST/`, what has been built on this
machine in `wheels/built/`.
"""

from __future__ import annotations

import hashlib
import os
import shutil

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from pathlib import Path


_DIRECTORY: Final = "wheels"
_BUILT: Final = "built"


@dataclass(frozen=True)
class Wheel:
    """A wheel in an environment.

    Attributes:
        path: Where it is.
        pin: The hash that the lock file has of it: the algorithm, a colon, hexadecimal
            digits. It has been verified. None for one that has been built here.
    """

    path: Path
    pin: str | None


def locked_hash(archive: Path, algorithm: str) -> str:
    """Hashes an archive, and writes that as a lock file does: see `Wheel.pin`.

    Raises:
        OSError: It cannot be read.
    """
    with archive.open("rb", buffering=0) as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def put(venv: Path, wheel: Path, pin: str | None) -> Wheel:
    """Puts a wheel into an environment.

    One that is pinned may stay where it is: a symbolic link leads there. One that has
    been built may be deleted there.

    Args:
        venv: The environment.
        wheel: Where the wheel is.
        pin: Its hash, which must have been verified, if a lock file has it.

    Raises:
        OSError: It cannot be written.
    """
    name = _BUILT if pin is None else pin.replace(":", "=", 1)
    path = venv / _DIRECTORY / name / wheel.name
    path.parent.mkdir(parents=True, exist_ok=True)
    link = os.link if pin is None else os.symlink
    try:
        link(os.path.abspath(wheel), path)
    except (OSError, NotImplementedError):  # a file system or a user that may not
        shutil.copyfile(wheel, path)
    return Wheel(path, pin)


def wheels_in(venv: Path) -> tuple[Wheel, ...]:
    """Finds the wheels that have been put into an environment, ordered by file name."""
    found = []
    for path in (venv / _DIRECTORY).glob("*/*.whl"):
        algorithm, is_pinned, digest = path.parent.name.partition("=")
        found.append(Wheel(path, f"{algorithm}:{digest}" if is_pinned else None))
    return tuple(sorted(found, key=lambda each: (each.path.name, each.pin or "")))
