"""How far packaging has come."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is called with how far packaging has come, in the thread that packages."""

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """A phase begins that goes over so many files of so many bytes."""
        ...

    def advance(self, files: int, size_bytes: int) -> None:
        """So many more files, of so many bytes, are done."""
        ...


class NoProgress:
    """Shows nothing."""

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """See `Progress`."""

    def advance(self, files: int, size_bytes: int) -> None:
        """See `Progress`."""
