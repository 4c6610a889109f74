"""Asks Microsoft's runtime for Python to index an app and to answer a request.

The worker of Azure Functions has two halves. The one that talks gRPC with the host is
not on the index, and the host is a program of .NET: this stands in for both. It hands
over what they would, as far as the runtime reads it. The other half, which imports the
app, indexes its functions and calls them, is the real one.

Its arguments are the directories that are put before and behind the runtime's own on
`sys.path`, one each or "", and the directory of the app. It prints what came back.
"""

from __future__ import annotations

import asyncio
import json
import sys

from types import SimpleNamespace
from typing import Any


class _Messages:
    """Makes messages of any type, with the enumerations that the runtime asks for."""

    def __getattr__(self, kind: str) -> Any:
        def make(**fields: object) -> SimpleNamespace:
            return SimpleNamespace(**fields)

        values = {"Success": "success", "Failure": "failure", "out": 1, "inout": 2}
        for name, value in values.items():
            setattr(make, name, value)
        return make


class _Data(SimpleNamespace):
    """A message that says which of its fields is set."""

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - protobuf's
        (name,) = vars(self)
        return name


class _Binding(SimpleNamespace):
    """A parameter, with its data."""

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - protobuf's
        return "data"


def _request(**content: object) -> SimpleNamespace:
    properties = {"protos": _Messages(), "host": "127.0.0.1"}
    return SimpleNamespace(request=SimpleNamespace(**content), properties=properties)


def _called(function_id: str) -> SimpleNamespace:
    http = SimpleNamespace(
        method="GET",
        url="http://localhost/api/hello?name=Azure",
        headers={},
        query={"name": "Azure"},
        params={},
        identities=[],
        body=_Data(string=""),
    )
    trace = SimpleNamespace(trace_parent="", trace_state="", attributes={})
    retry = SimpleNamespace(retry_count=0, max_retry_count=0, exception=None)
    data = _Binding(name="req", data=_Data(http=http))
    return SimpleNamespace(
        invocation_id="1",
        function_id=function_id,
        trace_context=trace,
        retry_context=retry,
        trigger_metadata={},
        input_data=[data],
    )


async def main(directory: str) -> None:
    """Does what the host does when an app starts and is called."""
    from azure_functions_runtime import handle_event  # type: ignore[import-not-found]

    start = SimpleNamespace(capabilities={}, function_app_directory=directory)
    started = await handle_event.worker_init_request(
        _request(worker_init_request=start)
    )
    if started.result.status != "success":
        raise SystemExit(started.result.exception.stack_trace)
    indexed = await handle_event.functions_metadata_request(_request())
    (function,) = indexed.function_metadata_results
    answered = await handle_event.invocation_request(
        _request(invocation_request=_called(function.function_id))
    )
    if answered.result.status != "success":
        raise SystemExit(answered.result.exception.stack_trace)
    http = answered.return_value.http

    found = {
        "function": function.name,
        "status": http.status_code,
        "body": http.body.bytes.decode(),
        "pydantic": sys.modules["pydantic"].__file__,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    before, behind, app = sys.argv[1:]
    sys.path[:0] = [before] if before else []
    sys.path += [behind] if behind else []
    asyncio.run(main(app))
