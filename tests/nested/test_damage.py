"""Damaged archives, and errors in the middle."""

from __future__ import annotations

import errno
import os
import random
import shutil
import threading

from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.nesting.loader import extraction
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
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
    data, member = member_of(b"abc" * 99, method)
    name, _, compressed, size, offset, mode, crc32 = member
    member = (name, method, compressed, size + wrong, offset, mode, crc32)
    with pytest.raises(OSError, match=f"name has 297 bytes instead of {297 + wrong}"):
        extract_member(data, member, tmp_path)


def test_a_member_that_ends_early_is_an_error(tmp_path: Path) -> None:
    """Reading past the end of the archive does not go on for ever."""
    data, member = member_of(random.Random(1).randbytes(5000), STORED)
    with pytest.raises(OSError, match="name has 4000 bytes instead of 5000"):
        extract_member(data[:-1000], member, tmp_path)


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_another_checksum_than_announced_is_an_error(
    tmp_path: Path, method: int
) -> None:
    """Content of the right size is compared, too, and not left to be found."""
    data, member = member_of(b"abc" * 99, method)
    with pytest.raises(OSError, match="name is damaged: it has another CRC-32"):
        extract_member(data, (*member[:-1], member[-1] ^ 1), tmp_path)
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("more", [1, 500, 2000])
def test_a_stream_ends_where_it_ends(tmp_path: Path, more: int) -> None:
    """However much follows it: an archive may say that all of that is a part of it."""
    content = random.Random(2).randbytes(99) * 1000
    data, member = member_of(content, DEFLATED)
    name, _, compressed, size, offset, mode, crc32 = member
    longer = (name, DEFLATED, compressed + more, size, offset, mode, crc32)
    assert content == extract_member(data + b"\1" * 1000, longer, tmp_path)


@pytest.mark.parametrize("method", [STORED, DEFLATED])
def test_no_more_is_written_than_announced(tmp_path: Path, method: int) -> None:
    """Or a few pieces more: `/tmp` is not filled by a size that is too small."""
    data, member = member_of(bytes(40 * MIB), method)
    name, _, compressed, _, offset, mode, crc32 = member
    smaller = (name, method, compressed, 5, offset, mode, crc32)
    with pytest.raises(OSError, match=r"name has \d+ bytes instead of 5") as raised:
        extract_member(data, smaller, tmp_path)
    assert int(str(raised.value).split()[4]) <= 4 * MIB


def test_whatever_is_damaged_nothing_wrong_is_extracted(
    tmp_path: Path, tmp_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an ImportError; or the content is right, as nobody has read the damage."""
    numbers = random.Random(20261128)
    contents = {
        "text": b"text " * 400,
        "noise": numbers.randbytes(3000),
        "a/tool.sh": b"#!/bin/sh\n" * 9,
        "a/large": numbers.randbytes(90) * 2_000,
    }
    # What is larger is copied.
    monkeypatch.setattr(loader.beside("extraction"), "WHOLE", 100_000)
    home = tmp_path / "home"
    name = write_home(home, contents)
    archive = home / loader.ARCHIVE
    sound = archive.read_bytes()
    for _ in range(300):
        damaged = bytearray(sound)
        at = numbers.randrange(len(damaged))
        width = numbers.choice((1, 1, 4, 40))
        damaged[at : at + width] = numbers.randbytes(numbers.choice((width, 0, 1)))
        archive.write_bytes(damaged)
        finder = loader.Finder(str(home), str(home))
        with suppress(ImportError):
            finder.extract(0)
            assert contents == contents_of(tmp_dir / name)
            assert (tmp_dir / name / "a/tool.sh").stat().st_mode & 0o111
            shutil.rmtree(tmp_dir / name)
        assert not (tmp_dir / name).exists()
        for staged in contents_of(tmp_dir).items():
            assert staged[0].endswith(".lock") or staged[1] in (*contents.values(), b"")


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


@pytest.mark.parametrize("startable", [0, 1, 3])
def test_as_many_threads_as_can_be_started(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, startable: int
) -> None:
    """There may be a limit, and none can be started when the interpreter ends."""
    home, tmp_dir = place
    contents = {f"{number:02}": b"x" * number for number in range(40)}
    write_home(home, contents)
    start, started = threading.Thread.start, list[threading.Thread]()

    def limited(thread: threading.Thread) -> None:
        if len(started) == startable:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(extraction, "BATCH", 50)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)), raising=False)
    monkeypatch.setattr(threading.Thread, "start", limited)
    assert contents == contents_of(extracted(home, tmp_dir))
    assert startable == len(started)


def test_without_affinities_there_is_one_thread(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tests of a function may run the loader on macOS."""
    home, tmp_dir = place
    write_home(home, {"one": b"1", "two": b"2"})
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert {"one": b"1", "two": b"2"} == contents_of(extracted(home, tmp_dir))
