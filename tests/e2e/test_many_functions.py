"""A dozen functions of one project: packaged side by side, as if each were alone."""

from __future__ import annotations

import json
import os
import shutil
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
from tests.e2e.projects import SIX
from tests.e2e.running import LIMIT_S
from tests.e2e.running import end_group
from tests.machine import is_gone
from tests.machine import mounted
from tests.machine import unmeasured
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.running import Poetry
    from tests.e2e.running import Process


COUNT = 12
NAMES = [f"f{number:02}" for number in range(COUNT)]
TABLE = "[tool.poetry-plugin-package-function"
FUNCTION = """\
{table}.functions.{name}]
include = ["data/{name}.bin"]
exclude = ["shop/f*.py", "!shop/{name}.py"]
"""
PYPROJECT = f"""\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["{SIX}"]

[tool.poetry]
packages = [{{ include = "shop" }}]

{TABLE}]
report = "dist/{{name}}.json"

{"".join(FUNCTION.format(table=TABLE, name=name) for name in NAMES)}
{POETRY_CORE}"""
HANDLER = "import six\n\ndef handler(event, context):\n    return {number}\n"
HANGING = """\
import os, signal, time

for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
with open(os.environ["BEGUN"] + ".part", "w") as begun:
    begun.write(str(os.getpid()))
os.rename(os.environ["BEGUN"] + ".part", os.environ["BEGUN"])
time.sleep(600)
"""
DATA_BYTES = 100_000
FILES: dict[str, str | bytes] = {
    "pyproject.toml": PYPROJECT,
    "shop/__init__.py": "",
    **{
        f"shop/{name}.py": HANDLER.format(number=number)
        for number, name in enumerate(NAMES)
    },
    **{f"data/{name}.bin": os.urandom(DATA_BYTES) for name in NAMES},
}


