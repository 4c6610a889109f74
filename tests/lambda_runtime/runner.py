"""Runs a function: starts the client, feeds it events, ends it, says what it saw."""

from __future__ import annotations

import json
import os
import signal
import time
import uuid

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.lambda_runtime.client_process import GRACE_S
from tests.lambda_runtime.client_process import running
from tests.lambda_runtime.runtime_api import Answered
from tests.lambda_runtime.runtime_api import Asked
from tests.lambda_runtime.runtime_api import Exited
from tests.lambda_runtime.runtime_api import InitFailed
from tests.lambda_runtime.runtime_api import Invocation


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from tests.lambda_runtime.client_process import Client
    from tests.lambda_runtime.runtime_api import Report

_TAIL_CHARS = 3000


class LambdaTimeoutError(TimeoutError):
    """INIT or an invocation took longer than it may; the client has been ended."""

    def __init__(self, phase: str, limit_s: float, stdout: str, stderr: str) -> None:
        super().__init__(
            f"{phase} took longer than {limit_s:g} s.\n"
            f"stdout: {stdout[-_TAIL_CHARS:]}\nstderr: {stderr[-_TAIL_CHARS:]}"
        )
        self.phase = phase
        self.limit_s = limit_s
        self.stdout = stdout
        self.stderr = stderr


@dataclass(frozen=True)
class Result:
    """What came back for one event: a value, or the payload of an error.

    `value` is the decoded JSON, or the bytes that a handler returned as they were.
    """

    value: object
    error: dict[str, object] | None
    duration_s: float


@dataclass(frozen=True)
class Outcome:
    """What one execution environment did.

    `init_s` runs from the spawn to the first request for an event; None if INIT
    failed. After an event in which the process died, no further event is sent, so
    `results` may be shorter than the events. `exit_status` is what the process did of
    itself: None when it was waiting for another event and was ended from here.
    `tmp_bytes` is the sum of the sizes of the files in its `/tmp`.
    """

    init_s: float | None
    results: tuple[Result, ...]
    init_error: dict[str, object] | None
    stdout: str
    stderr: str
    exit_status: int | None
    peak_rss_bytes: int | None
    tmp_bytes: int


def run(
    task_root: Path,
    handler: str,
    events: Sequence[object],
    *,
    client_python: Path,
    tmp_dir: Path,
    env: Mapping[str, str] = {},
    init_timeout_s: float = 60,
    invoke_timeout_s: float = 60,
    pythonpath_front: Path | None = None,
    layers_root: Path | None = None,
) -> Outcome:
    """Run INIT, send the events one after another, end the client.

    `env` is the function's configuration: it adds to Lambda's own variables.
    `pythonpath_front` stands before the task root on `sys.path`. `layers_root` has what
    layers unpack to; the process sees it as `/opt` where that can be had (`layers`). Of
    this process's environment nothing is passed on. `LambdaTimeoutError` if a time
    limit is passed.
    """
    with running(
        task_root,
        handler,
        client_python=client_python,
        tmp_dir=tmp_dir,
        env=env,
        pythonpath_front=pythonpath_front,
        layers_root=layers_root,
    ) as client:
        first = _report(client, 0, init_timeout_s, "INIT")
        init_error: dict[str, object] | None = None
        results: tuple[Result, ...] = ()
        if isinstance(first, Asked):
            results = tuple(_results(client, events, invoke_timeout_s))
        elif isinstance(first, InitFailed):
            init_error = json.loads(first.body)
            client.wait(GRACE_S)
        elif isinstance(first, Exited):
            init_error = _exit_error(first.status)
        ended = client.stop()
        return Outcome(
            init_s=first.at_s - client.started_s if isinstance(first, Asked) else None,
            results=results,
            init_error=init_error,
            stdout=client.stdout(),
            stderr=client.stderr(),
            exit_status=ended.exit_status,
            peak_rss_bytes=ended.peak_rss_bytes,
            tmp_bytes=_size_bytes(tmp_dir),
        )


def _results(
    client: Client, events: Sequence[object], timeout_s: float
) -> Iterator[Result]:
    # The log is Asked, then Answered and Asked for each event, until Exited.
    for number, event in enumerate(events):
        phase = f"the invocation with event {number + 1} of {len(events)}"
        invocation = Invocation(
            request_id=str(uuid.uuid4()),
            body=json.dumps(event).encode(),
            deadline_ms=int((time.time() + timeout_s) * 1000),
        )
        sent_s = client.api.send(invocation)
        report = _report(client, 2 * number + 1, timeout_s, phase)
        duration_s = report.at_s - sent_s
        if isinstance(report, Exited):
            yield Result(None, _exit_error(report.status), duration_s)
            return
        assert isinstance(report, Answered), report
        if report.failed:
            yield Result(None, json.loads(report.body), duration_s)
        elif report.content_type.startswith("application/json"):
            yield Result(json.loads(report.body), None, duration_s)
        else:
            yield Result(report.body, None, duration_s)
        following = _report(client, 2 * number + 2, timeout_s, f"what followed {phase}")
        if isinstance(following, Exited):
            return


def _report(client: Client, position: int, timeout_s: float, phase: str) -> Report:
    report = client.api.wait(position, timeout_s)
    if report is None:
        raise LambdaTimeoutError(phase, timeout_s, client.stdout(), client.stderr())
    return report


def _exit_error(status: int) -> dict[str, object]:
    """What Lambda answers for a runtime that is gone."""
    how = (
        f"signal: {signal.Signals(-status).name}"
        if status < 0
        else f"exit status {status}"
    )
    return {
        "errorMessage": f"Error: Runtime exited with error: {how}",
        "errorType": "Runtime.ExitError",
        "stackTrace": [],
    }


def _size_bytes(directory: Path) -> int:
    return sum(
        os.lstat(os.path.join(parent, name)).st_size
        for parent, _, names in os.walk(directory)
        for name in names
    )
