"""Files that appear at their place only when they are complete."""

from __future__ import annotations

import contextlib
import os
import secrets

from contextlib import ExitStack
from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final

from poetry_plugin_package_function.errors import OutputError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_ELSEWHERE: Final = (
    "Name another place: --output FILE or --output-dir DIR, --report FILE."
)


@contextmanager
def replacing(*targets: Path) -> Iterator[tuple[BinaryIO, ...]]:
    """Opens a temporary file beside each target; moves them there in the end.

    If anything is raised inside, no target is touched and nothing is left beside them.
    The files get the mode that the user's umask gives to any new file. Missing
    directories are made.

    Raises:
        OutputError: A target cannot be written, or the disk is full.
    """
    check_targets(*targets)
    with ExitStack() as stack:
        try:
            opened = [stack.enter_context(_temporary(target)) for target in targets]
            yield tuple(stream for _, stream in opened)
            for _, stream in opened:
                stream.close()  # a full disk may show only now
            for target, (path, _) in zip(targets, opened, strict=True):
                os.replace(path, target)
        except OSError as error:
            where = " and ".join(str(target) for target in targets)
            raise OutputError(
                f"{where} could not be written: {error.strerror}.",
                f"Free some space? {_ELSEWHERE}",
            ) from None


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[str, BinaryIO]]:
    path = os.path.join(target.parent, f".package-function-{secrets.token_hex(8)}.tmp")
    try:  # from here on: a signal may come between any two steps
        with _created(path, target) as stream:
            yield path, stream
    finally:
        with contextlib.suppress(OSError):  # it has been moved, or never was there
            os.unlink(path)


def _created(path: str, target: Path) -> BinaryIO:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "x+b", buffering=1 << 20)
    except OSError as error:
        raise OutputError(
            f"{target.parent} cannot be written to: {error.strerror}.", _ELSEWHERE
        ) from None


def check_targets(*targets: Path) -> None:
    """Finds out before a long work what would make its results impossible to write.

    Raises:
        OutputError: A target cannot be a file, or may not be written.
    """
    for target in targets:
        if target.is_dir():
            raise OutputError(f"{target} is a directory.", f"Name a file. {_ELSEWHERE}")
        if target.exists() and not target.is_file():
            raise OutputError(f"{target} is not a regular file.", _ELSEWHERE)
        existing = next(each for each in target.parents if os.path.lexists(each))
        if not existing.is_dir():
            raise OutputError(f"{existing} is not a directory.", _ELSEWHERE)
        if not os.access(existing, os.W_OK | os.X_OK):
            raise OutputError(f"{existing} may not be written to.", _ELSEWHERE)
