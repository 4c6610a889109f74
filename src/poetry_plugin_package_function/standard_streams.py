"""Standard output and standard error: whoever reads them, and whether anybody does.

What is built does not depend on them. A reader that goes (`| head`), a full disk, a
terminal that hangs up or a stream that is closed from the start (`>&-`) loses the
text, and nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import sys

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final
from typing import TextIO

from poetry_plugin_package_function.errors import LostReportError


if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer


_STDOUT: Final = 1
_STDERR: Final = 2


class _Lasting(io.RawIOBase):
    """A file to which writing never fails; what cannot be written is dropped."""

    def __init__(self, descriptor: int) -> None:
        # Of a console of Windows this is what takes UTF-8, whatever its code page is.
        self._raw = open(descriptor, "wb", buffering=0, closefd=False)  # noqa: SIM115
        self.failure: OSError | None = None

    def fileno(self) -> int:
        return self._raw.fileno()

    def isatty(self) -> bool:
        return self._raw.isatty()

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            while self.failure is None:
                # It is None if the file does not block, and is full.
                written: int | None = self._raw.write(data)
                if written is not None:
                    return written
                select.select([], [self], [])
        except OSError as error:
            self.failure = error
        except KeyboardInterrupt:  # nobody reads, and the end is not to wait for it
            self.failure = InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
            raise
        return len(memoryview(data).cast("B"))


@dataclass(frozen=True)
class Streams:
    """Both of them; builds of Poetry's may leave others in `sys`."""

    out: TextIO
    errors: TextIO

    def print(self, content: bytes) -> None:
        """Writes what is for programs to standard output, as far as that takes it."""
        self.out.buffer.write(content)
        self.out.buffer.flush()

    def check_printed(self, *, has_files: bool) -> None:
        """Finds out whether standard output has taken everything.

        Args:
            has_files: Whether files have been written, too.

        Raises:
            LostReportError: It has not.
        """
        failure = getattr(getattr(self.out.buffer, "raw", None), "failure", None)
        if failure is None:
            return
        lost = f"standard output did not take the report: {failure.strerror}."
        if has_files:
            raise LostReportError(
                f"All files are written, but {lost}",
                "Have it written to a file: --report FILE.",
            )
        raise LostReportError(
            f"All went well, but {lost}", "A dry run writes no files: run it again."
        )


@contextmanager
def lasting() -> Iterator[Streams]:
    """Lets `sys.stdout` and `sys.stderr` last: see above.

    What their encoding does not have is shown as escape sequences.
    """
    _occupy()
    before = sys.stdout, sys.stderr
    streams = Streams(_lasting(before[0], _STDOUT), _lasting(before[1], _STDERR))
    sys.stdout, sys.stderr = streams.out, streams.errors
    try:
        yield streams
    finally:
        sys.stdout, sys.stderr = before


def _occupy() -> None:
    """Opens what is closed of the first three descriptors, on nothing.

    The next file that is opened would get its number, and what is printed by a process
    that is started then would be written into that.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)


def _lasting(stream: TextIO | None, number: int) -> TextIO:
    # Python has no stream for a descriptor that was closed when it started.
    descriptor, encoding = number, "utf-8"
    if stream is not None:
        try:
            descriptor, encoding = stream.fileno(), stream.encoding or encoding
        except (OSError, AttributeError):
            return stream  # somebody else has put something of theirs there
        with contextlib.suppress(OSError):
            stream.flush()
    raw = _Lasting(descriptor)
    if stream is None:
        raw.failure = OSError(errno.EBADF, os.strerror(errno.EBADF))
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding, "backslashreplace", line_buffering=True
    )
