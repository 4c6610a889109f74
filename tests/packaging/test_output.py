from __future__ import annotations

import gc
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import InterruptedBySignal
from poetry_plugin_package_function.errors import OutputError
from poetry_plugin_package_function.interruption import stoppable
from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.output import create
from poetry_plugin_package_function.packaging.archive.output import discarding
from poetry_plugin_package_function.packaging.archive.output import replacing
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.sources.content import STORED
from tests.machine import mounted


if TYPE_CHECKING:
    from typing import BinaryIO


def left_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_both_appear_together(tmp_path: Path) -> None:
    """Nothing is at its place before all is written; missing directories are made."""
    first, second = tmp_path / "new/dir/a.zip", tmp_path / "r.json"
    with replacing(first, second) as outputs:
        outputs[first].write(b"zip")
        outputs[second].write(b"{}")
        assert not first.exists()
        assert not second.exists()

    assert b"zip" == first.read_bytes()
    assert b"{}" == second.read_bytes()
    assert ["new", "r.json"] == left_in(tmp_path)
    assert ["a.zip"] == left_in(first.parent)


def test_a_failure_leaves_all_as_it_was(tmp_path: Path) -> None:
    """Whatever is raised, even an interruption, earlier results stay untouched."""
    target = tmp_path / "a.zip"
    target.write_bytes(b"old")

    def interrupted() -> None:
        with replacing(target) as outputs:
            outputs[target].write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert b"old" == target.read_bytes()
    assert ["a.zip"] == left_in(tmp_path)


def test_what_is_discarded_was_never_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written can be read until the end, and is among temporary files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    first, second = tmp_path / "new/dir/a.zip", tmp_path / "r.json"
    second.write_bytes(b"old")

    with discarding(first, second) as outputs:
        outputs[first].write(b"zip")
        outputs[first].flush()
        assert b"zip" == Path(outputs[first].name).read_bytes()
        outputs[second].write(b"{}")
        assert ["r.json", "scratch"] == left_in(tmp_path)

    assert b"old" == second.read_bytes()
    assert [] == left_in(scratch)
    with pytest.raises(OutputError, match="is a directory"), discarding(tmp_path):
        pass


@pytest.mark.parametrize(
    ("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0, 0o666)]
)
def test_the_mode_is_that_of_any_new_file(
    tmp_path: Path, umask: int, mode: int
) -> None:
    """The user's umask decides, not the habits of temporary files."""
    before = os.umask(umask)
    try:
        with replacing(tmp_path / "a.zip"):
            pass
    finally:
        os.umask(before)

    assert mode == stat.S_IMODE((tmp_path / "a.zip").stat().st_mode)


def test_a_target_that_is_a_directory(tmp_path: Path) -> None:
    """A directory is not replaced."""
    with (
        pytest.raises(OutputError, match="is a directory") as raised,
        replacing(tmp_path),
    ):
        pass
    assert "--output FILE" in raised.value.hint


def test_a_target_that_is_no_file() -> None:
    """Neither is a device."""
    with (
        pytest.raises(OutputError, match="not a regular file"),
        replacing(Path("/dev/null")),
    ):
        pass


def test_a_directory_that_is_a_file(tmp_path: Path) -> None:
    """The reason of the system is told."""
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(OutputError, match="file is not a directory"),
        replacing(tmp_path / "file/a.zip"),
    ):
        pass


def test_a_directory_that_only_seems_writable() -> None:
    """The reason of the system is told where asking beforehand does not help."""
    target = Path("/proc/none/a.zip")
    if not os.access("/proc", os.W_OK):
        pytest.skip("only root may try to write to /proc")

    with (
        pytest.raises(OutputError, match="/proc/none cannot be written to: "),
        replacing(target),
    ):
        pass


def test_the_second_target_is_unusable(tmp_path: Path) -> None:
    """If the report cannot be written, the archive is not replaced either."""
    archive = tmp_path / "a.zip"
    archive.write_bytes(b"old")
    (tmp_path / "r.json").mkdir()

    with pytest.raises(OutputError), replacing(archive, tmp_path / "r.json"):
        pass

    assert b"old" == archive.read_bytes()
    assert ["a.zip", "r.json"] == left_in(tmp_path)


