"""Verifies an archive: its handler is imported out of it, as Lambda will do it.

See docs/verify.md.
"""

from __future__ import annotations

import os
import time

from dataclasses import dataclass
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.packaging.sources.distributions import is_metadata
from poetry_plugin_package_function.packaging.verify.event_call import called_with_event
from poetry_plugin_package_function.packaging.verify.explaining.advice import failure
from poetry_plugin_package_function.packaging.verify.explaining.failed import Failure
from poetry_plugin_package_function.packaging.verify.explaining.unset import line_for
from poetry_plugin_package_function.packaging.verify.flat_names import flat_names
from poetry_plugin_package_function.packaging.verify.flat_names import names_by_path
from poetry_plugin_package_function.packaging.verify.importing import Task
from poetry_plugin_package_function.packaging.verify.importing import ending
from poetry_plugin_package_function.packaging.verify.importing import run
from poetry_plugin_package_function.packaging.verify.init_figures import Files
from poetry_plugin_package_function.packaging.verify.init_figures import Measured
from poetry_plugin_package_function.packaging.verify.init_figures import Row
from poetry_plugin_package_function.packaging.verify.init_figures import init_of
from poetry_plugin_package_function.packaging.verify.init_figures import paths_in
from poetry_plugin_package_function.packaging.verify.measuring import Run
from poetry_plugin_package_function.packaging.verify.measuring import runs_of
from poetry_plugin_package_function.packaging.verify.parsing import Modules
from poetry_plugin_package_function.packaging.verify.parsing import find


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.verify.archives import Archives
    from poetry_plugin_package_function.packaging.verify.event_call import Called
    from poetry_plugin_package_function.packaging.verify.handler import Function
    from poetry_plugin_package_function.packaging.verify.init import Init
    from poetry_plugin_package_function.packaging.verify.measuring import Runs
    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace


_MOST_TRIES: Final = 10
"""Each finds at least one variable more, and as a rule all that a module reads."""


class Limit(StrEnum):
    """A limit of Lambda's, or of the function's settings."""

    INIT = "init"
    TMP = "tmp"
    MEMORY = "memory"
    EVENT_MEMORY = "event-memory"


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
        unused: Distributions of which nothing was imported or read, ordered by name;
            by the call neither, if there was one.
        judgements: One for each limit that there is a figure for.
        made_up: Variables that the import has to have and that nobody has set, in the
            order in which it has asked for them: their names were their values.
        advice: The line that gives variables the values that they need; "" if none do.
        init: Where INIT went.
        event: What is known of its call; None if there was none.
        init_files: What of the archive was opened until then, as it is called in a flat
            one.
        event_files: The same until the end of the call; empty if nothing was called.
    """

    handler: str
    unchecked: str = ""
    init_s: float | None = None
    peak_bytes: int | None = None
    tmp_bytes: int | None = None
    unused: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    made_up: tuple[str, ...] = ()
    advice: str = ""
    init: Init | None = None
    event: Called | None = None
    init_files: frozenset[str] = frozenset()
    event_files: frozenset[str] = frozenset()

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
    by parsing, and the result says so. Nor is a variable that nobody has set, as the
    deployment may do that: with a made-up value for it the import is tried again.

    Args:
        archives: What packaging has written.
        function: What is to run in Lambda.
        interpreter: That of the virtual environment; None if it is another system's.
        workspace: Where the archives are unpacked.
        provided: The files of what replaces modules of Lambda's runtime.
        time_limit_s: When the process is ended; it is for all tries together.

    Raises:
        VerifyError: Lambda cannot import the handler; the text has the user's own
            traceback. Or the archives cannot be unpacked.
    """
    began_s = time.monotonic()
    if interpreter is None:
        why = "It was not imported, as the target is not this machine."
        return _parsed(archives, function, why)
    others = Modules(provided).names
    made_up: tuple[str, ...] = ()
    spent_s = 0.0
    for _ in range(_MOST_TRIES):
        unknown = function.unknown_variables.union(made_up)
        known = replace(function, unknown_variables=unknown)
        with workspace.unpacked(archives, provided) as place:
            started_s = time.monotonic()
            task = Task(place, known, time_limit_s - spent_s)
            found = _attempt(archives, task, interpreter, others, began_s)
            spent_s += time.monotonic() - started_s
        missing = found.missing(others) if isinstance(found, Failure) else ()
        made_up += missing
        if not missing or spent_s > time_limit_s / 2:  # the next one takes as long
            break
    needed = made_up
    if isinstance(found, Failure):
        excuse = found.excuse(others)
        if not excuse.why:
            raise failure(found)
        needed = tuple(dict.fromkeys((*made_up, *excuse.variables)))
        found = _parsed(archives, function, excuse.why)
    advice = line_for(needed, function.variables) if needed else ""
    return replace(found, made_up=made_up, advice=advice)


