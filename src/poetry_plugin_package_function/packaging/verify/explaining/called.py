"""What a call of a handler means that has not ended well: an error with advice."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.verify.explaining.advice import known_hint
from poetry_plugin_package_function.packaging.verify.explaining.advice import (
    with_output,
)
from poetry_plugin_package_function.packaging.verify.explaining.calling import (
    name_of_host,
)
from poetry_plugin_package_function.packaging.verify.importing import ending
from poetry_plugin_package_function.packaging.verify.invocation import RESULT_BYTES
from poetry_plugin_package_function.services import TIMEOUTS_S


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.verify.explaining.failed import (
        Failure,
    )


def has_returned(answer: dict[str, Any] | None) -> bool:
    """Whether a call has had a result that Lambda takes."""
    return (
        answer is not None
        and "result" in answer
        and answer["result_bytes"] <= RESULT_BYTES
    )


def call_failure(failed: Failure) -> VerifyError:
    """Makes the error for a call that would have failed on Lambda, too.

    Args:
        failed: Its outcome is that of the call.
    """
    answer = failed.outcome.answer
    if answer is None:
        reason, hint = _ended(failed)
    elif "error" in answer:
        reason, hint = _raised(failed, answer["error"])
    elif "unfit" in answer:
        reason, hint = _unfit(answer)
    else:
        reason = (
            f"its result has {megabytes(answer['result_bytes'])}; Lambda takes"
            f" {limit(RESULT_BYTES)} at most"
        )
        hint = "Return less, or where it is: an address in S3."
    function = failed.task.function
    event = function.event.name if function.event else ""
    error = VerifyError(f"{function.handler} failed with {event}: {reason}", hint)
    return with_output(error, failed.outcome.output, failed.task.place)


def _raised(failed: Failure, error: dict[str, Any]) -> tuple[str, str]:
    hint = known_hint(failed, error)
    if hint:
        pass
    elif error["kind"] == "SystemExit":
        hint = (
            "Return from the handler: sys.exit ends Lambda's client, too"
            " (Runtime.ExitError)."
        )
    else:
        hint = "Fix what the traceback shows, or the event."
        if failed.outcome.hosts:
            hint += f" It has called {name_of_host(failed.outcome.hosts)} before."
    return f"{error['text']}\n\n{error['trace']}".rstrip(), hint


def _unfit(answer: dict[str, Any]) -> tuple[str, str]:
    reason = f"Unable to marshal response: {answer['unfit']} (Runtime.MarshalError)"
    if answer["kind"] == "coroutine":
        return reason, (
            "Lambda awaits nothing: make the handler a `def` that returns"
            " asyncio.run(…) of what is `async`."
        )
    what = f"what is at result{answer['where']}" if answer["where"] else "the result"
    return reason, f"Make text, numbers, lists or dicts of {what}."


def _ended(failed: Failure) -> tuple[str, str]:
    """Words for a process that said nothing any more."""
    outcome = failed.outcome
    status, timeout_s = outcome.status, failed.task.function.timeout_s
    if outcome.has_timed_out:
        how = f"it takes longer than the function's time-out of {timeout_s} s"
        hint = _faster_or_longer(timeout_s)
    elif status is not None and status >= 0:
        how, hint = ending(status), "Return from the handler: do not call os._exit."
    elif outcome.was_killed:
        how, hint = ending(status), "Has this machine run out of memory? Load less."
    else:
        how = ending(status)
        hint = (
            "Native code has crashed: try another version of the distribution that the"
            " trace shows, or another wheel of it."
        )
    return f"{how}.\n\n{outcome.trace}".rstrip(), hint


def _faster_or_longer(timeout_s: int) -> str:
    """Suggests a time-out that is ten times as long, as far as Lambda has that."""
    most_s = TIMEOUTS_S[-1]
    if timeout_s >= most_s:
        return f"Lambda allows no more than {most_s} s: do less in one call."
    longer_s = min(timeout_s * 10, most_s)
    return f"If it may take longer, say how long: --timeout {longer_s}."