def test_a_full_disk(tmp_path: Path) -> None:
    """On a full disk nothing is lost and nothing is left; the error says so."""
    with mounted(tmp_path / "small", "size=256k") as small:
        target = small / "a.zip"
        target.write_bytes(b"old")
        with (
            pytest.raises(OutputError, match="No space left on device") as raised,
            replacing(target) as outputs,
        ):
            outputs[target].write(bytes(3 << 20))
        assert "--output-dir" in raised.value.hint
        assert b"old" == target.read_bytes()
        assert ["a.zip"] == left_in(small)


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_disk_that_is_full_in_the_middle(is_nested: bool, tmp_path: Path) -> None:
    """Whoever makes the archive is told, though a thread writes it."""
    threads = {*threading.enumerate()}
    with mounted(tmp_path / "small", "size=4m") as small:
        with (
            pytest.raises(OutputError, match=r"a\.zip could not be written: No sp"),
            replacing(small / "a.zip") as outputs,
        ):
            write_archive(outputs[small / "a.zip"], 20, is_nested=is_nested)
        assert [] == left_in(small)
    gc.collect()
    for thread in {*threading.enumerate()} - threads:
        thread.join(10)
        assert not thread.is_alive()


def write_archive(stream: BinaryIO, count: int, *, is_nested: bool) -> None:
    """Writes an archive of so many members of a megabyte."""
    outer = Archive(stream, dos_time(EARLIEST_EPOCH_S), hashed=True)
    with outer.nested("inner.zip") if is_nested else nullcontext(outer) as archive:
        for number in range(count):
            data = os.urandom(1 << 20)
            archive.add(Member(str(number), STORED, 0, len(data), data))
    outer.close()


def test_an_error_of_another_file_is_not_the_outputs(tmp_path: Path) -> None:
    """A full TMPDIR, for one: the place for the results is not blamed for it."""
    with mounted(tmp_path / "small", "size=256k") as small:
        with (
            pytest.raises(OSError, match="No space left on device") as raised,
            replacing(tmp_path / "a.zip"),
            create(str(small / "temporary")) as other,
        ):
            other.write(bytes(3 << 20))
        assert str(small / "temporary") == raised.value.filename
        assert ["small"] == left_in(tmp_path)


@pytest.mark.parametrize("name", ["n" * 304, "n" * 304 + "/a.zip"])
def test_a_name_that_is_too_long(tmp_path: Path, name: str) -> None:
    """The reason of the system is told, before any work."""
    with (
        pytest.raises(OutputError, match="File name too long") as raised,
        replacing(tmp_path / name),
    ):
        pass
    assert "--output FILE" in raised.value.hint


def test_a_signal_between_two_replacements(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the results are new then, and the interruption says so."""
    archive, report = tmp_path / "a.zip", tmp_path / "r.json"
    for target in (archive, report):
        target.write_bytes(b"old")

    def replace(source: str, target: Path) -> None:
        os.rename(source, target)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(os, "replace", replace)
    with (
        pytest.raises(InterruptedBySignal) as raised,
        stoppable(),
        replacing(archive, report),
    ):
        pass

    assert b"" == archive.read_bytes() == report.read_bytes()
    assert f"{archive}, {report} had been written" in raised.value.reason
    assert ["a.zip", "r.json"] == left_in(tmp_path)


def test_a_second_replacement_that_fails(tmp_path: Path) -> None:
    """What has been replaced before it is told; it cannot be undone."""
    archive, report = tmp_path / "a.zip", tmp_path / "r.json"

    with pytest.raises(OutputError) as raised, replacing(archive, report):
        report.mkdir()

    assert archive.exists()
    assert f"{report} could not be written: Is a directory." in raised.value.reason
    assert f"{archive} has been replaced before." in raised.value.reason


def test_a_directory_that_may_not_be_written(tmp_path: Path) -> None:
    """Permissions are told apart from a full disk."""
    # Root, whom they do not bind, gives up its privileges first.
    tmp_path.chmod(0o755)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from poetry_plugin_package_function.packaging.archive import output\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "else: os.chmod('.', 0o555)\n"
        "try:\n"
        "    with output.replacing(Path('a.zip')): pass\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "OutputError . may not be written to.\n" == done.stdout
