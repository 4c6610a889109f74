"""Damaged archives, and errors in the middle."""

from __future__ import annotations

import errno
import os
import random

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging import loader
from poetry_plugin_package_function.packaging.deflate import DEFLATED
from poetry_plugin_package_function.packaging.deflate import STORED
from poetry_plugin_package_function.packaging.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.timestamp import dos_time
from tests.nested.function import contents_of
from tests.nested.function import write_home
from tests.nested.in_process import extract_member
from tests.nested.in_process import extracted
from tests.nested.in_process import failing_at
from tests.nested.in_process import member_of


if TYPE_CHECKING:
    from pathlib import Path


MIB: Final = 1 << 20
TIME: Final = dos_time(EARLIEST_EPOCH_S)


@pytest.mark.parametrize("method", [STORED, DEFLATED])
@pytest.mark.parametrize("wrong", [-1, 1])
def test_another_size_than_announced_is_an_error(
    tmp_path: Path, method: int, wrong: int
) -> None:
    """A member is never taken for complete when it is not."""
    data, (name, _, compressed, size, offset, mode) = member_of(b"abc" * 99, method)
    member = (name, method, compressed, size + wrong, offset, mode)
    with pytest.raises(OSError, match=f"name has 297 bytes instead of {297 + wrong}"):
        extract_member(data, member, tmp_path)


def test_a_member_that_ends_early_is_an_error(tmp_path: Path) -> None:
    """Reading past the end of the archive does not go on for ever."""
    data, member = member_of(random.Random(1).randbytes(5000), STORED)
    with pytest.raises(OSError, match="name has 4000 bytes instead of 5000"):
        extract_member(data[:-1000], member, tmp_path)


@pytest.mark.parametrize("missing", [23, 100, 1000, 4500, -1])
def test_a_truncated_archive_leaves_no_result(
    tmp_path: Path, tmp_dir: Path, missing: int
) -> None:
    """It is an ImportError that says so, and the next attempt is not misled."""
    home = tmp_path / "home"
    contents = {f"{n}": random.Random(n).randbytes(99) for n in range(30)}
    name = write_home(home, contents, at_init=True)
    archive = home / loader.ARCHIVE
    content = archive.read_bytes()
    archive.write_bytes(b"" if missing == -1 else content[:-missing])
    for _ in range(2):
        with pytest.raises(ImportError, match=r"could not be extracted.*its end is"):
            loader.prepare(str(home), str(home))
    assert [] == [path for path in tmp_dir.iterdir() if path.suffix != ".lock"]
    archive.write_bytes(content)
    loader.prepare(str(home), str(home))
    assert contents == contents_of(tmp_dir / name)


@pytest.mark.parametrize("place", ["directory", "data", "settings", "no settings"])
def test_a_damaged_archive_leaves_no_result(
    tmp_path: Path, tmp_dir: Path, place: str
) -> None:
    """Whatever is found in it, it is an ImportError, and no directory is complete."""
    home = tmp_path / "home"
    write_home(home, {"one": b"one " * 500, "two": b"two " * 500}, at_init=True)
    archive = home / loader.ARCHIVE
    content = bytearray(archive.read_bytes())
    if place == "directory":
        content[-60:-30] = b""
    elif place == "data":
        content[33:43] = b"\xff" * 10
    elif place == "settings":
        (home / loader.SETTINGS).write_text("{")
    else:
        (home / loader.SETTINGS).unlink()
    archive.write_bytes(content)
    with pytest.raises(ImportError, match="could not be extracted"):
        loader.prepare(str(home), str(home))
    names = [path.name for path in tmp_dir.iterdir()]
    assert [] == [name for name in names if not name.endswith((".lock", ".partial"))]


@pytest.mark.parametrize("cores", [1, 2, 8])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_an_error_in_the_middle_passes_and_can_be_got_over(
    place: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    cores: int,
    code: int,
) -> None:
    """No thread's error is lost, and the next attempt goes on from there."""
    home, tmp_dir = place
    contents = {f"{number:02}": b"x" * number for number in range(40)}
    name = write_home(home, contents)
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda _: set(range(cores)), raising=False
    )
    with monkeypatch.context() as patch:
        failing_at(patch, 20, OSError(code, "injected"))
        with pytest.raises(OSError, match="injected"):
            extracted(home, tmp_dir)
    staging = tmp_dir / f"{name}.partial"
    assert {staging, tmp_dir / f"{name}.lock"} == set(tmp_dir.iterdir())
    done = {
        path: path.stat().st_mtime_ns
        for path in staging.iterdir()
        if path.read_bytes() == contents[path.name]
    }
    assert 20 <= len(done) < 40
    directory = extracted(home, tmp_dir)
    assert contents == contents_of(directory)
    for path, mtime_ns in done.items():
        assert mtime_ns == (directory / path.name).stat().st_mtime_ns


def test_an_interruption_passes(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C and SystemExit are not swallowed by the threads."""
    home, tmp_dir = place
    write_home(home, {str(number): b"" for number in range(9)})
    with monkeypatch.context() as patch:
        failing_at(patch, 4, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            extracted(home, tmp_dir)
    assert 9 == len(contents_of(extracted(home, tmp_dir)))


def test_without_affinities_there_is_one_thread(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests of a function may run the loader on macOS."""
    home, tmp_dir = place
    write_home(home, {"one": b"1", "two": b"2"})
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert {"one": b"1", "two": b"2"} == contents_of(extracted(home, tmp_dir))
