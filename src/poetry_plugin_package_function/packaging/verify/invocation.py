"""Calls a handler with an event as Lambda's client does.

The verifier runs it, in the process that has imported the handler, and only if there is
an event. As the verifier it uses nothing but what Lambda's client has imported.
What the client is: awslambdaric 4.2.2, `bootstrap.py`, `lambda_context.py` and
`lambda_runtime_marshaller.py`, in
https://github.com/aws/aws-lambda-python-runtime-interface-client
"""

from __future__ import annotations

import decimal
import json
import logging
import math
import os
import sys
import time


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


REQUEST_ID = "5e1f0000-0000-4000-8000-000000000001"
"""Always the same one, so that what a handler makes of it is, too."""

TRACE_ID = "Root=1-5e1f0000-000000000000000000000001;Parent=0000000000000001;Sampled=0"
"""Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html"""

RESULT_BYTES = 6 * 1024 * 1024 + 100
"""What Lambda takes of a result: "maximum allowed payload size (6291556 bytes)"."""

MOST_SHOWN = 64 * 1024
"""How many characters of the result are passed on."""

UNICODE = tuple(f"AWS_Lambda_python3.{minor}" for minor in range(12, 16))
"""Where the client does not escape what is no ASCII."""


def invoke(handler: Callable[[Any, Any], Any], task: dict[str, Any]) -> dict[str, Any]:
    """Calls a handler once.

    Args:
        handler: It has been imported.
        task: `event` is the file that has it, `timeout_s` the function's.

    Returns:
        `duration_s`; `result`, the start of what the client would send, and
        `result_bytes`, the size of all of it; or, in their place, `raised`, the
        exception, or `unfit`, why the result could not be sent, and `where` it is not.
    """
    with open(task["event"], "rb") as file:
        event = json.loads(file.read().decode())
    os.environ["_X_AMZN_TRACE_ID"] = TRACE_ID
    started_s = time.monotonic()
    context = LambdaContext(time.time() + task["timeout_s"])
    answer: dict[str, Any] = {}
    try:
        result = handler(event, context)
    except BaseException as error:
        answer["raised"] = error
    else:
        answer |= sent(result)
    answer["duration_s"] = time.monotonic() - started_s
    return answer


def sent(result: Any) -> dict[str, Any]:
    """Makes of a result what the client sends: see `invoke`."""
    if isinstance(result, bytes):
        return {
            "result": result[:MOST_SHOWN].decode(errors="replace"),
            "result_bytes": len(result),
        }
    try:
        text = to_json(result)
        size_bytes = len(text.encode())
    except Exception as error:  # what a value's own methods raise, too
        where = error.where if isinstance(error, UnfitError) else ""
        kind = type(result).__name__
        if kind == "coroutine":
            result.close()  # nobody needs to hear that it was never awaited
        return {"unfit": str(error), "where": where, "kind": kind}
    return {"result": text[:MOST_SHOWN], "result_bytes": size_bytes}


class UnfitError(TypeError):
    """A value that JSON has nothing for.

    Attributes:
        where: How to get to it, as code: "['items'][0]".
    """

    def __init__(self, message: str, where: str) -> None:
        super().__init__(message)
        self.where = where


def to_json(value: Any, where: str = "", within: tuple[int, ...] = ()) -> str:
    """Writes a value as the client's `to_json` does.

    That is simplejson's, which makes objects of named tuples and text of bytes, and
    knows decimals.

    Args:
        value: What a handler has returned, or a part of it.
        where: How to get there, as code.
        within: The ids of what it is in.

    Raises:
        UnfitError: There is something that JSON has nothing for.
        ValueError: It is a part of itself, or has bytes that are no text.
    """
    if isinstance(value, bytes):
        value = value.decode()
    if value is None or isinstance(value, (str, int, float)):
        escapes = os.environ.get("AWS_EXECUTION_ENV") not in UNICODE
        return json.dumps(value, ensure_ascii=escapes)
    if isinstance(value, decimal.Decimal):
        return json.dumps(math.nan) if value.is_nan() else str(value)
    if id(value) in within:
        raise ValueError("Circular reference detected")
    within = (*within, id(value))
    if not isinstance(value, (list, dict)):
        as_dict = getattr(value, "_asdict", None)
        if callable(as_dict):
            value = as_dict()
    if isinstance(value, (list, tuple)):
        parts = (
            to_json(each, f"{where}[{place}]", within)
            for place, each in enumerate(value)
        )
        return f"[{', '.join(parts)}]"
    if isinstance(value, dict):
        parts = (
            f"{_key(key, where)}: {to_json(each, f'{where}[{key!r}]', within)}"
            for key, each in value.items()
        )
        return f"{{{', '.join(parts)}}}"
    raise UnfitError(
        f"Object of type {type(value).__name__} is not JSON serializable", where
    )


def _key(key: Any, where: str) -> str:
    """Writes a name of an object; numbers, true, false and null become text."""
    if isinstance(key, bytes):
        key = key.decode()
    if isinstance(key, str):
        return to_json(key)
    if key is None or isinstance(key, (bool, int, float)):
        return f'"{to_json(key)}"'
    raise UnfitError(
        f"keys must be str, int, float, bool or None, not {type(key).__name__}", where
    )


class LambdaContext:
    """What a handler gets beside the event."""

    def __init__(self, deadline_s: float) -> None:
        self.aws_request_id = REQUEST_ID
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.invoked_function_arn = (
            f"arn:aws:lambda:{os.environ.get('AWS_REGION')}:123456789012"
            f":function:{self.function_name}"
        )
        self.tenant_id = None
        self.client_context = None
        self.identity = CognitoIdentity()
        self._deadline_ms = int(deadline_s * 1000)

    def get_remaining_time_in_millis(self) -> int:
        """What is left until the function is ended."""
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def w3c(self) -> dict[str, str]:
        """The context of a trace, which nobody has begun."""
        return {}

    def log(self, message: object) -> None:
        """Writes to the log."""
        for handler in logging.getLogger().handlers:
            if hasattr(handler, "log_sink"):
                handler.log_sink.log(str(message))
                return
        sys.stdout.write(str(message))

    def __repr__(self) -> str:
        shown = ",".join(
            f"{name}={value}"
            for name, value in vars(self).items()
            if not name.startswith("_")
        )
        return f"LambdaContext([{shown}])"


class CognitoIdentity:
    """Who has called, if that is known."""

    __slots__ = ("cognito_identity_id", "cognito_identity_pool_id")

    def __init__(self) -> None:
        self.cognito_identity_id = None
        self.cognito_identity_pool_id = None

    def __repr__(self) -> str:
        return (
            "CognitoIdentity([cognito_identity_id=None,cognito_identity_pool_id=None])"
        )
