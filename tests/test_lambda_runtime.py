"""The emulation of Lambda, with real awslambdaric."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import zipfile

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.lambda_runtime import Asked
from tests.lambda_runtime import ClientEnvironmentError
from tests.lambda_runtime import Exited
from tests.lambda_runtime import LambdaTimeoutError
from tests.lambda_runtime import Outcome
from tests.lambda_runtime import UnpackError
from tests.lambda_runtime import Workspace
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.lambda_runtime import remove_tree
from tests.lambda_runtime import run
from tests.lambda_runtime import running
from tests.lambda_runtime import unpack
from tests.lambda_runtime import workspace
from tests.machine import interpreter
from tests.machine import is_gone


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

PROBE = """\
import importlib.util, os, sys

def handler(event, context):
    try:
        open("written", "w").close()
        writable = True
    except OSError:
        writable = False
    return {
        "event": event,
        "path": sys.path,
        "argv": sys.argv[1:],
        "cwd": os.getcwd(),
        "writable": writable,
        "environ": dict(os.environ),
        "uid": os.geteuid(),
        "version": list(sys.version_info[:2]),
        "foreign": [
            name for name in ("pip", "setuptools", "pytest", "tests")
            if importlib.util.find_spec(name)
        ],
        "function": context.function_name,
    }
"""
# Says that it got there, with its process id, and hangs.
HANG = """\
import os, pathlib, tempfile, time
directory = pathlib.Path(tempfile.gettempdir())
(directory / "partial").write_text(str(os.getpid()))
(directory / "partial").rename(directory / "pid")
print("INIT began", flush=True)
"""


def write_zip(archive: Path, files: Mapping[str, str], mode: int = 0o644) -> None:
    """A flat ZIP; `writestr` of its own makes files that Lambda cannot read."""
    with zipfile.ZipFile(archive, "w") as target:
        for name, text in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFREG | mode) << 16
            target.writestr(info, text)


@dataclass(frozen=True)
class Function:
    """A place to unpack and run a function in, and the client to run it with."""

    client_python: Path
    place: Workspace

    def unpack(self, files: Mapping[str, str]) -> None:
        archive = self.place.tmp_dir.parent / "function.zip"
        write_zip(archive, files)
        unpack(archive, self.place.task_root)

    def run(
        self,
        source: str,
        events: Sequence[object] = ({},),
        files: Mapping[str, str] = {},
        **options: Any,
    ) -> Outcome:
        self.unpack({"app.py": source, **files})
        return run(
            self.place.task_root,
            "app.handler",
            events,
            client_python=self.client_python,
            tmp_dir=self.place.tmp_dir,
            **options,
        )


@pytest.fixture(scope="module")
def client_python() -> Path:
    """The client environment of the interpreter that runs the tests."""
    return client_environment(Path(sys.executable), default_cache_dir())


@pytest.fixture
def function(client_python: Path) -> Iterator[Function]:
    """An empty place with this interpreter's client."""
    with workspace() as place:
        yield Function(client_python, place)


