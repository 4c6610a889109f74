"""A handler that calls another host while it is imported: a warning, and no error.

Hosts are on loopback, and refuse, or they do not exist.
"""

from __future__ import annotations

import socket
import sys
import threading

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from http.server import HTTPServer
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.report.warned import warnings
from tests.nested.function import Source
from tests.packaging.libraries import libraries
from tests.packaging.verifying import WORKS
from tests.packaging.verifying import archive_of
from tests.packaging.verifying import failing
from tests.packaging.verifying import verified
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.packaging.verify.verified import Verified


NOWHERE: Final = "nowhere.invalid"
"""A name that nobody can have: RFC 2606."""


@pytest.fixture
def port() -> Iterator[int]:
    """One on loopback that refuses whoever calls: it is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent_port() -> Iterator[int]:
    """One on loopback that takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


class _Refusing(BaseHTTPRequestHandler):
    """Answers as AWS does to credentials that open nothing."""

    def do_GET(self) -> None:
        body = b'{"__type": "UnrecognizedClientException", "message": "invalid"}'
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that it is called by

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def refusing() -> Iterator[int]:
    """A host on loopback that takes no credentials; its port."""
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def calling(
    directory: Path, code: str, *, time_limit_s: float = 60.0, **variables: str
) -> Verified:
    """Verifies a handler whose third line and those after it are this code."""
    files = {"app/__init__.py": "", "app/main.py": f"import os\n\n{code}\n{WORKS}"}
    return verified(
        archive_of(directory, files),
        "app.main.handler",
        variables=variables,
        time_limit_s=time_limit_s,
    )


def check(found: Verified, line: int, *words: str) -> None:
    """It has been parsed only, and why is said, with the place in the code."""
    assert not found.is_complete
    assert found.init_s is None
    assert f" (app/main.py, line {line}), and " in found.unchecked
    assert "Each cold start on Lambda does that" in found.unchecked
    assert found.unchecked.endswith("by parsing.")
    for each in words:
        assert each in found.unchecked


# -- the standard library -----------------------------------------------------------


CONNECTS: Final = "import socket\nsocket.create_connection(('127.0.0.1', {port}), 5)"


def test_a_host_that_refuses(tmp_path: Path, port: int) -> None:
    """It is named, and the line, and what came of it."""
    found = calling(tmp_path, CONNECTS.format(port=port))
    check(found, 4, "Its import calls 127.0.0.1 (", "there: ConnectionRef")


@pytest.mark.parametrize(
    "code",
    [
        "import urllib.request\nurllib.request.urlopen('http://{host}:{port}')",
        "import http.client\nhttp.client.HTTPConnection('{host}', {port}).connect()",
        "import socket\nsocket.getaddrinfo('{host}', 1)",
        "import asyncio\nasyncio.run(asyncio.open_connection('{host}', {port}))",
    ],
)
@pytest.mark.parametrize("host", [NOWHERE, "localhost"])
def test_a_host_is_named(tmp_path: Path, code: str, host: str, port: int) -> None:
    """By its name, if it has been asked for by that; a name alone may be found."""
    if host == "localhost" and "getaddrinfo" in code:
        code += "\nraise ConnectionError"
    found = calling(tmp_path, code.format(host=host, port=port))
    check(found, len(code.splitlines()) + 2, f"Its import calls {host} (")


@pytest.mark.parametrize(
    "handling",
    [
        "raise RuntimeError('no configuration')",
        "raise RuntimeError('no configuration') from None",
        "import sys; sys.exit(1)",
        "os.environ['CONFIGURATION']",
    ],
)
def test_what_is_tried_instead_counts_for_nothing(
    tmp_path: Path, handling: str, port: int
) -> None:
    """The host is why, whatever the project makes of it; the line is that call's."""
    code = (
        "import socket\ntry:\n"
        f"    socket.create_connection(('127.0.0.1', {port}), 5)\n"
        f"except OSError:\n    {handling}"
    )
    check(calling(tmp_path, code), 5, "ConnectionRefusedError")


