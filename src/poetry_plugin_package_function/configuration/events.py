"""The event that a handler is called with: read, and found to be what Lambda takes."""

from __future__ import annotations

import json
import stat
import sys

from functools import cache
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final
from typing import NamedTuple
from typing import NoReturn

from poetry_plugin_package_function.configuration.values import RefusedError
from poetry_plugin_package_function.configuration.values import read_path_as_given
from poetry_plugin_package_function.configuration.values import read_text
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.screen import shown_path
from poetry_plugin_package_function.services import TIMEOUTS_S


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.configuration.values import Source


LIMIT_BYTES: Final = 6 * MIB
"""What a request to Lambda may have, if its answer is waited for.

Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_STDIN: Final = "-"


class Event(NamedTuple):
    """An event.

    Attributes:
        name: What it is called in messages: the path of its file.
        content: JSON, in UTF-8.
    """

    name: str
    content: bytes


def read_event(value: object, source: Source) -> Event:
    """Reads the event that a path leads to, or standard input if that is "-"."""
    text = read_text(value, source)
    if text == _STDIN:
        if not source.label.startswith("--"):
            raise RefusedError(
                "standard input is for the command line (--event=-). Name a file."
            )
        if sys.stdin is None:
            raise RefusedError("standard input is closed.")
        event = Event("standard input", _all_of(sys.stdin.buffer))
    else:
        event = _in_file(read_path_as_given(value, source))
    size_bytes = len(event.content)
    if size_bytes > LIMIT_BYTES:
        raise RefusedError(
            f"{event.name} has {megabytes(size_bytes)}; Lambda takes"
            f" {limit(LIMIT_BYTES)} at most."
        )
    try:
        json.loads(event.content.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise RefusedError(f"{event.name} is no JSON: {error}.") from None
    return event


def read_timeout(value: object, _: Source) -> int:
    """Reads how long a function may take for an event, in seconds."""
    text = str(value)
    if text.isascii() and text.isdigit() and int(text) in TIMEOUTS_S:
        return int(text)
    raise RefusedError(
        f"expected seconds from {TIMEOUTS_S[0]} to {TIMEOUTS_S[-1]}, got {value!r}."
    )


def _in_file(path: Path) -> Event:
    name = shown_path(path)
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            return Event(name, _content(path))
        return Event(name, _content_of_pipe(path, status.st_dev, status.st_ino))
    except OSError as error:
        raise RefusedError(f"{name} cannot be read: {error.strerror}.") from None
    except ValueError as error:  # a NUL
        raise RefusedError(f"{name!r} is not a path: {error}.") from None


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMIT_BYTES + 1)


# Each function asks for it, and what is no file can be read once: <(…), /dev/stdin.
@cache
def _content_of_pipe(path: Path, _device: int, _inode: int) -> bytes:
    return _content(path)


@cache  # as above
def _all_of(stream: BinaryIO) -> bytes:
    return stream.read()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is Python's own")
