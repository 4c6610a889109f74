"""SIGINT and SIGTERM: the command stops in good order, wherever it is."""

from __future__ import annotations

import os
import signal
import tempfile
import time

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace
from typing import IO
from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import pep621
from tests.e2e.projects import small_project
from tests.e2e.running import LIMIT_S
from tests.e2e.running import end_group
from tests.machine import is_gone
from tests.machine import unmeasured
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.running import Poetry
    from tests.e2e.running import Process


EARLIER = {"dist/my_app.zip": b"an earlier ZIP", "report.json": b"an earlier report"}
SIGNALS = [signal.SIGINT, signal.SIGTERM]
# A build that says that it has begun, and does not end.
SYSTEM = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
BACKEND = """\
import os, pathlib, time

def build_wheel(directory, config_settings=None, metadata_directory=None):
    pathlib.Path(os.environ["BEGUN"]).touch()
    time.sleep(600)

build_editable = build_wheel
"""
SLOW = {
    "slow/pyproject.toml": f'[project]\nname = "slow"\nversion = "1.0"\n\n{SYSTEM}',
    "slow/backend.py": BACKEND,
}


@dataclass(frozen=True)
class Running:
    """The command at work, in a process group of its own, as a shell starts it."""

    process: Process
    stdout: IO[str]
    stderr: IO[str]

    def wait_for_line(self, start: str) -> None:
        """Reads its output up to a line that starts so."""
        for line in self.stdout:
            if line.lstrip().startswith(start):
                return
        pytest.fail(f"It ended before it said {start!r}.")

    def wait_for_build(self, directory: Path) -> None:
        """Waits until a backend says that it has begun."""
        while not (directory / "begun").exists():
            assert self.process.poll() is None
            time.sleep(0.01)


@contextmanager
def running(poetry: Poetry, directory: Path, tmp: Path) -> Iterator[Running]:
    """Starts the command; it is gone when the block ends."""
    write_files(directory, EARLIER)
    unmeasured_poetry = replace(poetry, env=unmeasured(poetry.env))
    ours, theirs = os.pipe()
    with (
        open(os.devnull) as stdin,
        open(ours) as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        process = unmeasured_poetry.start(
            *(directory, "package-function", "--report", "report.json"),
            env={"TMPDIR": str(tmp), "BEGUN": str(directory / "begun")},
            streams=(stdin.fileno(), theirs, stderr.fileno()),
        )
        os.close(theirs)
        try:
            yield Running(process, stdout, stderr)
        finally:
            end_group(process)


def hold_to_good_order(
    run: Running, sent: signal.Signals, directory: Path, tmp: Path
) -> None:
    """Waits for its end, and looks at all that it may not leave behind."""
    run.stdout.read()
    assert 128 + sent == run.process.wait(LIMIT_S)
    run.stderr.seek(0)
    errors = run.stderr.read()
    assert f"Stopped by {sent.name}; what was not complete is as it was.\n" == errors
    for name, content in EARLIER.items():
        assert content == (directory / name).read_bytes()
    assert ["my_app.zip"] == os.listdir(directory / "dist")
    assert [] == os.listdir(tmp)
    # One that the signal met while it was being started ends by itself.
    assert is_gone(-run.process.pid), "a process is left in its group"


@pytest.mark.parametrize("group", [True, False], ids=["group", "alone"])
@pytest.mark.parametrize("sent", SIGNALS)
def test_while_a_dependency_is_built(
    sent: signal.Signals, group: bool, poetry: Poetry, tmp_path: Path
) -> None:
    """A build that would go on for ever is ended too.

    A terminal sends Ctrl-C to the whole group, `kill` and a CI runner's cancel to the
    process alone.
    """
    pyproject = pep621(
        dependencies=("slow",),
        more='[tool.poetry.dependencies]\nslow = { path = "slow" }\n',
    )
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": "", **SLOW})
    poetry.lock(tmp_path)
    tmp = poetry.new_tmp()
    with running(poetry, tmp_path, tmp) as run:
        run.wait_for_line("- 1/1 Installing slow")
        run.wait_for_build(tmp_path)
        (os.killpg if group else os.kill)(run.process.pid, sent)
        hold_to_good_order(run, sent, tmp_path, tmp)


@pytest.mark.parametrize("sent", SIGNALS)
def test_while_the_project_is_built(
    sent: signal.Signals, poetry: Poetry, tmp_path: Path
) -> None:
    """Its own backend is ended as those of dependencies are."""
    pyproject = pep621(dependencies=()).replace(POETRY_CORE, SYSTEM)
    write_files(tmp_path, {"pyproject.toml": pyproject, "backend.py": BACKEND})
    poetry.lock(tmp_path)
    tmp = poetry.new_tmp()
    with running(poetry, tmp_path, tmp) as run:
        run.wait_for_build(tmp_path)
        os.kill(run.process.pid, sent)
        hold_to_good_order(run, sent, tmp_path, tmp)


@pytest.mark.parametrize("sent", SIGNALS)
def test_while_an_interpreter_is_asked(
    sent: signal.Signals, poetry: Poetry, tmp_path: Path
) -> None:
    """That begins in the background, before anything is known of the project."""
    write_files(tmp_path, {"pyproject.toml": pep621(dependencies=()), "my_app.py": ""})
    poetry.lock(tmp_path)
    tmp = poetry.new_tmp()
    python = tmp_path / "bin/python"
    write_files(tmp_path, {"bin/python": '#!/bin/sh\ntouch "$BEGUN"\nexec sleep 600\n'})
    python.chmod(0o755)
    hanging = poetry.having(PATH=f"{python.parent}{os.pathsep}{os.defpath}")
    with running(hanging, tmp_path, tmp) as run:
        run.wait_for_build(tmp_path)
        os.kill(run.process.pid, sent)
        hold_to_good_order(run, sent, tmp_path, tmp)


@pytest.mark.parametrize("sent", SIGNALS)
def test_before_the_first_dependency(
    sent: signal.Signals, poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """While the environment is made, Poetry swallows nothing."""
    small_project(tmp_path)
    write_files(tmp_path, {"poetry.lock": (small / "poetry.lock").read_bytes()})
    tmp = poetry.new_tmp()
    with running(poetry, tmp_path, tmp) as run:
        run.wait_for_line("• Building")
        os.kill(run.process.pid, sent)
        hold_to_good_order(run, sent, tmp_path, tmp)


@pytest.mark.parametrize("sent", SIGNALS)
def test_while_files_are_packaged(
    sent: signal.Signals, poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """A signal in the middle of a large file."""
    small_project(
        tmp_path,
        more='[tool.poetry-plugin-package-function]\ninclude = ["large.bin"]\n',
    )
    write_files(tmp_path, {"poetry.lock": (small / "poetry.lock").read_bytes()})
    with (tmp_path / "large.bin").open("wb") as large:
        large.truncate(1 << 30)  # takes no space, and a second or more to compress
    tmp = poetry.new_tmp()
    with running(poetry, tmp_path, tmp) as run:
        run.wait_for_line("• Packaging")
        os.kill(run.process.pid, sent)
        hold_to_good_order(run, sent, tmp_path, tmp)