def _attempt(
    archives: Archives,
    task: Task,
    interpreter: Path | str,
    others: Iterable[str],
    began_s: float,
) -> Verified | Failure:
    """Imports a handler, or finds it by parsing if no process can be started.

    Args:
        archives: What packaging has written.
        task: What is to be done.
        interpreter: What does it.
        others: The modules that stand for those of Lambda's runtime.
        began_s: When verifying began: to measure again is cheap, or it is not.

    Raises:
        VerifyError: See `parsing.find`.
    """
    function = task.function
    refused = f"It was not imported: {interpreter} cannot be run here"
    try:
        outcome = run(interpreter, task)
    except OSError as error:
        return _parsed(archives, function, f"{refused} ({error.strerror}).")
    if not outcome.has_started:
        why = f"{refused} ({ending(outcome.status)}). {outcome.output}"
        return _parsed(archives, function, why.rstrip())
    answer = outcome.answer
    if answer is None or "init_s" not in answer or not answer["callable"]:
        modules = Modules(archives.entries, archives.project)
        return Failure(modules, outcome, task, archives.origin)
    called = called_with_event(archives, task, outcome, others)
    used = frozenset(flat_names(answer["files"], task.place))
    unread = frozenset(flat_names(answer["unread"], task.place))
    extracted = frozenset(_extracted(answer["extracted"], task.place))
    later = frozenset(flat_names(answer.get("event_files", ()), task.place))
    once = replace(task, function=replace(function, event=None))
    first = Run(once, answer, called=bool(outcome.hosts))
    runs = runs_of(interpreter, first, time.monotonic() - began_s)
    return Verified(
        function.handler,
        init_s=runs.median.init_s,
        peak_bytes=answer["peak_bytes"],
        tmp_bytes=answer["tmp_bytes"],
        unused=_unused(archives.entries, used | later),
        judgements=tuple(_judged(function, runs.median.init_s, answer)),
        init=_init(archives, runs, used - unread, extracted),
        event=called,
        init_files=used,
        event_files=later,
    )


def _init(
    archives: Archives, runs: Runs, read: frozenset[str], extracted: frozenset[str]
) -> Init:
    """Makes figures of the run that has the median of INIT."""
    answer, place = runs.median.answer, runs.median.task.place
    rows = tuple(Row(*each) for each in answer["imports"])
    files = Files(
        names=names_by_path({*paths_in(rows)}, place),
        owners={each.name: each.distribution or "" for each in archives.entries},
        sizes={each.name: each.size_bytes for each in archives.entries},
        own=frozenset(("", archives.project or "")),
        read=read,
        extracted=extracted,
    )
    measured = Measured(answer["init_s"], answer["start_s"], rows)
    found = init_of(measured, files)
    return replace(found, runs=runs.count, empty_s=runs.empty_s)


def _extracted(directories: Iterable[str], place: Unpacked) -> Iterator[str]:
    """Lists the files that the loader has put into directories in `/tmp`."""
    for directory in directories:
        for parent, _, names in os.walk(os.path.join(place.tmp_dir, directory)):
            paths = (os.path.join(parent, name) for name in names)
            yield from flat_names(
                (each for each in paths if not os.path.islink(each)), place
            )


def _judged(
    function: Function, init_s: float, answer: Mapping[str, Any]
) -> Iterator[Judgement]:
    after = answer.get("call", answer)
    if function.service is not None:
        yield Judgement(Limit.INIT, init_s, function.service.init_limit_s)
    if function.tmp_bytes is not None:
        yield Judgement(Limit.TMP, after["tmp_bytes"], function.tmp_bytes)
    if function.memory_mb is not None:
        memory = Judgement(Limit.MEMORY, answer["peak_bytes"], function.memory_mb * MIB)
        yield memory
        if memory.holds and after is not answer:
            yield Judgement(Limit.EVENT_MEMORY, after["peak_bytes"], memory.allowed)


def _unused(entries: Iterable[Entry], names: frozenset[str]) -> tuple[str, ...]:
    """Finds whose files nobody has opened; metadata is read for many reasons."""
    owners = {
        entry.name: entry.distribution
        for entry in entries
        if entry.distribution is not None and not is_metadata(entry.name)
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
    if function.event:
        reason += f" So {function.event.name} was not sent to it."
    return Verified(
        function.handler,
        f"{reason} Module and function were looked for by parsing. {unseen}".rstrip(),
    )