def test_a_network_that_is_not_there(tmp_path: Path) -> None:
    """The system has many words for it."""
    code = "import errno\nraise OSError(errno.ENETUNREACH, 'unreachable')"
    check(calling(tmp_path, code), 4, "calls another host", "unreachable")


def test_an_exception_of_anybodys_is_known_by_its_name(tmp_path: Path) -> None:
    """Clients of databases and brokers are many."""
    code = (
        "class NoBrokersAvailable(RuntimeError): ...\n"
        "class Mine(NoBrokersAvailable): ...\n"
        "raise Mine('none')"
    )
    check(calling(tmp_path, code), 5, "ended there: Mine: none.")


def test_a_long_reason_is_cut(tmp_path: Path) -> None:
    """And has one line."""
    code = "raise ConnectionError('x\\n' * 1000)"
    found = calling(tmp_path, code)
    check(found, 3, "…. Each")
    assert len(found.unchecked) < 500


@pytest.mark.parametrize(
    "code",
    [
        "import sqlite3\nsqlite3.connect('/nowhere/at/all.db')",
        "raise FileNotFoundError(2, 'No such file')",
        "import urllib.request\nurllib.request.urlopen('no://address')",
        "import socket\nsocket.socket(socket.AF_UNIX).connect('/nowhere')",
    ],
)
def test_what_is_no_host_is_an_error(tmp_path: Path, code: str) -> None:
    """As before."""
    archive = archive_of(tmp_path, {"a.py": f"{code}\n{WORKS}"})
    assert "Fix what the traceback shows" in failing(archive, "a.handler").hint


def test_a_host_that_may_be_why_is_named(tmp_path: Path, port: int) -> None:
    """Who goes on without an answer fails later, and nothing leads back to it."""
    code = (
        "import socket\nfound = None\n"
        f"try: socket.create_connection(('localhost', {port}), 5)\n"
        "except OSError: pass\nfound['key']\n"
    )
    error = failing(archive_of(tmp_path, {"a.py": code}), "a.handler")
    assert "TypeError" in error.reason
    assert "It has called localhost before." in error.hint


def test_a_dependency_that_calls(tmp_path: Path, port: int) -> None:
    """The line is the project's own that has led there."""
    code = "def get():\n    " + CONNECTS.format(port=port).replace("\n", "\n    ")
    files = {"client.py": code, "a.py": f"import client\nclient.get()\n{WORKS}"}
    archive = archive_of(tmp_path, files)
    found = verified(archive, "a.handler", distributions={"client.py": "client"})
    assert "calls 127.0.0.1 (a.py, line 2), and" in found.unchecked


def test_a_handler_of_a_dependency(tmp_path: Path, port: int) -> None:
    """There is no code of the project's: the dependency's is named."""
    archive = archive_of(tmp_path, {"a.py": f"{CONNECTS.format(port=port)}\n{WORKS}"})
    found = verified(archive, "a.handler", distributions={"a.py": "a"})
    assert "calls 127.0.0.1 (a.py, line 2), and" in found.unchecked


def test_a_nested_result(tmp_path: Path, port: int) -> None:
    """Files have the names of a flat one."""
    report = Source(
        {
            "my_app/__init__.py": CONNECTS.format(port=port),
            "my_app/handler.py": WORKS,
        },
        dependencies={"used": {"used/__init__.py": ""}},
    ).package(tmp_path)
    found = verified(report.output_file)
    assert "calls 127.0.0.1 (my_app/__init__.py, line 2), and" in found.unchecked


def test_the_archive_is_written(tmp_path: Path, port: int) -> None:
    """It is a warning, like all that cannot be checked."""
    venv = make_venv(tmp_path / "venv", python="3.13")
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    code = f"{CONNECTS.format(port=port)}\n{WORKS}"
    install(venv, "my_app", {"my_app.py": code})
    table = 'handler = "my_app.handler"'
    pyproject = make_project(tmp_path / "project", "my-app", table)
    report = package_venv(venv, pyproject, tmp_path / "function.zip")
    assert report.output_file.exists()
    (text,) = (each.text for each in warnings(report) if "handler" in each.text)
    assert text.startswith(
        "my_app.handler: Its import calls 127.0.0.1 (my_app.py, line 2), and ended"
    )