@pytest.fixture(scope="module")
def lock(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The project's lock file."""
    directory = write_files(tmp_path_factory.mktemp("shop"), FILES)
    return (poetry.lock(directory) / "poetry.lock").read_bytes()


@pytest.fixture
def shop(lock: bytes, tmp_path: Path) -> Path:
    """The project, for one test."""
    return write_files(tmp_path / "shop", {**FILES, "poetry.lock": lock})


def with_handlers(shop: Path, **files: str) -> None:
    """Lets functions name their handlers; some of the modules are others."""
    text = PYPROJECT
    for name in NAMES:
        table = f"{TABLE}.functions.{name}]\n"
        text = text.replace(table, f'{table}handler = "shop.{name}.handler"\n')
    write_files(shop, {"pyproject.toml": text})
    write_files(shop, {f"shop/{name}.py": text for name, text in files.items()})


def archives_in(directory: Path) -> dict[str, bytes]:
    """All that is there."""
    found = sorted(directory.iterdir()) if directory.exists() else []
    return {path.name: path.read_bytes() for path in found}


def places(*names: str) -> list[str]:
    """The names of functions' results."""
    return sorted(f"{name}.{end}" for name in names for end in ("json", "zip"))


def test_the_same_bytes_as_each_alone(poetry: Poetry, shop: Path) -> None:
    """On one core as on all; they are shown and reported in their order."""
    done = poetry.package(shop, "--format", "json").well()
    found = archives_in(shop / "dist")

    assert places(*NAMES) == [*found]
    assert NAMES == [each["function"] for each in json.loads(done.stdout)]
    steps = [line for line in done.stderr.splitlines() if "• Packaging" in line]
    assert NAMES == [line.split("Packaging ")[1].split()[0] for line in steps]
    for name in NAMES[:2] + NAMES[-1:]:
        poetry.package(shop, name, "--output-dir", "alone").well()
        assert found[f"{name}.zip"] == (shop / "alone" / f"{name}.zip").read_bytes()
    if shutil.which("taskset"):
        where = ("package-function", "--output-dir", "one-core")
        poetry(shop, *where, prefix=("taskset", "-c", "0")).well()
        alike = {name: found[name] for name in found if name.endswith(".zip")}
        assert alike == archives_in(shop / "one-core")


@pytest.mark.parametrize("why", ["a handler", "a file"])
def test_the_third_fails(why: str, poetry: Poetry, shop: Path) -> None:
    """The two before it are complete, all others are as they were.

    That a file is missing is seen before anything is built: then none is complete.
    """
    complete = 2 if why == "a handler" else 0
    write_files(shop, {f"dist/{name}.zip": b"before" for name in NAMES})
    if why == "a handler":
        with_handlers(shop, f02="")
    else:
        os.unlink(shop / "data/f02.bin")

    assert poetry.package(shop).failed(1).startswith("f02: ")

    found = archives_in(shop / "dist")
    as_before = NAMES[complete:]
    names = (*places(*NAMES[:complete]), *(f"{name}.zip" for name in as_before))
    assert sorted(names) == [*found]
    assert [name in as_before for name in NAMES] == [
        found[f"{name}.zip"] == b"before" for name in NAMES
    ]


def test_a_full_disk(poetry: Poetry, shop: Path) -> None:
    """Those that have found room are complete, and nothing else is there."""
    with mounted(shop / "dist", f"size={DATA_BYTES * 5 // 4096 * 4096}") as directory:
        errors = poetry.package(shop).failed(1)
        found = archives_in(directory)

    assert "could not be written: No space left on device." in errors
    assert found
    assert places(*NAMES)[: len(found)] == [*found]
    assert len(found) < 2 * 5


@dataclass(frozen=True)
class Running:
    """The command at work."""

    process: Process
    stdout: IO[str]
    stderr: IO[str]
    tmp: Path


@contextmanager
def running(poetry: Poetry, shop: Path) -> Iterator[Running]:
    """Starts the command; it is gone when the block ends."""
    unmeasured_poetry = replace(poetry, env=unmeasured(poetry.env))
    tmp = poetry.new_tmp()
    with (
        open(os.devnull) as stdin,
        tempfile.TemporaryFile("w+") as stdout,
        tempfile.TemporaryFile("w+") as stderr,
    ):
        process = unmeasured_poetry.start(
            *(shop, "package-function"),
            env={"TMPDIR": str(tmp)},
            streams=(stdin.fileno(), stdout.fileno(), stderr.fileno()),
        )
        try:
            yield Running(process, stdout, stderr, tmp)
        finally:
            end_group(process)


def wait_for(path: Path, process: Process) -> None:
    """Waits until a file is there."""
    while not path.exists():
        assert process.poll() is None
        time.sleep(0.01)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_handler_hangs(
    sent: signal.Signals, poetry: Poetry, shop: Path
) -> None:
    """The import is ended, even one that signals do not end, and no other begins."""
    begun = shop / "begun"
    with_handlers(shop, f02=HANGING, f03=HANGING.replace('"BEGUN"', '"OTHER"'))
    text = (shop / "pyproject.toml").read_text()
    for name, variable in (("f02", "BEGUN"), ("f03", "OTHER")):
        table = f"{TABLE}.functions.{name}]\n"
        place = shop / variable.lower()
        environment = f'environment = {{ {variable} = "{place}" }}\n'
        text = text.replace(table, f"{table}{environment}")
    (shop / "pyproject.toml").write_text(text)
    write_files(shop, {"dist/f02.zip": b"before"})

    with running(poetry, shop) as run:
        wait_for(begun, run.process)
        os.kill(run.process.pid, sent)
        assert 128 + sent == run.process.wait(LIMIT_S)
        run.stderr.seek(0)
        errors = run.stderr.read()

    found = archives_in(shop / "dist")
    assert sorted((*places("f00", "f01"), "f02.zip")) == [*found]
    assert b"before" == found["f02.zip"]
    assert f"Stopped by {sent.name}; " in errors
    assert "f01.json had been written before" in errors
    assert "f02" not in errors
    assert [] == os.listdir(run.tmp)
    assert is_gone(int(begun.read_text()))
    assert not (shop / "other").exists()


def test_killed_between_two(poetry: Poetry, shop: Path) -> None:
    """What is at its place is complete; the next run makes all of it, and is clean."""
    with running(poetry, shop) as run:
        wait_for(shop / "dist" / "f01.json", run.process)
        os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait(LIMIT_S)
    left = archives_in(shop / "dist")

    poetry.package(shop).well()

    found = archives_in(shop / "dist")
    for name in NAMES:
        if f"{name}.zip" in left:
            assert left[f"{name}.zip"] == found[f"{name}.zip"]
    assert {*places(*NAMES)} <= {*found}
