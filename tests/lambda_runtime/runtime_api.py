"""Lambda's Runtime API on loopback, for one client that does one thing at a time.

The API keeps a log of what the client did, each entry a frozen dataclass. The runner
reads on in the log and never asks the server what state it is in.
"""

from __future__ import annotations

import threading
import time

from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from typing import Any
from typing import Self
from typing import cast


if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_PREFIX = "/2018-06-01/runtime"
_POLL_S = 0.02  # how long closing the server may take
ARN = "arn:aws:lambda:us-east-1:123456789012:function:function"


@dataclass(frozen=True)
class Asked:
    """The client asked for the next event; the first time, INIT is over."""

    at_s: float


@dataclass(frozen=True)
class Answered:
    """The client answered an event, or reported that the handler failed."""

    at_s: float
    request_id: str
    failed: bool
    content_type: str
    body: bytes


@dataclass(frozen=True)
class InitFailed:
    """The client reported that the handler could not be imported."""

    at_s: float
    body: bytes


@dataclass(frozen=True)
class Exited:
    """The client's process is gone; a negative status is a signal's number."""

    at_s: float
    status: int


Report = Asked | Answered | InitFailed | Exited


@dataclass(frozen=True)
class Invocation:
    """One event on its way to the client."""

    request_id: str
    body: bytes
    deadline_ms: int


class RuntimeApi:
    """The server, as a context manager, with the log of what the client did."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._reports: list[Report] = []
        self._pending: Invocation | None = None
        self._closed = False
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """What `AWS_LAMBDA_RUNTIME_API` has to be."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    @property
    def reports(self) -> tuple[Report, ...]:
        """All that the client did so far."""
        with self._changed:
            return tuple(self._reports)

    def wait(self, position: int, timeout_s: float) -> Report | None:
        """The report at `position` of the log; None if it does not come in time."""
        with self._changed:
            if self._changed.wait_for(lambda: len(self._reports) > position, timeout_s):
                return self._reports[position]
            return None

    def record(self, report: Report) -> None:
        """Append to the log."""
        with self._changed:
            self._reports.append(report)
            self._changed.notify_all()

    def send(self, invocation: Invocation) -> float:
        """Give an event to the client that has asked for one; when it was sent."""
        with self._changed:
            self._pending = invocation
            self._changed.notify_all()
            return time.perf_counter()

    def next_invocation(self, asked_at_s: float) -> Invocation | None:
        """What the server answers to `next`, once there is something; None: closed."""
        self.record(Asked(asked_at_s))
        with self._changed:
            self._changed.wait_for(lambda: self._pending is not None or self._closed)
            invocation, self._pending = self._pending, None
            return invocation


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that was killed breaks its connections."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet an answer: with header and body in two, Nagle's algorithm and a
    # delayed acknowledgement would add 40 ms.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _api(self) -> RuntimeApi:
        return cast("_Server", self.server).api

    def do_GET(self) -> None:
        at_s = time.perf_counter()
        if self.path == f"{_PREFIX}/restore/next":  # SnapStart: restored at once
            self._reply(HTTPStatus.OK, b"", {})
        elif self.path == f"{_PREFIX}/invocation/next":
            invocation = self._api.next_invocation(at_s)
            if invocation is None:
                self.close_connection = True
                return
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": ARN,
            }
            self._reply(HTTPStatus.OK, invocation.body, headers)
        else:
            self._reply(HTTPStatus.NOT_FOUND, b"{}", {})

    def do_POST(self) -> None:
        at_s = time.perf_counter()
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match self.path.removeprefix(f"{_PREFIX}/").split("/"):
            case ["init" | "restore", "error"]:
                self._api.record(InitFailed(at_s, body))
            case ["invocation", request_id, "response" | "error" as kind]:
                self._api.record(
                    Answered(
                        at_s,
                        request_id,
                        failed=kind == "error",
                        content_type=self.headers.get("Content-Type", ""),
                        body=body,
                    )
                )
            case _:
                self._reply(HTTPStatus.NOT_FOUND, b"{}", {})
                return
        self._reply(HTTPStatus.ACCEPTED, b'{"status": "OK"}', {})

    def _reply(
        self, status: HTTPStatus, body: bytes, headers: Mapping[str, str]
    ) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep the console clean."""
