"""Under AWS's runtime client, from a task root that cannot be written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from typing import NamedTuple

import pytest

from tests.lambda_runtime import Asked
from tests.lambda_runtime import Workspace
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.lambda_runtime import run
from tests.lambda_runtime import running
from tests.lambda_runtime import unpack
from tests.lambda_runtime import workspace
from tests.machine import interpreter
from tests.nested.function import Function
from tests.nested.function import Source


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
WORKERS = 8

HANDLER = """\
import os, subprocess, sys
from importlib import metadata
import dependency
from my_app import config

def handler(event, context):
    return {
        "event": event,
        "config": config.VALUE,
        "dependency": dependency.VALUE,
        "version": metadata.version("my-app"),
        "python": list(sys.version_info[:2]),
        "hooked": sys.hooked,
        "tool": subprocess.check_output([dependency.TOOL], text=True),
        "file": __file__,
        "writable": os.access(os.environ["LAMBDA_TASK_ROOT"], os.W_OK),
    }
"""
FILES = {
    "my_app/__init__.py": "",
    "my_app/api.py": HANDLER,
    "my_app/config.py": "VALUE = 'configured'\n",
    "my_app/broken.py": (
        "from my_app import config\n"
        "def check():\n"
        "    raise LookupError('TABLE is not set')\n"
        "check()\n"
    ),
}
DEPENDENCY = {
    "dependency/__init__.py": (
        "import os\n"
        "VALUE = 'dependent'\n"
        "TOOL = os.path.dirname(__file__) + '/tool.sh'\n"
    ),
    "dependency/tool.sh": "#!/bin/sh\necho executed\n",
    "dependency.pth": "import dependency_hook\n",
    "dependency_hook.py": "import sys\nsys.hooked = 'hooked'\n",
}


class Environment(NamedTuple):
    """An execution environment that waits for its runtime client.

    Attributes:
        client_python: The client's.
        place: The task root and `/tmp`.
        extracted: The names of what will be in `/tmp`.
    """

    client_python: Path
    place: Workspace
    extracted: frozenset[str]


@contextmanager
def environment(
    version: str, directory: Path, *, nested: bool
) -> Iterator[Environment]:
    client = client_environment(interpreter(version), default_cache_dir())
    report = packaged(version, directory, nested=nested)
    with workspace() as place:
        unpack(report.output_file, place.task_root)
        function = Function(place.task_root, place.tmp_dir, report)
        extracted = [function.extracted("dependency").name] if nested else []
        names = (*extracted, *(f"{name}.lock" for name in extracted))
        yield Environment(client, place, frozenset(names))


def packaged(version: str, directory: Path, *, nested: bool) -> Report:
    source = Source(FILES, dependencies={"dependency": DEPENDENCY}, python=version)
    return source.package(directory, nested=nested, executable=("dependency/tool.sh",))


layouts = pytest.mark.parametrize("nested", [False, True], ids=["flat", "nested"])
versions = pytest.mark.parametrize("version", VERSIONS)


@versions
@layouts
def test_the_handler_answers(tmp_path: Path, version: str, nested: bool) -> None:
    """It is found under its own name, with its dependencies and executables."""
    with environment(version, tmp_path, nested=nested) as there:
        outcome = run(
            there.place.task_root,
            "my_app.api.handler",
            ["one", "two"],
            client_python=there.client_python,
            tmp_dir=there.place.tmp_dir,
        )
        assert None is outcome.init_error, outcome.stderr
        expected = {
            "config": "configured",
            "dependency": "dependent",
            "version": "1.0",
            "python": [int(part) for part in version.split(".")],
            "hooked": "hooked",
            "tool": "executed\n",
            "file": str(there.place.task_root / "my_app/api.py"),
            "writable": False,
        }
        assert [{"event": event, **expected} for event in ("one", "two")] == [
            result.value for result in outcome.results
        ]
        assert nested is (outcome.tmp_bytes > 0)


@versions
@layouts
def test_an_error_in_the_handlers_module_is_the_users_own(
    tmp_path: Path, version: str, nested: bool
) -> None:
    """What Lambda shows is the type, the message, the file and the line."""
    with environment(version, tmp_path, nested=nested) as there:
        outcome = run(
            there.place.task_root,
            "my_app.broken.handler",
            [],
            client_python=there.client_python,
            tmp_dir=there.place.tmp_dir,
        )
        error = outcome.init_error
        assert error is not None
        assert "LookupError" == error["errorType"]
        assert "TABLE is not set" == error["errorMessage"]
        file = str(there.place.task_root / "my_app/broken.py")
        trace = error["stackTrace"]
        assert isinstance(trace, list)
        assert f'  File "{file}", line 4, in <module>\n' in str(trace[-2])
        assert f'  File "{file}", line 3, in check\n' in str(trace[-1])


AGENT = """\
import sys
from importlib import import_module, metadata
HOOKED = sys.hooked
TOOL = metadata.distribution("dependency").locate_file("dependency/tool.sh")
def handler(event, context):
    answer = import_module("my_app.api").handler(event, context)
    return [HOOKED, TOOL.is_file(), answer["event"]]
"""


@versions
def test_a_wrapper_that_is_flat(tmp_path: Path, version: str) -> None:
    """Its handler comes first, and finds what is extracted and located as ever."""
    client = client_environment(interpreter(version), default_cache_dir())
    agent = {"agent/__init__.py": "", "agent/handler.py": AGENT}
    report = Source(
        FILES, dependencies={"dependency": DEPENDENCY, "agent": agent}, python=version
    ).package(
        tmp_path, nest=("padding", "dependency"), executable=("dependency/tool.sh",)
    )
    with workspace() as place:
        unpack(report.output_file, place.task_root)
        outcome = run(
            place.task_root,
            "agent.handler.handler",
            ["one"],
            client_python=client,
            tmp_dir=place.tmp_dir,
        )
        assert None is outcome.init_error, outcome.stderr
        (result,) = outcome.results
        assert ["hooked", True, "one"] == result.value


@versions
def test_workers_that_are_forked(tmp_path: Path, version: str) -> None:
    """The client's processes of Managed Instances import the handler all at once."""
    with environment(version, tmp_path, nested=True) as there:
        with running(
            there.place.task_root,
            "my_app.api.handler",
            client_python=there.client_python,
            tmp_dir=there.place.tmp_dir,
            env={"AWS_LAMBDA_MAX_CONCURRENCY": str(WORKERS)},
        ) as client:
            for position in range(WORKERS):
                report = client.api.wait(position, 60)
                assert isinstance(report, Asked), client.stderr()
        assert there.extracted == {path.name for path in there.place.tmp_dir.iterdir()}
