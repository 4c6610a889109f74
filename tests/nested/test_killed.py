"""Extractions that are killed, as at the end of INIT's ten seconds, are resumed."""

from __future__ import annotations

import os
import random

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

import pytest

from tests.nested.function import contents_of
from tests.nested.function import ended
from tests.nested.function import extracting
from tests.nested.function import files_below
from tests.nested.function import write_home


if TYPE_CHECKING:
    import subprocess

    from collections.abc import Mapping
    from pathlib import Path


KILLS: Final = 30
NUMBERS: Final = random.Random(20261122)


class Tree(NamedTuple):
    """A nested ZIP, what is in it, and what its extraction is called."""

    home: Path
    contents: Mapping[str, bytes]
    name: str


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A few hundred small files, and some of some megabytes."""
    numbers = random.Random(1)
    contents = {
        f"package{number % 12}/sub/file{number}.py": numbers.randbytes(number * 5)
        for number in range(300)
    }
    for number in range(24):
        piece = numbers.randbytes(5000)
        contents[f"package{number % 12}/large{number}.so"] = piece * 20 * (number + 1)
    home = tmp_path_factory.mktemp("killed") / "home"
    return Tree(home, contents, write_home(home, contents))


class Identity(NamedTuple):
    """What changes when a file is written again."""

    inode: int
    mtime_ns: int


def finished(tree: Tree, directory: Path) -> dict[str, Identity]:
    """All complete files in the staging directory, or in the result, by their names."""
    found = {}
    for path in files_below(directory):
        status = os.stat(path)
        name = str(path.relative_to(directory))
        if status.st_size == len(tree.contents[name]):
            assert path.read_bytes() == tree.contents[name]
            found[name] = Identity(status.st_ino, status.st_mtime_ns)
    return found


def kill_at(process: subprocess.Popen[str], staging: Path, count: int) -> bool:
    """Kills it once that many files are there; False if it has ended before."""
    while process.poll() is None:
        try:
            there = sum(1 for _ in files_below(staging)) if staging.exists() else -1
        except OSError:  # renamed meanwhile
            continue
        if there >= count:
            break
    ended_before = process.poll() is not None
    process.kill()
    process.communicate()
    return not ended_before


def test_every_kill_leaves_what_the_next_start_goes_on_with(
    tree: Tree, tmp_path: Path
) -> None:
    """The result is right to the byte, nothing is written twice, nothing stays."""
    kills = resumed = rounds = 0
    while kills < KILLS or resumed < KILLS // 3:
        tmp_dir = tmp_path / f"tmp{rounds}"
        tmp_dir.mkdir()
        staging, result = tmp_dir / f"{tree.name}.partial", tmp_dir / tree.name
        before: dict[str, Identity] = {}
        for _ in range(12):
            if result.exists():
                break
            process = extracting(tree.home, tmp_dir)
            count = len(before) + NUMBERS.choice([-1, 0, 0, 1, 5, 10, 20, 40, 80])
            kills += kill_at(process, staging, count)
            now = finished(tree, result if result.exists() else staging)
            assert before == {name: now[name] for name in before}
            resumed += bool(before)
            before = now
        assert str(result) == ended(extracting(tree.home, tmp_dir))
        now = finished(tree, result)
        assert before == {name: now[name] for name in before}
        assert tree.contents == contents_of(result)
        assert {result, tmp_dir / f"{tree.name}.lock"} == set(tmp_dir.iterdir())
        rounds += 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_last_rename(tree: Tree, tmp_path: Path, moment: str) -> None:
    """All files are there, and the result is not, or just is."""
    at_rename = (
        "import signal\n"
        "rename = os.rename\n"
        "def killed(source, target):\n"
        "    if source.endswith('.partial'):\n"
        f"        if {moment == 'after'}: rename(source, target)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    rename(source, target)\n"
        "os.rename = killed\n"
    )
    process = extracting(tree.home, tmp_path, before=at_rename)
    process.communicate()
    assert -9 == process.returncode
    result = tmp_path / tree.name
    before = finished(
        tree, result if moment == "after" else tmp_path / f"{tree.name}.partial"
    )
    assert tree.contents.keys() == before.keys()
    assert str(result) == ended(extracting(tree.home, tmp_path))
    assert before == finished(tree, result)
    assert {result, tmp_path / f"{tree.name}.lock"} == set(tmp_path.iterdir())


def test_killed_in_the_middle_of_a_file(tree: Tree, tmp_path: Path) -> None:
    """A file is taken for complete if it has its size, and half a file has not."""
    in_the_middle = (
        "import signal\n"
        "write, written = os.write, []\n"
        "def killed(file, data):\n"
        "    written.append(len(data))\n"
        "    if sum(written) > 3_000_000:\n"
        "        write(file, bytes(data)[:len(data) // 2])\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return write(file, data)\n"
        "os.write = killed\n"
    )
    process = extracting(tree.home, tmp_path, before=in_the_middle)
    process.communicate()
    assert -9 == process.returncode
    staged = contents_of(tmp_path / f"{tree.name}.partial")
    half = [name for name in staged if staged[name] != tree.contents[name]]
    assert half
    assert all(len(staged[name]) < len(tree.contents[name]) for name in half)
    assert len(half) < len(staged)
    assert str(tmp_path / tree.name) == ended(extracting(tree.home, tmp_path))
    assert tree.contents == contents_of(tmp_path / tree.name)
    assert [] == list(tmp_path.glob(f"{tree.name}.part*"))
