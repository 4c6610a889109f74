"""Verifies an archive: its handler is imported out of it, as Lambda will do it.

See docs/verify.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.packaging.verify.explaining.advice import failure
from poetry_plugin_package_function.packaging.verify.explaining.failed import Failure
from poetry_plugin_package_function.packaging.verify.flat_names import flat_names
from poetry_plugin_package_function.packaging.verify.importing import Task
from poetry_plugin_package_function.packaging.verify.importing import ending
from poetry_plugin_package_function.packaging.verify.importing import run
from poetry_plugin_package_function.packaging.verify.parsing import Modules
from poetry_plugin_package_function.packaging.verify.parsing import find
from poetry_plugin_package_function.packaging.verify.unpacking import size_bytes


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.verify.archives import Archives
    from poetry_plugin_package_function.packaging.verify.handler import Function
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace


class Limit(StrEnum):
    """A limit of Lambda's, or of the function's settings."""

    INIT = "init"
    TMP = "tmp"
    MEMORY = "memory"


class Judgement(NamedTuple):
    """What has been measured, against what there is.

    Attributes:
        limit: Which one.
        measured: Seconds for INIT, bytes for the others.
        allowed: What it has to stay below, in the same unit.
    """

    limit: Limit
    measured: float
    allowed: float

    @property
    def holds(self) -> bool:
        """Whether it stays below."""
        return self.measured < self.allowed


@dataclass(frozen=True)
class Verified:
    """What is known of a handler that Lambda will find.

    Attributes:
        handler: As it was asked for.
        unchecked: What could not be checked, and why, as sentences; "" if the handler
            has been imported. Where it has not, there are no figures.
        init_s: From the start of the interpreter until the handler was found, here.
        peak_bytes: The most memory that was resident meanwhile.
        tmp_bytes: What was left in `/tmp`, in whole blocks.
        unused: Distributions of which nothing was imported or read, ordered by name.
        judgements: One for each limit that there is a figure for.
    """

    handler: str
    unchecked: str = ""
    init_s: float | None = None
    peak_bytes: int | None = None
    tmp_bytes: int | None = None
    unused: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the handler has been imported, and not only been parsed."""
        return not self.unchecked


def verify(
    archives: Archives,
    function: Function,
    interpreter: Path | str | None,
    workspace: Workspace,
    *,
    provided: Sequence[Entry] = (),
    time_limit_s: float = 60.0,
) -> Verified:
    """Imports a handler out of the archives that were written, in a clean process.

    What Lambda brings and is not here, a host that is called and does not answer, or an
    interpreter that does not run here, is no error: then module and function are found
    by parsing, and the result says so.

    Args:
        archives: What packaging has written.
        function: What is to run in Lambda.
        interpreter: That of the virtual environment; None if it is another system's.
        workspace: Where the archives are unpacked.
        provided: The files of what replaces modules of Lambda's runtime.
        time_limit_s: When the process is ended.

    Raises:
        VerifyError: Lambda cannot import the handler; the text has the user's own
            traceback. Or the archives cannot be unpacked.
    """
    parsed = partial(_parsed, archives, function)
    if interpreter is None:
        return parsed("It was not imported, as the target is not this machine.")
    with workspace.unpacked(archives, provided) as place:
        task = Task(place, function, time_limit_s)
        try:
            outcome = run(interpreter, task)
        except OSError as error:
            return parsed(
                f"It was not imported: {interpreter} cannot be run here"
                f" ({error.strerror})."
            )
        if not outcome.has_started:
            return parsed(
                f"It was not imported: {interpreter} cannot be run here"
                f" ({ending(outcome.status)}). {outcome.output}".rstrip()
            )
        answer = outcome.answer
        if answer is None or "init_s" not in answer or not answer["callable"]:
            modules = Modules(archives.entries, archives.project)
            failed = Failure(modules, outcome, task, archives.origin)
            if why := failed.reason_to_parse(Modules(provided).names):
                return parsed(why)
            raise failure(failed)
        tmp_bytes = size_bytes(place.tmp_dir)
        used = frozenset(flat_names(answer["files"], place))
    return Verified(
        function.handler,
        init_s=answer["init_s"],
        peak_bytes=answer["peak_bytes"],
        tmp_bytes=tmp_bytes,
        unused=_unused(archives.entries, used),
        judgements=tuple(_judged(function, answer, tmp_bytes)),
    )


def _judged(
    function: Function, answer: Mapping[str, Any], tmp_bytes: int
) -> Iterator[Judgement]:
    if function.service is not None:
        limit_s = function.service.init_limit_s
        yield Judgement(Limit.INIT, answer["init_s"], limit_s)
    if function.tmp_bytes is not None:
        yield Judgement(Limit.TMP, tmp_bytes, function.tmp_bytes)
    if function.memory_mb is not None:
        yield Judgement(Limit.MEMORY, answer["peak_bytes"], function.memory_mb * MIB)


def _unused(entries: Iterable[Entry], names: frozenset[str]) -> tuple[str, ...]:
    """Finds whose files nobody has opened; metadata is read for many reasons."""
    owners = {
        entry.name: entry.distribution
        for entry in entries
        if entry.distribution is not None
        and not entry.name.partition("/")[0].endswith(".dist-info")
    }
    used = {owners[name] for name in names & owners.keys()}
    return tuple(sorted({*owners.values()} - used))


def _parsed(archives: Archives, function: Function, reason: str) -> Verified:
    """Finds a handler by parsing.

    Args:
        archives: What packaging has written.
        function: What is to run in Lambda.
        reason: Why no more can be done.

    Raises:
        VerifyError: See `parsing.find`.
    """
    modules = Modules(archives.entries, archives.project)
    unseen = find(function.handler, modules, function.python)
    return Verified(
        function.handler,
        f"{reason} Module and function were looked for by parsing. {unseen}".rstrip(),
    )
