"""A `/tmp` that is too small, full, read-only or missing."""

from __future__ import annotations

import os
import random
import subprocess

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.machine import mounted
from tests.nested.function import Function
from tests.nested.function import Source
from tests.nested.function import contents_of
from tests.nested.function import ended
from tests.nested.function import extracting
from tests.nested.function import write_home
from tests.trees import is_root


if TYPE_CHECKING:
    from pathlib import Path


SOURCE = Source(
    {
        "my_app/__init__.py": "import large\nVALUE = 1\n",
    },
    dependencies={
        "large": {
            "large/__init__.py": "",
            "large/large.bin": b"0123456789abcdef" * (6 << 16),
        }
    },
)
TRY = """\
try:
    import my_app
except ImportError as error:
    show([str(error), "my_app" in sys.modules])
else:
    show([my_app.VALUE, my_app.large.__file__])
"""


def with_tmp(function: Function, tmp_dir: Path) -> Function:
    return replace(function, tmp_dir=tmp_dir)


def test_too_small_a_tmp_names_the_storage_to_set(tmp_path: Path) -> None:
    """Need, free space and setting stand in the error; with more space it works."""
    function = SOURCE.unpacked(tmp_path / "function")
    with mounted(tmp_path / "small", "size=4m") as small:
        text, left = with_tmp(function, small).ask(TRY)
        assert (
            "The function's nested ZIP could not be extracted: [Errno 28] it needs 6 MB"
            f" in {small}, where 4 MB are free: set the function's ephemeral storage"
            " (EphemeralStorage.Size) to at least 512 MB"
        ) == text
        assert left is False
        assert not with_tmp(function, small).extracted("large").exists()
        subprocess.run(["mount", "-o", "remount,size=16m", str(small)], check=True)
        larger = with_tmp(function, small)
        place = larger.extracted("large")
        assert [1, str(place / "large/__init__.py")] == larger.ask(TRY)


def test_a_resumed_extraction_fits_where_one_in_a_go_does(tmp_path: Path) -> None:
    """What a killed one has not finished does not take the space away."""
    contents = {f"{n}": random.Random(n).randbytes(3 << 20) for n in range(2)}
    name = write_home(tmp_path / "home", contents)
    with mounted(tmp_path / "tmp", "size=7m") as tmp_dir:
        staging = tmp_dir / f"{name}.partial"
        staging.mkdir()
        for each in contents:
            (staging / each).write_bytes(bytes(2 << 20))
        assert str(tmp_dir / name) == ended(extracting(tmp_path / "home", tmp_dir))
        assert contents == contents_of(tmp_dir / name)
        assert {tmp_dir / name, tmp_dir / f"{name}.lock"} == set(tmp_dir.iterdir())


def test_somebody_else_fills_it_meanwhile(tmp_path: Path) -> None:
    """The error is as clear as at the start; with space again, it goes on."""
    contents = {f"{n}": random.Random(n).randbytes(1 << 20) for n in range(4)}
    name = write_home(tmp_path / "home", contents)
    stops = (
        "extract, done = extraction.extract_member, []\n"
        "def stops(*arguments):\n"
        "    if len(done) == 2:\n"
        "        print('stopped', flush=True)\n"
        "        sys.stdin.readline()\n"
        "    done.append(extract(*arguments))\n"
        "extraction.extract_member = stops\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    )
    with mounted(tmp_path / "tmp", "size=8m") as tmp_dir:
        process = extracting(
            tmp_path / "home", tmp_dir, before=stops, stdin=subprocess.PIPE
        )
        assert process.stdout is not None
        assert "stopped\n" == process.stdout.readline()
        filler = tmp_dir / "filler"
        fill(filler)
        _, errors = process.communicate("go on\n")
        assert 1 == process.returncode
        assert errors.rstrip().endswith(
            "ImportError: The function's nested ZIP could not be extracted: [Errno 28]"
            f" it needs 4 MB in {tmp_dir}, where 0 MB are free: set"
            " the function's ephemeral storage (EphemeralStorage.Size) to at least"
            " 512 MB"
        )
        assert {"filler", f"{name}.partial", f"{name}.lock"} == {
            path.name for path in tmp_dir.iterdir()
        }
        before = {
            path.name: path.stat().st_mtime_ns
            for path in (tmp_dir / f"{name}.partial").iterdir()
        }
        assert 2 == len(before)
        filler.unlink()
        assert str(tmp_dir / name) == ended(extracting(tmp_path / "home", tmp_dir))
        assert contents == contents_of(tmp_dir / name)
        for each, mtime_ns in before.items():
            assert mtime_ns == (tmp_dir / name / each).stat().st_mtime_ns


def fill(path: Path) -> None:
    """Writes a file until there is no space left."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        for piece in (bytes(1 << 16), bytes(1 << 12)):
            try:
                while os.write(descriptor, piece):
                    pass
            except OSError:
                continue
    finally:
        os.close(descriptor)


def test_a_tmp_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the place and the reason."""
    function = SOURCE.unpacked(tmp_path / "function")
    if is_root():  # whom modes do not bind
        with mounted(tmp_path / "ro", "size=16m,ro") as read_only:
            text, left = with_tmp(function, read_only).ask(TRY)
        reason = "Read-only file system"
    else:
        read_only = tmp_path / "ro"
        read_only.mkdir(mode=0o555)
        text, left = with_tmp(function, read_only).ask(TRY)
        reason = "Permission denied"
    assert "nested ZIP could not be extracted: [Errno" in text
    assert f"{reason}: '{read_only}/package-function-" in text
    assert left is False


def test_a_tmp_that_is_not_there(tmp_path: Path) -> None:
    """The error names the place and the reason."""
    function = SOURCE.unpacked(tmp_path / "function")
    text, left = with_tmp(function, tmp_path / "nowhere").ask(TRY)
    assert "could not be extracted: [Errno 2] No such file or directory" in text
    assert f"'{tmp_path}/nowhere/package-function-" in text
    assert left is False