def value_of(outcome: Outcome) -> Any:
    """What the handler returned for the only event."""
    assert outcome.init_error is None
    (result,) = outcome.results
    assert result.error is None
    return result.value


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"])
def test_runs_as_in_lambda_on_each_interpreter(version: str) -> None:
    """The task root is first on sys.path, is the cwd, and cannot be written."""
    client = client_environment(interpreter(version), default_cache_dir())
    with workspace() as place:
        value = value_of(Function(client, place).run(PROBE, [{"who": "Åsa"}]))
    assert value["event"] == {"who": "Åsa"}
    assert value["path"][0] == str(place.task_root)
    assert value["path"].count(str(place.task_root)) == 1
    assert value["cwd"] == str(place.task_root)
    assert value["argv"] == []
    assert not value["writable"]
    assert value["version"] == [int(part) for part in version.split(".")]
    assert value["environ"]["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python{version}"


def test_the_function_is_not_root_and_sees_nothing_of_ours(
    function: Function, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither our variables nor our packages nor our rights reach the function."""
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    monkeypatch.setenv("DEVELOPERS_OWN", "1")
    value = value_of(function.run(PROBE, env={"STAGE": "test"}))
    assert value["foreign"] == []
    assert value["uid"] != 0
    assert value["function"] == "function"
    assert value["environ"]["STAGE"] == "test"
    assert "HOME" not in value["environ"]
    assert "DEVELOPERS_OWN" not in value["environ"]
    assert "PYTHONDONTWRITEBYTECODE" not in value["environ"]
    assert value["environ"]["PYTHONPATH"] == value["environ"]["LAMBDA_RUNTIME_DIR"]


def test_events_are_answered_one_after_another(function: Function) -> None:
    """One process answers all events, in order, and is ended when it waits."""
    source = "seen = []\ndef handler(event, context):\n    seen.append(event)\n"
    outcome = function.run(f"{source}    return seen", [1, "two", None])
    assert [result.value for result in outcome.results] == [
        [1],
        [1, "two"],
        [1, "two", None],
    ]
    assert outcome.init_s is not None
    assert outcome.exit_status is None


def test_what_the_handler_raises_is_its_result(function: Function) -> None:
    """An exception is the payload that Lambda shows, and does not end the process."""
    source = "def handler(event, context):\n    return 1 // event"
    failed, answered = function.run(source, [0, 1]).results
    assert failed.value is None
    assert failed.error is not None
    assert failed.error["errorType"] == "ZeroDivisionError"
    assert failed.error["errorMessage"] == "integer division or modulo by zero"
    assert "return 1 // event" in str(failed.error["stackTrace"])
    assert answered.value == 1


@pytest.mark.parametrize(
    ("source", "error_type"),
    [
        ("def handler(", "Runtime.UserCodeSyntaxError"),
        ("import absent", "Runtime.ImportModuleError"),
        ("", "Runtime.HandlerNotFound"),
        ("raise ValueError('no')", "ValueError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_an_init_error(
    function: Function, source: str, error_type: str
) -> None:
    """INIT fails with the error that Lambda shows, and no event is sent."""
    outcome = function.run(source)
    assert outcome.init_error is not None
    assert outcome.init_error["errorType"] == error_type
    assert outcome.init_s is None
    assert outcome.results == ()
    assert outcome.exit_status == 1
    assert error_type in outcome.stdout


def test_a_process_that_dies_in_init_is_an_init_error(function: Function) -> None:
    """A death without a report is what Lambda calls Runtime.ExitError."""
    outcome = function.run("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert outcome.init_error is not None
    assert outcome.init_error["errorType"] == "Runtime.ExitError"
    assert "SIGSEGV" in str(outcome.init_error["errorMessage"])
    assert outcome.exit_status == -signal.SIGSEGV


def test_a_process_that_dies_in_an_invocation_ends_the_results(
    function: Function,
) -> None:
    """The event in which it died has the error; no further event is sent."""
    source = "import os\ndef handler(event, context):\n    os._exit(3)"
    outcome = function.run(source, [1, 2])
    (result,) = outcome.results
    assert result.error is not None
    assert result.error["errorType"] == "Runtime.ExitError"
    assert outcome.exit_status == 3


def test_an_init_that_hangs_is_ended(function: Function) -> None:
    """The time limit raises, with the output, and the process is gone."""
    with pytest.raises(LambdaTimeoutError, match="INIT began") as caught:
        function.run(f"{HANG}time.sleep(600)", init_timeout_s=5)
    assert caught.value.phase == "INIT"
    assert caught.value.stdout == "INIT began\n"
    assert is_gone(int((function.place.tmp_dir / "pid").read_text()))


def test_an_invocation_that_hangs_is_ended(function: Function) -> None:
    """The time limit raises even if the process does not heed SIGTERM."""
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    source = f"{HANG}{ignore}def handler(event, context):\n    time.sleep(600)"
    with pytest.raises(LambdaTimeoutError, match="event 1 of 1"):
        function.run(source, invoke_timeout_s=0.5)
    assert is_gone(int((function.place.tmp_dir / "pid").read_text()))


def test_the_process_can_be_killed_in_the_middle_of_init(function: Function) -> None:
    """`running` gives the process and the log; SIGKILL leaves what /tmp held."""
    function.unpack({"app.py": f"{HANG}time.sleep(600)"})
    marker = function.place.tmp_dir / "pid"
    with running(
        function.place.task_root,
        "app.handler",
        client_python=function.client_python,
        tmp_dir=function.place.tmp_dir,
    ) as client:
        while not marker.exists():
            assert not client.wait(0.01), client.stderr()
        assert client.api.reports == ()
        client.stop(signal.SIGKILL)
        report = client.api.wait(0, 60)
    assert isinstance(report, Exited)
    assert report.status == -signal.SIGKILL
    assert client.process.returncode == -signal.SIGKILL
    assert int(marker.read_text()) == client.process.pid
    assert is_gone(client.process.pid)


def test_the_process_is_gone_when_the_block_fails(function: Function) -> None:
    """An exception in the block leaves no process behind, nor those it started."""
    child = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)\n"
    function.unpack({"app.py": f"{child}def handler(event, context): pass"})
    pids: list[int] = []

    def fail_while_it_runs() -> None:
        with running(
            function.place.task_root,
            "app.handler",
            client_python=function.client_python,
            tmp_dir=function.place.tmp_dir,
        ) as client:
            assert isinstance(client.api.wait(0, 60), Asked)
            pids.extend((client.process.pid, int(client.stdout())))
            raise KeyError

    with pytest.raises(KeyError):
        fail_while_it_runs()
    pid, child_pid = pids
    assert is_gone(pid)
    # The kernel ends an orphan a moment after the signal; init reaps it when it will.
    state = Path(f"/proc/{child_pid}/stat")
    with suppress(FileNotFoundError, ProcessLookupError):
        while state.read_text().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)


def test_tmp_is_private_and_measured(function: Function) -> None:
    """The function's /tmp is `tmp_dir`: what is in it stays, and is counted."""
    (function.place.tmp_dir / "earlier").write_bytes(b"x" * 30)
    source = """\
import pathlib, tempfile
directory = pathlib.Path(tempfile.gettempdir())
def handler(event, context):
    with (directory / "earlier").open("ab") as file:
        file.write(b"y" * 12)
    return str(directory)
"""
    outcome = function.run(source)
    assert value_of(outcome) == str(function.place.tmp_dir)
    assert outcome.tmp_bytes == 42


def test_output_is_captured(function: Function) -> None:
    """Both streams are kept apart and whole."""
    source = """\
import sys
print("at INIT")
def handler(event, context):
    print("in the handler")
    sys.stderr.write("loud\\n")
"""
    outcome = function.run(source)
    assert outcome.stdout == "at INIT\nin the handler\n"
    assert outcome.stderr == "loud\n"


def test_peak_memory_is_the_functions_own(function: Function) -> None:
    """It counts what the function took, and not what this process holds."""
    ours = bytearray(200_000_000)
    ours[::4096] = b"x" * len(ours[::4096])
    source = "def handler(event, context):\n    return len(b'x' * event)"
    outcome = function.run(source, [64_000_000])
    assert outcome.peak_rss_bytes is not None
    assert 64_000_000 < outcome.peak_rss_bytes < len(ours)


def test_bytes_are_a_value_of_their_own(function: Function) -> None:
    """A handler that returns bytes does not answer in JSON."""
    assert value_of(function.run("def handler(*_): return b'\\xff'")) == b"\xff"


def test_a_directory_can_stand_before_the_task_root(function: Function) -> None:
    """`pythonpath_front` wins over the task root, as a wrapper's directory does."""
    front = function.place.tmp_dir.parent / "front"
    front.mkdir()
    (front / "which.py").write_text("NAME = 'front'")
    source = "import sys, which\ndef handler(*_): return [which.NAME, *sys.path[:2]]"
    files = {"which.py": "NAME = 'task root'"}
    outcome = function.run(source, files=files, pythonpath_front=front)
    expected = ["front", str(front), str(function.place.task_root)]
    assert value_of(outcome) == expected


def test_path_files_in_the_task_root_are_obeyed(function: Function) -> None:
    """Lambda makes the task root a site directory, so its .pth files count."""
    files = {"lib.pth": "vendored", "vendored/inside.py": "NAME = 'inside'"}
    source = "import inside\ndef handler(*_): return inside.NAME"
    assert value_of(function.run(source, files=files)) == "inside"


def test_snapstart_runs_to_the_first_event(function: Function) -> None:
    """With SnapStart's INIT type the client is restored at once."""
    env = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    assert value_of(function.run("def handler(*_): return 1", env=env)) == 1


def test_unpacking_keeps_modes_times_and_links(tmp_path: Path) -> None:
    """All may do what the ZIP lets others do but write; times are its times as UTC."""
    archive = tmp_path / "function.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for name, mode in (
            ("bin/tool", stat.S_IFREG | 0o755),
            ("module.py", stat.S_IFREG | 0o644),
            ("closed.py", stat.S_IFREG | 0o600),
            ("no-mode.py", 0),
            ("empty/", stat.S_IFDIR | 0o700),
            ("alias", stat.S_IFLNK | 0o777),
        ):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = mode << 16 | 0x20  # DOS's archive bit
            target.writestr(info, "bin/tool" if name == "alias" else "")
    task_root = tmp_path / "task"
    unpack(archive, task_root)
    try:
        modes = {
            path.relative_to(task_root).as_posix(): stat.S_IMODE(path.stat().st_mode)
            for path in (task_root, *task_root.rglob("*"))
        }
        assert modes == {
            ".": 0o555,
            "alias": 0o555,
            "bin": 0o555,
            "bin/tool": 0o555,
            "closed.py": 0o000,
            "empty": 0o555,
            "module.py": 0o444,
            "no-mode.py": 0o444,
        }
        assert (task_root / "alias").readlink() == Path("bin/tool")
        assert (task_root / "module.py").stat().st_mtime == 315532800
    finally:
        remove_tree(task_root)
    assert not task_root.exists()


def test_an_executable_in_the_zip_can_be_executed(function: Function) -> None:
    """A tool that is shipped with its bit set runs out of the task root."""
    archive = function.place.tmp_dir.parent / "function.zip"
    app = "import subprocess\ndef handler(*_): return subprocess.getoutput('bin/tool')"
    write_zip(archive, {"bin/tool": "#!/bin/sh\necho ran", "app.py": app}, 0o755)
    unpack(archive, function.place.task_root)
    outcome = run(
        function.place.task_root,
        "app.handler",
        [None],
        client_python=function.client_python,
        tmp_dir=function.place.tmp_dir,
    )
    assert value_of(outcome) == "ran"


def test_a_writable_task_root_can_be_had(tmp_path: Path) -> None:
    """Without `read_only` the modes are those of the ZIP."""
    archive = tmp_path / "function.zip"
    write_zip(archive, {"pkg/module.py": ""})
    unpack(archive, tmp_path / "task", read_only=False)
    assert stat.S_IMODE((tmp_path / "task/pkg").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "task/pkg/module.py").stat().st_mode) == 0o644


