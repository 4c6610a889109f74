"""Several processes and one `/tmp`, as the workers of Managed Instances."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

from pathlib import Path

import pytest

from tests.nested.function import contents_of
from tests.nested.function import ended
from tests.nested.function import extracting
from tests.nested.function import write_home


LOGGED = """\
original = extraction.extract_all
def logged(*arguments):
    log = os.open(sys.argv[4], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(log, b"extraction\\n")
    original(*arguments)
extraction.extract_all = logged
"""


def contents() -> dict[str, bytes]:
    numbers = random.Random(2)
    return {f"d{n % 7}/{n}": numbers.randbytes(n * 300) * 4 for n in range(150)}


def test_one_extracts_for_all(tmp_path: Path) -> None:
    """Of 16 processes that start at once, one extracts; all get the same tree."""
    name = write_home(tmp_path / "home", contents())
    tmp_dir = tmp_path / "tmp"
    tmp_dir.mkdir()
    held, holding = os.pipe()
    try:
        processes = [
            extracting(
                tmp_path / "home",
                tmp_dir,
                # All of them wait here until the last writer closes the pipe.
                before=f"{LOGGED}sys.stdin.read()\n",
                stdin=held,
                arguments=(str(tmp_path / "log"),),
            )
            for _ in range(16)
        ]
    finally:
        os.close(held)
        os.close(holding)
    assert {str(tmp_dir / name)} == {ended(process) for process in processes}
    assert "extraction\n" == (tmp_path / "log").read_text()
    assert contents() == contents_of(tmp_dir / name)
    assert {tmp_dir / name, tmp_dir / f"{name}.lock"} == set(tmp_dir.iterdir())


needs_proc_locks = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux lists who waits for locks"
)


def wait_until_blocked(
    process: subprocess.Popen[str], inode: int | None = None
) -> None:
    """Returns when the kernel says that the process waits for a lock, or for one."""
    while process.poll() is None:
        for line in Path("/proc/locks").read_text().splitlines():
            fields = line.split()
            if (
                fields[1] == "->"
                and fields[2] == "FLOCK"
                and fields[5] == str(process.pid)
                and inode in (None, int(fields[6].rpartition(":")[2]))
            ):
                return
        time.sleep(0.01)
    pytest.fail(f"it did not wait: {process.communicate()}")


@needs_proc_locks
def test_a_holder_that_is_killed_is_succeeded(tmp_path: Path) -> None:
    """One of those that have waited goes on, once; the others find its work."""
    name = write_home(tmp_path / "home", contents())
    tmp_dir, log = tmp_path / "tmp", tmp_path / "log"
    tmp_dir.mkdir()
    stops = (
        "extract, done = extraction.extract_member, []\n"
        "def stops(*arguments):\n"
        "    if len(done) == 20:\n"
        "        print('holding', flush=True)\n"
        "        sys.stdin.read()\n"
        "    done.append(extract(*arguments))\n"
        "extraction.extract_member = stops\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    )
    holder = extracting(
        tmp_path / "home",
        tmp_dir,
        before=LOGGED + stops,
        stdin=subprocess.PIPE,
        arguments=(str(log),),
    )
    assert holder.stdout is not None
    assert "holding\n" == holder.stdout.readline()
    waiting = [
        extracting(tmp_path / "home", tmp_dir, before=LOGGED, arguments=(str(log),))
        for _ in range(4)
    ]
    for process in waiting:
        wait_until_blocked(process)
    assert "extraction\n" == log.read_text()
    before = contents_of(tmp_dir / f"{name}.partial")
    assert 20 == len(before)
    holder.kill()
    holder.communicate()
    assert {str(tmp_dir / name)} == {ended(process) for process in waiting}
    assert "extraction\n" * 2 == log.read_text()
    assert contents() == contents_of(tmp_dir / name)
    assert {tmp_dir / name, tmp_dir / f"{name}.lock"} == set(tmp_dir.iterdir())


def test_a_complete_extraction_is_used_without_a_lock(tmp_path: Path) -> None:
    """Starting from a warm `/tmp` neither waits nor writes; it may be read-only."""
    name = write_home(tmp_path / "home", contents())
    tmp_dir = tmp_path / "tmp"
    tmp_dir.mkdir()
    assert str(tmp_dir / name) == ended(extracting(tmp_path / "home", tmp_dir))
    (tmp_dir / f"{name}.lock").unlink()
    (tmp_path / "home" / ".dependencies.zip").unlink()
    assert str(tmp_dir / name) == ended(extracting(tmp_path / "home", tmp_dir))
    assert [tmp_dir / name] == list(tmp_dir.iterdir())
