"""A terminal to run commands in: a pseudo-terminal, and what its screen shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


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


def run_in_terminal(
    command: list[str],
    directory: Path,
    env: Mapping[str, str],
    columns: int = 80,
) -> Shown:
    """Runs a command with a terminal for all its streams."""
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as stream:
        try:
            size = struct.pack("HHHH", 24, columns, 0, 0)
            fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
            process = subprocess.Popen(
                command,
                cwd=directory,
                env=env,
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
            )
        finally:
            os.close(theirs)
        written = bytearray()
        while chunk := _read(stream.fileno()):
            written += chunk
        status = process.wait()
    raw = written.decode()
    return Shown(status, raw, screen(raw, columns))


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