@pytest.mark.parametrize("name", ["../out.py", "pkg/../../out.py", "/out.py"])
def test_members_outside_of_the_task_root_are_refused(
    tmp_path: Path, name: str
) -> None:
    """Nothing is unpacked from a ZIP that reaches out of its directory."""
    archive = tmp_path / "function.zip"
    write_zip(archive, {"inside.py": "", name: ""})
    with pytest.raises(UnpackError, match=r"out\.py"):
        unpack(archive, tmp_path / "task")
    assert not (tmp_path / "task").exists()


def test_a_client_environment_is_built_once(tmp_path: Path) -> None:
    """All who ask at a time get the same one, and nothing else is left behind."""
    with ThreadPoolExecutor(3) as pool:
        made = list(
            pool.map(client_environment, [Path(sys.executable)] * 3, [tmp_path] * 3)
        )
    assert len(set(made)) == 1
    environment = made[0].parent.parent
    assert {path.name for path in tmp_path.iterdir()} == {
        environment.name,
        f"{environment.name}.lock",
    }
    installed = {path.name.split("-")[0] for path in environment.rglob("*.dist-info")}
    assert installed == {"awslambdaric", "simplejson", "snapshot_restore_py"}


def test_an_environment_that_cannot_be_built_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names client and interpreter and gives pip's words; nothing stays."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ClientEnvironmentError, match="No matching distribution"):
        client_environment(Path(sys.executable), tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_something_else_than_an_interpreter_is_an_error(tmp_path: Path) -> None:
    """The error names what was taken for a Python."""
    with pytest.raises(ClientEnvironmentError, match="does not run as a Python"):
        client_environment(Path("/bin/false"), tmp_path)


@pytest.mark.parametrize(
    ("source", "status", "shown"),
    [
        ("def handler(event, _): return event", 0, 'result  {"a": 1}'),
        ("def handler(event, _): return event['b']", 1, '"errorType": "KeyError"'),
        ("import absent", 1, '"errorType": "Runtime.ImportModuleError"'),
    ],
)
def test_the_command_line_shows_what_came_out(
    tmp_path: Path, client_python: Path, source: str, status: int, shown: str
) -> None:
    """INIT, result and /tmp are shown; the status is 0 only for an answer."""
    archive = tmp_path / "function.zip"
    write_zip(archive, {"app.py": source})
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.lambda_runtime"),
            *(archive, "app.handler", json.dumps({"a": 1})),
        ],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == status, done.stderr
    assert done.stdout.startswith("INIT    ")
    assert shown in done.stdout
    assert done.stdout.endswith("/tmp    0 bytes\n")


def test_the_command_line_says_what_is_wrong_with_the_archive(tmp_path: Path) -> None:
    """A file that is no ZIP is an error in one line, not a traceback."""
    (tmp_path / "function.zip").write_text("no ZIP")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.lambda_runtime"),
            *(tmp_path / "function.zip", "app.handler"),
        ],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == "error: File is not a zip file\n"
