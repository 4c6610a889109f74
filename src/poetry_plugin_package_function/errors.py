"""Every error that a user can meet, each with what to try next."""

from __future__ import annotations

import errno
import os

from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence


class PackageFunctionError(Exception):
    """Something that the user can fix.

    Args:
        reason: What is wrong, with the measured number and the limit where there are
            any: a line, or several. A line break within a line is a part of a name, and
            shown as such.
        hint: What to try next: a line.

    Attributes:
        lines: The reason's.
        details: Lines that are for -v.
        is_named: Whether these say which of several functions they are about.
    """

    exit_status = 1

    def __init__(self, reason: str | Sequence[str], hint: str = "") -> None:
        self.lines = (reason,) if isinstance(reason, str) else tuple(reason)
        self.hint = hint
        self.details: tuple[str, ...] = ()
        self.is_named = False
        super().__init__(self.reason)

    @property
    def reason(self) -> str:
        """All lines, as they are: not yet fit to be shown."""
        return "\n".join(self.lines)


class ConfigError(PackageFunctionError):
    """Options or settings that are unknown, malformed or exclude each other."""

    exit_status = 2


class SourceDateEpochError(PackageFunctionError):
    """`SOURCE_DATE_EPOCH` is not a time that a ZIP can hold."""

    exit_status = 2


class SourceError(PackageFunctionError):
    """What is to be packaged is missing, broken, or cannot work on Lambda."""


class ChangedSourceError(SourceError):
    """A wheel has changed while it was being used."""


class BundleError(PackageFunctionError):
    """The virtual environment could not be built."""


class ToolError(PackageFunctionError):
    """A program that is needed is not on this machine."""


class OutputError(PackageFunctionError):
    """The archive or the report could not be written."""


class PackageTooLargeError(PackageFunctionError):
    """Neither the files nor their nested ZIP fit into what Lambda unzips."""


class BudgetError(PackageFunctionError):
    """What has been packaged is larger than the user lets it be."""


class StrictError(PackageFunctionError):
    """There are warnings, and the user wants none."""


class IncompatibleTargetError(PackageFunctionError):
    """Something in the package cannot work on its target."""


class VerifyError(PackageFunctionError):
    """The handler cannot be imported out of the package."""


class LostReportError(PackageFunctionError):
    """All is written, but what was to be printed for a program has been lost."""

    exit_status = 3


class MachineError(PackageFunctionError):
    """The system has refused something that no other error knows of."""


class InterruptedBySignal(PackageFunctionError):  # noqa: N818 - not a fault
    """The user, or the machine that runs the job, has asked to stop.

    Args:
        reason: Which signal it was, and what has been done until then.
        number: The signal's. The exit status is what a shell makes of it: 130 for
            SIGINT, 143 for SIGTERM, 129 for SIGHUP.
    """

    def __init__(self, reason: str, number: int) -> None:
        super().__init__(reason)
        self.exit_status = 128 + number


def of_system(error: OSError) -> tuple[str, str]:
    """Puts an error of the system into a sentence, without its end, and a hint."""
    reason = error.strerror or str(error)
    if error.filename is not None:
        reason = f"{os.fsdecode(error.filename)}: {reason}"
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return reason, ""
    import tempfile  # what few need is imported when it is needed

    place = tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")  # noqa: S108
    return reason, (
        f"Free some space. Temporary files are in {place}: set TMPDIR to a directory"
        " that has more."
    )


@contextmanager
def no_traceback() -> Iterator[None]:
    """Makes a sentence of what the system refuses: that is no defect of ours.

    Raises:
        MachineError: A disk is full, a name is too long, a device is broken, ...
    """
    try:
        yield
    except OSError as error:
        reason, hint = of_system(error)
        raise MachineError(f"{reason}.", hint) from None


@contextmanager
def naming(function: str | None) -> Iterator[None]:
    """Adds to errors which of several functions they are about, unless they say so."""
    try:
        yield
    except PackageFunctionError as error:
        if function is not None and not error.is_named:
            first, *others = error.lines
            error.lines = (f"{function}: {first}", *others)
            error.is_named = True
        raise
