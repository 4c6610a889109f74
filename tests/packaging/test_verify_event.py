"""A handler is called with an event, as Lambda's client calls it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.events import Event
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.packaging.verify import invocation
from poetry_plugin_package_function.packaging.verify.event_call import Called
from poetry_plugin_package_function.packaging.verify.explaining.called import (
    call_failure,
)
from poetry_plugin_package_function.packaging.verify.explaining.failed import Failure
from poetry_plugin_package_function.packaging.verify.handler import Function
from poetry_plugin_package_function.packaging.verify.importing import Outcome
from poetry_plugin_package_function.packaging.verify.importing import Task
from poetry_plugin_package_function.packaging.verify.parsing import Modules
from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked
from poetry_plugin_package_function.packaging.verify.verified import Limit
from poetry_plugin_package_function.report.summary import printed
from tests.lambda_runtime import ClientEnvironmentError
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.nested.function import Source
from tests.packaging.libraries import libraries
from tests.packaging.test_verify_calls import LIBRARIES
from tests.packaging.verifying import HANDLER
from tests.packaging.verifying import archive_of
from tests.packaging.verifying import failing
from tests.packaging.verifying import verified


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.errors import VerifyError


EVENT = Event("events/get.json", b'{"id": "\xc3\xa4", "n": 1.50}')


def files_of(code: str) -> dict[str, str | bytes]:
    return {"my_app/__init__.py": "", "my_app/handler.py": code}


def called(tmp_path: Path, code: str, **options: Any) -> Called:
    """What is known of a call that is none of an error."""
    archive = archive_of(tmp_path, files_of(code))
    found = verified(archive, **{"event": EVENT, **options}).event
    assert found is not None
    return found


def refused(tmp_path: Path, code: str, **options: Any) -> VerifyError:
    """The error; it shows nothing of ours."""
    error = failing(archive_of(tmp_path, files_of(code)), event=EVENT, **options)
    assert error.reason.startswith(f"{HANDLER} failed with events/get.json: ")
    for ours in ("verifier.py", "invocation.py", "importlib"):
        assert ours not in error.reason
    return error


def test_the_result_is_what_the_client_sends(tmp_path: Path) -> None:
    """The event is parsed; what is printed since the import is shown."""
    code = """\
import logging
print("imported")

def handler(event, context):
    print("called")
    logging.getLogger().warning("logged")
    return event
"""
    found = called(tmp_path, code)
    assert {"id": "ä", "n": 1.5} == json.loads(found.result)
    assert len(found.result.encode()) == found.result_bytes
    assert ("events/get.json", "") == (found.event, found.unchecked)
    assert "called\nlogged" == found.output
    assert found.duration_s is not None
    assert found.peak_bytes is not None
    assert found.peak_bytes > MIB
    assert 0 == found.tmp_bytes


CONTEXT = """\
import os

def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return {
        "id": context.aws_request_id,
        "left": 0 < left <= 5000,
        "name": context.function_name,
        "version": context.function_version,
        "memory": context.memory_limit_in_mb,
        "arn": context.invoked_function_arn.split(":")[-1],
        "log": [context.log_group_name, context.log_stream_name],
        "identity": context.identity.cognito_identity_id,
        "client": context.client_context,
        "tenant": context.tenant_id,
        "w3c": context.w3c(),
        "logged": context.log("logged"),
        "shown": repr(context).startswith("LambdaContext([aws_request_id="),
        "own": os.environ["OWN"],
        "trace": os.environ["_X_AMZN_TRACE_ID"].startswith("Root=1-"),
    }
"""


def test_the_context_is_lambdas(tmp_path: Path) -> None:
    """With the function's memory, time-out and variables."""
    found = called(
        tmp_path, CONTEXT, memory_mb=512, timeout_s=5, variables={"OWN": "value"}
    )
    assert {
        "id": invocation.REQUEST_ID,
        "left": True,
        "name": "function",
        "version": "$LATEST",
        "memory": "512",
        "arn": "function",
        "log": ["/aws/lambda/function", "stream"],
        "identity": None,
        "client": None,
        "tenant": None,
        "w3c": {},
        "logged": None,
        "shown": True,
        "own": "value",
        "trace": True,
    } == json.loads(found.result)
    assert "logged" == found.output


