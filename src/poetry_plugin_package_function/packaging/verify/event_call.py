"""How the call of a handler with an event has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.verify.explaining.advice import (
    as_on_lambda,
)
from poetry_plugin_package_function.packaging.verify.explaining.called import (
    call_failure,
)
from poetry_plugin_package_function.packaging.verify.explaining.called import (
    has_returned,
)
from poetry_plugin_package_function.packaging.verify.explaining.failed import Failure
from poetry_plugin_package_function.packaging.verify.explaining.unset import line_for
from poetry_plugin_package_function.packaging.verify.parsing import Modules


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.verify.archives import Archives
    from poetry_plugin_package_function.packaging.verify.importing import Outcome
    from poetry_plugin_package_function.packaging.verify.importing import Task


@dataclass(frozen=True)
class Called:
    """What is known of a handler's call with an event.

    Attributes:
        event: What the event is called: the path of its file.
        unchecked: Why the call says nothing of the archive, as sentences; "" if the
            handler has returned. Where it has not, there are no figures.
        duration_s: What the call has taken, here.
        peak_bytes: The most memory that was resident until its end, INIT included.
        tmp_bytes: What was in `/tmp` then beyond what INIT had left there, in whole
            blocks.
        result: The start of what Lambda's client would send: JSON, most often.
        result_bytes: The size of all of it.
        output: The last lines that were written meanwhile.
    """

    event: str
    unchecked: str = ""
    duration_s: float | None = None
    peak_bytes: int | None = None
    tmp_bytes: int | None = None
    result: str = ""
    result_bytes: int | None = None
    output: str = ""


def called_with_event(
    archives: Archives, task: Task, outcome: Outcome, provided: Iterable[str]
) -> Called | None:
    """Judges how the call of a handler ended; None if there was none to be.

    Raises:
        VerifyError: It would have failed on Lambda, too.
    """
    event, ended = task.function.event, outcome.call
    if event is None or ended is None:
        return None
    found = ended.answer
    output = as_on_lambda(ended.output, task.place)
    if found is None or not has_returned(found):
        modules = Modules(archives.entries, archives.project)
        failed = Failure(modules, ended, task, archives.origin)
        excuse = failed.excuse(provided)
        if not excuse.why:
            raise call_failure(failed)
        why = as_on_lambda(excuse.why, task.place)
        if excuse.variables:
            why += f" {line_for(excuse.variables, task.function.variables)}"
        return Called(event.name, why, output=output)
    init = outcome.answer or {}
    return Called(
        event.name,
        duration_s=found["duration_s"],
        peak_bytes=found["peak_bytes"],
        tmp_bytes=max(0, found["tmp_bytes"] - init["tmp_bytes"]),
        result=as_on_lambda(found["result"], task.place),
        result_bytes=found["result_bytes"],
        output=output,
    )