def test_a_wrong_handler_is_an_error_whatever_is_called(
    tmp_path: Path, port: int
) -> None:
    """It is looked for by parsing."""
    archive = archive_of(tmp_path, {"a.py": CONNECTS.format(port=port)})
    error = failing(archive, "a.handler")
    assert "Handler 'handler' missing on module 'a'." == error.reason


@pytest.mark.slow
@pytest.mark.parametrize(
    "code",
    [
        "import socket\nsocket.create_connection(('localhost', {port})).recv(1)",
        "import urllib.request\nurllib.request.urlopen('http://localhost:{port}')",
        (
            "import asyncio\nasync def get():\n"
            "    reader, _ = await asyncio.open_connection('localhost', {port})\n"
            "    await reader.read()\nasyncio.run(get())"
        ),
    ],
)
def test_a_host_that_does_not_answer(
    tmp_path: Path, code: str, silent_port: int
) -> None:
    """The time limit is no error then."""
    found = calling(tmp_path, code.format(port=silent_port), time_limit_s=1.5)
    line = 2 + len(code.splitlines())
    check(found, line, "calls localhost (", "still waiting")


# -- libraries ----------------------------------------------------------------------


BOTO: Final = """\
import boto3
from botocore.config import Config
table = boto3.resource(
    "dynamodb", endpoint_url="http://{host}:{port}",
    config=Config(retries={{"total_max_attempts": 1}}),
).Table("orders")
table.load()
"""
LIBRARIES: Final[Mapping[str, str]] = {
    "boto3": BOTO,
    "requests": "import requests\nrequests.get('http://{host}:{port}/')",
    "httpx": "import httpx\nhttpx.get('http://{host}:{port}/', trust_env=False)",
    "pymysql": "import pymysql\npymysql.connect(host='{host}', port={port})",
    "psycopg": "import psycopg\npsycopg.connect(host='{host}', port={port})",
    "redis": "import redis\nredis.Redis(host='{host}', port={port}).ping()",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", LIBRARIES)
@pytest.mark.parametrize("host", ["127.0.0.1", NOWHERE])
def test_a_library_that_calls(tmp_path: Path, name: str, host: str, port: int) -> None:
    """Whatever it raises; C code opens sockets that nobody sees."""
    code = LIBRARIES[name].format(host=host, port=port).rstrip()
    found = calling(tmp_path, code, PYTHONPATH=str(libraries()), NO_PROXY="*")
    seen = "another host" if name == "psycopg" and host != NOWHERE else host
    check(found, len(code.splitlines()) + 2, f"calls {seen} ")


@pytest.mark.slow
def test_an_answer_of_awss(tmp_path: Path) -> None:
    """Where there is a network, AWS refuses the credentials of this import."""
    with refusing() as port:
        code = BOTO.format(host="localhost", port=port).rstrip()
        found = calling(tmp_path, code, PYTHONPATH=str(libraries()))
    check(found, 9, "there: ClientError: ", "UnrecognizedClientException")


@pytest.mark.slow
@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_an_answer_that_is_an_error(tmp_path: Path, library: str) -> None:
    """Somebody has answered, and not as on Lambda."""
    with refusing() as port:
        code = LIBRARIES[library].format(host="localhost", port=port)
        code += ".raise_for_status()"
        found = calling(tmp_path, code, PYTHONPATH=str(libraries()), NO_PROXY="*")
    check(found, 4, "there: HTTP", "calls localhost")


@pytest.mark.slow
def test_credentials_that_are_not_there(tmp_path: Path) -> None:
    """Lambda has some."""
    code = (
        "for key in ('ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN'):\n"
        "    os.environ.pop(f'AWS_{key}')\n"
        "import boto3\nboto3.client('sts').get_caller_identity()"
    )
    found = calling(
        tmp_path,
        code,
        AWS_EC2_METADATA_DISABLED="true",
        PYTHONPATH=str(libraries()),
    )
    check(found, 6, "asks for credentials (", "NoCredentialsError: ")
