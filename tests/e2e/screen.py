"""A terminal to run commands in: a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.running import LIMIT_S


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.running import Process


_PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|([\r\n])|([^\x1b\r\n]+)")


@dataclass(frozen=True)
class Shown:
    """What a process wrote to a terminal.

    Attributes:
        status: Its exit status.
        raw: All that it wrote.
        lines: What stands on the screen in the end, without colours.
    """

    status: int
    raw: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Terminal:
    """A pseudo-terminal.

    Attributes:
        streams: All three of the process that is to run in it.
        columns: How wide it is.
    """

    streams: tuple[int, int, int]
    columns: int
    _ours: int

    def shown(self, process: Process) -> Shown:
        """Reads what a process writes until it ends."""
        os.close(self.streams[0])  # or it would never be closed
        written = bytearray()
        while chunk := _read(self._ours):
            written += chunk
        raw = written.decode()
        return Shown(process.wait(LIMIT_S), raw, screen(raw, self.columns))


@contextmanager
def terminal(columns: int = 80) -> Iterator[Terminal]:
    """Opens a terminal for one process."""
    ours, theirs = pty.openpty()
    try:
        size = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        yield Terminal((theirs, theirs, theirs), columns, ours)
    finally:
        os.close(ours)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux says EIO when the other side is closed
        return b""


def screen(raw: str, columns: int) -> tuple[str, ...]:
    """The lines of an endless screen after all was written to it.

    Raises:
        ValueError: A control sequence is used that this terminal does not know.
    """
    lines: list[list[str]] = [[]]
    row = column = 0
    for match in _PIECES.finditer(raw):
        parameter, command, control, text = match.groups()
        if text:
            row, column = _write(lines, row, column, text, columns)
        elif control == "\r":
            column = 0
        elif control == "\n":
            row += 1
            _reach(lines, row, 0)
        elif command == "A":
            row = max(row - int(parameter or 1), 0)
        elif f"{parameter}{command}" in ("K", "0K", "J", "0J"):
            del lines[row][column:]
            if command == "J":
                del lines[row + 1 :]
        elif command not in "mhl":
            raise ValueError(f"The terminal does not know {match[0]!r}.")
    return tuple("".join(line).rstrip() for line in lines)


def _write(
    lines: list[list[str]], row: int, column: int, text: str, columns: int
) -> tuple[int, int]:
    for character in text:
        if column == columns:
            row, column = row + 1, 0
        _reach(lines, row, column)
        lines[row][column : column + 1] = [character]
        column += 1
    return row, column


def _reach(lines: list[list[str]], row: int, column: int) -> None:
    while len(lines) <= row:
        lines.append([])
    lines[row].extend(" " * (column - len(lines[row])))
