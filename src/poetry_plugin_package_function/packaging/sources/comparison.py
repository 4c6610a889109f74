"""Compares what is installed with the wheels that it was installed from.

This is done in a process of its own. It is reading, in many thousands of short calls;
in a thread, each of them would wait for its turn with the interpreter, and so would all
else that packaging does meanwhile.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import signal
import subprocess
import sys

from contextlib import contextmanager
from contextlib import suppress
from functools import cached_property
from functools import partial
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final
from typing import cast

from deflate import crc32

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.running import running
from poetry_plugin_package_function.packaging.sources.wheel import check_hash
from poetry_plugin_package_function.packaging.sources.wheel import read_streams


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.wheel import Stream
    from poetry_plugin_package_function.packaging.sources.wheel import Wheel


PROGRAM: Final = (
    f"import sys; sys.path[:] = sys.argv[1:]; import {__name__} as this; this.main()"
)
MAPPED_FROM_BYTES: Final = 1 << 18
MAPPED_BYTES: Final = 8 << 20
_TOLD_BYTES: Final = 1 << 20
_TOLD_FILES: Final = 256


class Comparison:
    """What a comparison finds.

    Attributes:
        streams: The deflate streams of all wheels, by the names of the files that have
            been installed from them, in the order of these; of two for one name, that
            of the later wheel.
    """

    def __init__(self, results: io.BufferedReader, errors: BinaryIO) -> None:
        self._results = results
        self._errors = errors
        self._same = bytearray()
        self._error: ChangedSourceError | None = None

    @cached_property
    def streams(self) -> Mapping[str, Stream]:
        """Waits until the wheels' directories have been read.

        Raises:
            ChangedSourceError: A wheel is not the one that has been installed.
            SourceError: The process has ended early.
        """
        return cast("dict[str, Stream]", self._load())

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.streams)}

    def is_same(self, name: str) -> bool:
        """Whether an installed file has what its stream has; waits until that is known.

        What has no stream is not the same.

        Raises:
            SourceError: The process has ended early.
        """
        place = self._places.get(name)
        if place is None:
            return False
        self._await(place + 1)
        return bool(self._same[place])

    def finish(self) -> None:
        """Waits until all wheels have been held against their hashes.

        Raises:
            ChangedSourceError: A wheel is not the one that has been installed.
            SourceError: The process has ended early.
        """
        if self._error is not None:
            raise self._error
        self._await(len(self.streams))
        self._load()

    def _load(self) -> object:
        try:
            result = pickle.load(self._results)  # noqa: S301 - it is our own
        except (EOFError, pickle.UnpicklingError):
            raise self._ended_early() from None
        if isinstance(result, ChangedSourceError):
            self._error = result
            raise result
        return result

    def _await(self, count: int) -> None:
        while len(self._same) < count:
            missing = len(self.streams) - len(self._same)
            more = self._results.read1(min(missing, _TOLD_FILES))
            if not more:
                raise self._ended_early()
            self._same += more

    def _ended_early(self) -> SourceError:
        said = self._errors.read().decode(errors="replace").strip()
        last = said.rpartition("\n")[2] or "it was stopped"
        return SourceError(
            f"The process that reads the wheels has not done its work: {last}.",
            "Run the command again. Is there enough memory?",
        )


@contextmanager
def comparing(
    wheels: Iterable[Wheel], directories: Iterable[Path]
) -> Iterator[Comparison]:
    """Compares in the background.

    Args:
        wheels: In the order in which they have been installed.
        directories: The site-packages directories that they are in.

    Raises:
        ChangedSourceError: If that is raised inside: a wheel that is another one is
            told in its place.
    """
    task = (tuple(wheels), tuple(map(str, directories)))
    if not task[0]:
        nothing = pickle.dumps({}) + pickle.dumps(None)
        yield Comparison(io.BufferedReader(io.BytesIO(nothing)), io.BytesIO())
        return
    utf8 = f"utf8={sys.flags.utf8_mode}"
    command = (sys.executable, "-I", "-X", utf8, "-c", PROGRAM, *sys.path)
    with running(partial(_started, command), subprocess.Popen.kill) as process:
        with suppress(BrokenPipeError), cast("BinaryIO", process.stdin) as stdin:
            pickle.dump(task, stdin)
        found = Comparison(
            cast("io.BufferedReader", process.stdout), cast("BinaryIO", process.stderr)
        )
        try:
            yield found
        except ChangedSourceError:
            found.finish()
            raise


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts a process; what it says of being stopped itself, nobody wants to read."""
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe)
    except OSError as error:
        raise SourceError(
            f"{command[0]} cannot be started to read the wheels: {error.strerror}.",
            "Is there enough memory? Is Poetry's own Python still there?",
        ) from None


def main() -> None:
    """Does the work of the second process: the task that its standard input holds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process hears it, too
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # it has gone, or needs no more
    wheels, directories = pickle.load(sys.stdin.buffer)  # noqa: S301 - it is our own
    results = sys.stdout.buffer
    try:
        for result in _results(wheels, directories):
            results.write(result)
            results.flush()
    except ChangedSourceError as error:
        pickle.dump(error, results)


def _results(
    wheels: Sequence[Wheel], directories: Sequence[str]
) -> Iterator[bytes | bytearray]:
    found: dict[str, Stream] = {}
    for wheel in wheels:
        found.update(read_streams(wheel))
    streams = {name: found[name] for name in sorted(found)}
    yield pickle.dumps(streams)
    batch = bytearray()
    size_bytes = 0
    for name, stream in streams.items():
        batch.append(is_same(directories, name, stream))
        size_bytes += stream.size_bytes
        if size_bytes >= _TOLD_BYTES or len(batch) >= _TOLD_FILES:
            yield batch
            batch, size_bytes = bytearray(), 0
    yield batch
    for wheel in wheels:
        check_hash(wheel)
    yield pickle.dumps(None)


def is_same(directories: Iterable[str], name: str, stream: Stream) -> bool:
    """Whether an installed file has the size and the CRC-32 that its stream has.

    One that cannot be read is not the same: who packages it, finds out why.
    """
    for directory in directories:
        with suppress(OSError), open(f"{directory}/{name}", "rb", buffering=0) as file:
            return _checksum(file, stream.size_bytes) == stream.crc32
    return False


def _checksum(file: io.FileIO, size_bytes: int) -> int | None:
    """Reads a file for its CRC-32; None if it has another size."""
    if size_bytes < MAPPED_FROM_BYTES:
        # One byte more than is expected tells whether the file has grown.
        content = file.read(size_bytes + 1)
        return crc32(content) if len(content) == size_bytes else None
    if os.fstat(file.fileno()).st_size != size_bytes:
        return None
    checksum = 0
    for offset in range(0, size_bytes, MAPPED_BYTES):
        length = min(size_bytes - offset, MAPPED_BYTES)
        with mmap.mmap(
            file.fileno(), length, access=mmap.ACCESS_READ, offset=offset
        ) as window:
            checksum = crc32(window, checksum)
    return checksum