def test_what_the_call_extracts_and_uses(tmp_path: Path) -> None:
    """A nested distribution that it imports is extracted then, and is not unused."""
    code = "def handler(event, context):\n    import used\n    return used.DATA\n"
    source = Source(
        {"my_app/__init__.py": "", "my_app/handler.py": code},
        dependencies={
            "used": {"used/__init__.py": "DATA = 'ok'\n"},
            "never": {"never/__init__.py": ""},
        },
    )
    archive = source.package(tmp_path).output_file
    owners = {"used/__init__.py": "used", "never/__init__.py": "never"}
    found = verified(archive, event=EVENT, distributions=owners)
    assert found.event is not None
    assert '"ok"' == found.event.result
    assert (0, ("never",)) == (found.tmp_bytes, found.unused)
    assert found.event.tmp_bytes
    idle = verified(archive, distributions=owners)
    assert (None, ("never", "used")) == (idle.event, idle.unused)


def test_memory_and_tmp_are_judged(tmp_path: Path) -> None:
    """What the call takes beside what the import did."""
    code = """\
import tempfile

def handler(event, context):
    with open(tempfile.mkdtemp() + "/x", "wb") as file:
        file.write(bytes(2 << 20))
    return len(b"x" * (200 << 20))
"""
    archive = archive_of(tmp_path, files_of(code))
    found = verified(archive, event=EVENT, memory_mb=128, ephemeral_storage_mb=1)
    failed = [each.limit for each in found.judgements if not each.holds]
    assert [Limit.TMP, Limit.EVENT_MEMORY] == failed


