"""Free space is measured before anything is written."""

from __future__ import annotations

import errno
import json
import os

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import STORED
from tests.nested.function import contents_of
from tests.nested.function import write_home
from tests.nested.function import write_settings
from tests.nested.in_process import extracted
from tests.nested.in_process import failing_at


if TYPE_CHECKING:
    from pathlib import Path


MIB: Final = 1 << 20
TIME: Final = dos_time(EARLIEST_EPOCH_S)


class FileSystem:
    """Says of a file system what `os.statvfs` says, with blocks of 4 KiB."""

    f_frsize = 4096

    def __init__(self, free: int, total: int) -> None:
        self.f_bavail = free // self.f_frsize
        self.f_blocks = total // self.f_frsize


def no_space(
    monkeypatch: pytest.MonkeyPatch, place: tuple[Path, Path], free: int, total: int
) -> str:
    monkeypatch.setattr(os, "statvfs", lambda _: FileSystem(free, total))
    with pytest.raises(OSError) as raised:  # noqa: PT011 - the number is looked at
        extracted(*place)
    assert errno.ENOSPC == raised.value.errno
    return str(raised.value.strerror)


def write_large(home: Path, size: int) -> str:
    """Writes a nested ZIP that says that it holds a member of some size."""
    with (home / loader.ARCHIVE).open("wb") as stream:
        archive = Archive(stream, TIME)
        archive.add(Member("large", DEFLATED, 0, size, b"\3\0"))
        archive.add(Member("small", STORED, 0, 1, b"1"))
        archive.close()
    return write_settings(home)


def test_too_little_space_is_seen_before_anything_is_written(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text names the need, what is free, and the storage to set."""
    home, tmp_dir = place
    name = write_large(home, 700 * MIB)
    assert (
        f"it needs 701 MB in {tmp_dir}, where 500 MB are free: set the function's"
        " ephemeral storage (EphemeralStorage.Size) to at least 713 MB"
    ) == no_space(monkeypatch, place, 500 * MIB, 512 * MIB)
    assert {} == contents_of(tmp_dir / f"{name}.partial")
    assert no_space(monkeypatch, place, 0, 10_000 * MIB).endswith(
        "that is more than Lambda has: leave something out of the package"
    )


def test_the_storage_to_set_is_one_that_lambda_takes(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """512 MB is the least that can be set, whatever would do."""
    write_large(place[0], 20 * MIB)
    assert no_space(monkeypatch, place, 0, 64 * MIB).endswith(" at least 512 MB")


def test_each_file_takes_whole_blocks(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One block less than that is too little; that much is enough."""
    home, _ = place
    write_home(home, {"a": b"1", "b": bytes(4097), "c": b"", "d": bytes(4096)})
    no_space(monkeypatch, place, 3 * 4096, 512 * MIB)
    monkeypatch.setattr(os, "statvfs", lambda _: FileSystem(4 * 4096, 512 * MIB))
    assert 4 == len(contents_of(extracted(*place)))


def test_only_what_is_missing_needs_space(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An extraction that is resumed fits where it has fitted before."""
    home, tmp_dir = place
    name = write_home(home, {str(number): bytes(4096) for number in range(10)})
    with monkeypatch.context() as patch:
        failing_at(patch, 6, OSError(errno.EIO, "injected"))
        with pytest.raises(OSError, match="injected"):
            extracted(home, tmp_dir)
    staged = contents_of(tmp_dir / f"{name}.partial").values()
    missing = 10 - [*staged].count(bytes(4096))
    assert 0 < missing < 10
    with monkeypatch.context() as patch:
        no_space(patch, place, (missing - 1) * 4096, 512 * MIB)
        patch.setattr(os, "statvfs", lambda _: FileSystem(missing * 4096, 512 * MIB))
        assert 10 == len(contents_of(extracted(home, tmp_dir)))


def test_leftovers_are_removed_before_the_space_is_measured(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a killed extraction has not finished is in the way."""
    home, tmp_dir = place
    name = write_home(home, {"one": bytes(4096), "two": bytes(4096)})
    other = tmp_dir / "package-function-of-another-version.partial"
    other.mkdir()
    leftover = tmp_dir / f"{name}.partial" / "two"
    leftover.parent.mkdir()
    leftover.write_bytes(bytes(4000))

    def measured(_: str) -> FileSystem:
        return FileSystem((2 - leftover.exists()) * 4096, 512 * MIB)

    monkeypatch.setattr(os, "statvfs", measured)
    directory = extracted(home, tmp_dir)
    assert {directory, tmp_dir / f"{name}.lock", other} == set(tmp_dir.iterdir())


def test_the_storage_to_set_is_enough_for_all_units(
    place: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is imported next would not fit either, so the advice counts it."""
    home, _ = place
    write_large(home, 20 * MIB)
    settings = json.loads((home / loader.SETTINGS).read_text())
    settings["tmp_bytes"] = 900 * MIB
    (home / loader.SETTINGS).write_text(json.dumps(settings))
    assert no_space(monkeypatch, place, 10 * MIB, 512 * MIB).endswith(
        " at least 900 MB"
    )


def test_a_file_of_another_size_is_written_again(place: tuple[Path, Path]) -> None:
    """Nothing that is not what it has to be is taken over."""
    home, tmp_dir = place
    name = write_home(home, {"a/one": b"one", "two": b"two"})
    staging = tmp_dir / f"{name}.partial"
    (staging / "a").mkdir(parents=True)
    (staging / "a" / "one").write_bytes(b"on")
    assert {"a/one": b"one", "two": b"two"} == contents_of(extracted(home, tmp_dir))
