"""Files that appear at their place only when they are complete."""

from __future__ import annotations

import contextlib
import io
import os
import secrets

from contextlib import ExitStack
from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final

from poetry_plugin_package_function.errors import OutputError
from poetry_plugin_package_function.interruption import held_back
from poetry_plugin_package_function.interruption import note_written
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.sources.passed_over import pending_name


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from _typeshed import ReadableBuffer


_ELSEWHERE: Final = (
    "Name another place: --output FILE or --output-dir DIR, --report FILE."
)


@contextmanager
def replacing(*targets: Path) -> Iterator[Mapping[Path, BinaryIO]]:
    """Opens a temporary file beside each target; moves them there in the end.

    If anything is raised inside, no target is touched and nothing is left beside them.
    The files get the mode that the user's umask gives to any new file. Missing
    directories are made. A signal that comes while they are moved waits until all are
    at their places.

    Raises:
        OutputError: A target cannot be written, or the disk is full.
    """
    check_targets(*targets)
    temporary: dict[str, Path] = {}
    written: list[Path] = []
    try:
        with ExitStack() as stack:
            streams: dict[Path, BinaryIO] = {}
            for target in targets:
                try:
                    path, stream = stack.enter_context(pending(target.parent))
                except OSError as error:
                    raise OutputError(
                        f"{target.parent} cannot be written to: {error.strerror}.",
                        _ELSEWHERE,
                    ) from None
                temporary[path] = target
                streams[target] = stream
            yield streams
            for stream in streams.values():
                stream.close()  # a full disk may show only now
            with held_back():
                for path, target in temporary.items():
                    os.replace(path, target)
                    written.append(target)
                    note_written(target)
    except OSError as error:
        if error.filename not in temporary:
            raise  # it is about another file
        replaced = " and ".join(map(str, written))
        before = f" {replaced} has been replaced before." if written else ""
        raise OutputError(
            f"{temporary[error.filename]} could not be written: {error.strerror}."
            f"{before}",
            f"Free some space? {_ELSEWHERE}",
        ) from None


@contextmanager
def discarding(*targets: Path) -> Iterator[Mapping[Path, BinaryIO]]:
    """Opens a temporary file for each target, as `replacing` does, and moves none.

    They are where temporary files are: nothing appears beside a target, and missing
    directories are not made.

    Raises:
        OutputError: A target could not be written.
    """
    check_targets(*targets)
    with scratch_directory() as scratch, ExitStack() as stack:
        yield {
            target: stack.enter_context(create(str(scratch / f"{number}")))
            for number, target in enumerate(targets)
        }


class _NamedFile(io.FileIO):
    """A file whose errors name it, as those of `open` do."""

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            error.filename = self.name
            raise


def create(path: str) -> BinaryIO:
    """Creates a file to write to and to read; if it cannot be written, errors name it.

    Raises:
        OSError: It is there already, or cannot be made.
    """
    return io.BufferedRandom(_NamedFile(path, "x+"), 1 << 20)


@contextmanager
def pending(directory: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Makes a file in a directory, which is gone in the end unless it has been moved.

    A missing directory is made.

    Raises:
        OSError: The file cannot be made, or cannot be written; it is named.
    """
    path = os.path.join(directory, pending_name(secrets.token_hex(8)))
    try:  # from here on: a signal may come between any two steps
        directory.mkdir(parents=True, exist_ok=True)
        with create(path) as stream:
            yield path, stream
    finally:
        with contextlib.suppress(OSError):  # it has been moved, or never was there
            os.unlink(path)


def check_targets(*targets: Path) -> None:
    """Finds out before a long work what would make its results impossible to write.

    Raises:
        OutputError: A target cannot be a file, or may not be written.
    """
    for target in targets:
        try:
            _check_target(target)
        except OSError as error:  # a name that is too long, for one
            raise OutputError(
                f"{target} cannot be written: {error.strerror}.", _ELSEWHERE
            ) from None


def _check_target(target: Path) -> None:
    if target.is_dir():
        raise OutputError(f"{target} is a directory.", f"Name a file. {_ELSEWHERE}")
    if target.exists() and not target.is_file():
        raise OutputError(f"{target} is not a regular file.", _ELSEWHERE)
    existing = next(each for each in target.parents if os.path.lexists(each))
    if not existing.is_dir():
        raise OutputError(f"{existing} is not a directory.", _ELSEWHERE)
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(f"{existing} may not be written to.", _ELSEWHERE)