@pytest.mark.parametrize(
    ("code", "reason", "hint"),
    [
        ("return event['no']", "KeyError: 'no'\n\nTraceback", "or the event"),
        ("import sys; sys.exit(3)", "SystemExit: 3", "Return from the handler"),
        ("import os; os._exit(3)", "it ended with status 3.", "do not call os._exit"),
        ("import nothing_here", "No module named 'nothing_here'", "dependencies"),
        ("import os; os.kill(os.getpid(), 11)", "ended by SIGSEGV", "Native code"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL", "memory?"),
        ("raise MemoryError", "MemoryError", "or the event"),
        (
            "return {'items': [{'when': {1}}]}",
            "Object of type set is not JSON serializable (Runtime.MarshalError)",
            "result['items'][0]['when']",
        ),
        ("return {(1, 2): 3}", "keys must be str, int", "of the result"),
        ("a = []; a.append(a); return a", "Circular reference detected", "the result"),
        ("return b'x' * (7 << 20)", "its result has 7.0 MB", "Return less"),
        ("return 'x' * (7 << 20)", "Lambda takes 6.0 MB at most", "Return less"),
    ],
)
def test_what_fails_on_lambda_is_an_error(
    tmp_path: Path, code: str, reason: str, hint: str
) -> None:
    """With the last output, and what to try."""
    code = f"def handler(event, context):\n    print('printed')\n    {code}\n"
    error = refused(tmp_path, code)
    assert reason in error.reason
    assert hint in error.hint
    assert error.reason.endswith("Its last output:\nprinted")
    if "Traceback" in error.reason:
        assert 'File "/var/task/my_app/handler.py", line 3, in handler' in error.reason


def test_a_coroutine_is_no_result(tmp_path: Path) -> None:
    """Nobody awaits it; Python's warning that nobody has is not shown."""
    error = refused(tmp_path, "async def handler(event, context):\n    return 1\n")
    assert "Object of type coroutine is not JSON serializable" in error.reason
    assert "awaited" not in error.reason
    assert "asyncio.run" in error.hint


def test_the_time_out_is_the_functions(tmp_path: Path) -> None:
    """It shows where it is, and how to give it more."""
    code = "import time\n\ndef handler(event, context):\n    time.sleep(60)\n"
    error = refused(tmp_path, code, timeout_s=1)
    assert "longer than the function's time-out of 1 s" in error.reason
    assert 'File "/var/task/my_app/handler.py", line 4 in handler' in error.reason
    assert "--timeout 10" in error.hint


@pytest.mark.parametrize(
    ("timeout_s", "hint"),
    [
        (60, "If it may take longer, say how long: --timeout 600."),
        (899, "If it may take longer, say how long: --timeout 900."),
        (900, "Lambda allows no more than 900 s: do less in one call."),
    ],
)
def test_no_more_time_is_suggested_than_lambda_allows(
    tmp_path: Path, timeout_s: int, hint: str
) -> None:
    """The outcome is made up: a real one would take a quarter of an hour."""
    root = str(tmp_path)
    place = Unpacked(root, root, (), root, root, root)
    outcome = Outcome(None, True, None, "Timeout (", "", is_call=True)
    task = Task(place, Function(HANDLER, event=EVENT, timeout_s=timeout_s), 1.0)
    error = call_failure(Failure(Modules([]), outcome, task))
    assert f"time-out of {timeout_s} s" in error.reason
    assert hint == error.hint


def test_a_call_may_take_longer_than_an_import(tmp_path: Path) -> None:
    """What limits an import does not limit what comes behind it."""
    code = "import time\n\ndef handler(event, context):\n    time.sleep(4)\n"
    found = called(tmp_path, code, timeout_s=20, time_limit_s=1.0)
    assert "null" == found.result


def test_a_host_that_is_called_is_no_error(tmp_path: Path) -> None:
    """The call ends there, and its line and host are said."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        code = (
            "import socket\n\ndef handler(event, context):\n"
            f"    print('on its way')\n"
            f"    socket.create_connection(('127.0.0.1', {port}))\n"
        )
        found = called(tmp_path, code)
    assert found.unchecked.startswith(
        "It calls 127.0.0.1 (my_app/handler.py, line 5), and ended there:"
    )
    assert "Each cold start" not in found.unchecked
    assert ("on its way", "", None) == (found.output, found.result, found.duration_s)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["boto3", "requests", "psycopg"])
def test_a_library_that_calls_is_no_error(tmp_path: Path, name: str) -> None:
    """What most handlers do; nobody's credentials are there to do it with."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        body = LIBRARIES[name].format(host="127.0.0.1", port=port).rstrip()
        code = f"def handler(event, context):\n{textwrap.indent(body, '    ')}\n"
        variables = {"PYTHONPATH": str(libraries()), "NO_PROXY": "*"}
        found = called(tmp_path, code, variables=variables, timeout_s=30)
    line = len(code.splitlines())
    assert f"(my_app/handler.py, line {line}), and ended there: " in found.unchecked


def test_a_host_that_does_not_answer_is_no_error(tmp_path: Path) -> None:
    """It is waited for as long as the function may take."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        code = (
            "import socket\n\ndef handler(event, context):\n"
            f"    socket.create_connection(('127.0.0.1', {port})).recv(1)\n"
        )
        found = called(tmp_path, code, timeout_s=1)
    assert "was still waiting at the time limit" in found.unchecked


def test_a_host_that_only_the_import_has_called(tmp_path: Path) -> None:
    """A call that hangs later does not wait for that."""
    code = """\
import socket

with socket.socket() as server:
    server.bind(("127.0.0.1", 0))
    server.listen()
    socket.create_connection(server.getsockname()).close()

def handler(event, context):
    while True:
        pass
"""
    assert "time-out of 1 s" in refused(tmp_path, code, timeout_s=1).reason


@pytest.mark.parametrize(
    ("code", "options", "reason"),
    [
        (
            "import boto3",
            {},
            "It needs boto3, which Lambda's runtime brings and",
        ),
        ("import os; os.environ['TABLE']", {}, 'environment = { TABLE = "…" }'),
        ("import shared", {"has_layers": True}, "a layer has to bring it"),
        (
            "import os; int(os.environ['COUNT'])",
            {"unknown_variables": frozenset({"COUNT"})},
            "What COUNT will be, only a deployment knows.",
        ),
    ],
)
def test_what_others_bring_is_no_error(
    tmp_path: Path, code: str, options: Mapping[str, Any], reason: str
) -> None:
    """As it is none when it is imported at once."""
    code = f"def handler(event, context):\n    {code}\n"
    assert reason in called(tmp_path, code, **options).unchecked


def test_what_cannot_run_here_is_not_called(tmp_path: Path) -> None:
    """The result says so."""
    archive = archive_of(tmp_path, files_of("def handler(event, context): 1/0\n"))
    found = verified(archive, interpreter=None, event=EVENT)
    assert found.event is None
    assert "So events/get.json was not sent to it." in found.unchecked


def test_a_child_that_returns_says_nothing(tmp_path: Path) -> None:
    """What a handler forks may come back to where it was called from."""
    code = """\
import os

def handler(event, context):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return "parent"
    return "child"
"""
    assert '"parent"' == called(tmp_path, code).result


def test_long_output_is_cut() -> None:
    """Only its last lines are shown, and of each the beginning."""
    found = _printing("\n".join(["a", "b", "", "c" * 300, "d"]))
    assert ["… 2 lines before", "c" * 239 + "…", "d"] == printed(found, 3)
    assert ["a", "b"] == printed(_printing("a\nb"), 3)
    assert [] == printed(None, 3)


def _printing(output: str) -> Called:
    return Called("e.json", output=output)


RESULTS = """\
import collections, decimal, enum, math

Point = collections.namedtuple("Point", "x y")
Color = enum.Enum("Color", {"RED": "red"}, type=str)
Number = enum.IntEnum("Number", {"ONE": 1})

class Broken(str):
    pass

VALUES = [
    None, True, 1.5, "ä\\n\\u2028\\"", [], {}, (), [1, [2, (3,)]], {"a": {"b": []}},
    Point(1, Point(2, 3)), {"b": b"bytes"}, b"raw \\xff", {b"key": 1},
    decimal.Decimal("1.10"), decimal.Decimal("NaN"), decimal.Decimal("1E+3"),
    {1: 1, 1.5: 2, None: 3, True: 4}, Color.RED, Number.ONE, {Color.RED: Number.ONE},
    math.inf, 2 ** 70, {1}, object(), {"a": [1, {(1,): 2}]}, {"a": b"\\xff"}, 1j,
    [b"a"], {"when": [Broken("x"), range(3)]}, Broken("x"),
    collections.OrderedDict(a=1), collections.UserDict(a=1), {decimal.Decimal(1): 1},
]
"""


CLIENT = """
import json
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

def sent(value):
    try:
        body = LambdaMarshaller().marshal_response(value)[0]
        return body if isinstance(body, str) else body.decode(errors="replace")
    except Exception as error:
        return "Unable: " + error.msg

print(json.dumps([sent(value) for value in VALUES]))
"""


@pytest.mark.parametrize("variable", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
def test_results_are_those_of_the_client(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """What real awslambdaric sends, or why it does not."""
    try:
        client = client_environment(Path(sys.executable), default_cache_dir())
    except ClientEnvironmentError as error:  # pragma: no cover
        pytest.skip(str(error))
    monkeypatch.setenv("AWS_EXECUTION_ENV", variable)
    done = subprocess.run(
        [str(client), "-c", RESULTS + CLIENT], check=True, capture_output=True
    )
    names: dict[str, Any] = {}
    exec(RESULTS, names)
    for value, expected in zip(names["VALUES"], json.loads(done.stdout), strict=True):
        found = invocation.sent(value)
        if "unfit" in found:
            assert expected == f"Unable: Unable to marshal response: {found['unfit']}"
        else:
            assert expected == found["result"]
