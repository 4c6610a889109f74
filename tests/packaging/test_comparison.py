"""The second process finds what is installed as its wheel has it."""

from __future__ import annotations

import os
import sys

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources import comparison
from poetry_plugin_package_function.packaging.sources.comparison import Comparison
from poetry_plugin_package_function.packaging.sources.comparison import comparing
from poetry_plugin_package_function.packaging.sources.wheel import read_streams
from tests.packaging.wheel_files import INFO
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import installation


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from tests.packaging.wheel_files import Installation


WINDOW_BYTES = comparison.MAPPED_BYTES
SIZES = (
    *(0, 1, comparison.MAPPED_FROM_BYTES - 1, comparison.MAPPED_FROM_BYTES),
    *(WINDOW_BYTES - 1, WINDOW_BYTES, WINDOW_BYTES + 1, 2 * WINDOW_BYTES + 1),
)
OF_ALL_SIZES = [Part(f"{size}.py", bytes(size)) for size in SIZES]
DEMO = [Part("a.py", b"a" * 99), Part("dir/b.py", b"b" * 99), Part("ä.py", b"c" * 99)]


@contextmanager
def compared(*installed: Installation) -> Iterator[Comparison]:
    wheels = [each.wheel for each in installed]
    with comparing(wheels, [each.site_packages for each in installed]) as found:
        yield found


def test_what_is_as_it_was_installed(tmp_path: Path) -> None:
    """Files of all sizes are the same, and streams are those that the wheel has."""
    installed = installation(tmp_path, build(OF_ALL_SIZES))

    with compared(installed) as found:
        streams = found.streams
        same = {name for name in streams if found.is_same(name)}
        found.finish()

    assert read_streams(installed.wheel) == streams
    assert sorted(streams) == list(streams)
    assert set(streams) - {f"{INFO}/RECORD"} == same


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def lengthen(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def shorten(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "change", [flip, lengthen, shorten, make_a_directory, os.unlink]
)
def test_what_has_changed(tmp_path: Path, change: Callable[[Path], None]) -> None:
    """Of any size, and whatever has been done to it."""
    installed = installation(tmp_path, build(OF_ALL_SIZES))
    for part in OF_ALL_SIZES[1:]:
        change(installed.site_packages / part.name)

    with compared(installed) as found:
        same = [found.is_same(part.name) for part in OF_ALL_SIZES]

    assert [True, *[False] * (len(OF_ALL_SIZES) - 1)] == same


def test_answers_do_not_depend_on_the_order_of_questions(tmp_path: Path) -> None:
    """Nor on how often something is asked."""
    parts = [Part(f"{number:04}.py", b"a" * number) for number in range(1000)]
    installed = installation(tmp_path, build(parts))
    flip(installed.site_packages / "0500.py")

    with compared(installed) as found:
        asked = [parts[index].name for index in (999, 0, 500, 500, 998)]
        same = [found.is_same(name) for name in asked]

    assert [True, True, False, False, True] == same


def test_two_wheels_in_two_directories(tmp_path: Path) -> None:
    """The later wheel has a file that both bring; a file may be in either directory."""
    first = installation(tmp_path / "first", build(DEMO))
    second = installation(tmp_path / "second", build([Part("a.py", b"other" * 9)]))
    os.unlink(first.site_packages / "a.py")

    with compared(first, second) as found:
        same = [found.is_same(part.name) for part in DEMO]
        wheel = found.streams["a.py"].wheel

    assert [True] * len(DEMO) == same
    assert str(second.wheel.path) == wheel


def test_a_wheel_with_another_hash(tmp_path: Path) -> None:
    """It may be found out late, but it is."""
    installed = installation(tmp_path, build(DEMO, comment=b"."))
    flip(installed.wheel.path)  # the end of a comment that nobody reads

    with compared(installed) as found:
        assert found.is_same("a.py")
        with pytest.raises(ChangedSourceError, match="its sha256 is another") as raised:
            found.finish()

    assert str(installed.wheel.path) in raised.value.reason
    assert "Run the command again" in raised.value.hint


def test_another_wheel_explains_what_is_wrong(tmp_path: Path) -> None:
    """That a file is not as a wheel has it, is told of the right wheel only."""
    installed = installation(tmp_path, build(DEMO, comment=b"."))
    flip(installed.wheel.path)

    with (
        pytest.raises(ChangedSourceError, match="its sha256 is another"),
        compared(installed),
    ):
        raise ChangedSourceError("a.py is not as it was.")


def test_no_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is no second process."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "there is none"))

    with comparing([], [tmp_path]) as found:
        streams = found.streams
        found.finish()

    assert {} == streams


def end_before_anything(found: Comparison) -> object:
    return found.streams


def end_before_the_files(found: Comparison) -> object:
    return found.is_same("a.py")


def end_before_the_hashes(found: Comparison) -> None:
    found.finish()


@pytest.mark.parametrize(
    ("function", "step"),
    [
        ("read_streams", end_before_anything),
        ("is_same", end_before_the_files),
        ("check_hash", end_before_the_hashes),
    ],
)
def test_the_second_process_ends_early(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    step: Callable[[Comparison], object],
) -> None:
    """As one that the kernel kills when memory is short."""
    installed = installation(tmp_path, build(DEMO))
    ending = f"import os; this.{function} = lambda *_: os._exit(9); this.main()"
    program = comparison.PROGRAM.replace("this.main()", ending)
    monkeypatch.setattr(comparison, "PROGRAM", program)

    with (
        compared(installed) as found,
        pytest.raises(SourceError, match="has not done its work: it was stopped"),
    ):
        step(found)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("import os; os._exit(9)", "has not done its work: it was stopped"),
        ("raise MemoryError('no more')", "not done its work: MemoryError: no more"),
    ],
)
def test_the_second_process_cannot_even_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, reason: str
) -> None:
    """It never reads its task, however long that is; its last words are told."""
    installed = installation(tmp_path, build(DEMO))
    monkeypatch.setattr(comparison, "PROGRAM", program)

    with (
        comparing([installed.wheel] * 100_000, [tmp_path]) as found,
        pytest.raises(SourceError, match=reason),
    ):
        end_before_anything(found)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_an_error_meanwhile_ends_the_second_process(tmp_path: Path) -> None:
    """Nobody waits for work that is not needed any more."""
    installed = installation(tmp_path, build(DEMO))
    endless = installed.site_packages / "a.py"
    endless.unlink()
    os.mkfifo(endless)

    with pytest.raises(KeyboardInterrupt), compared(installed):
        raise KeyboardInterrupt


def test_answers_that_nobody_wants(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The second process ends without a word when nobody listens to it."""
    installed = installation(tmp_path, build([*DEMO, *OF_ALL_SIZES]))

    with compared(installed):
        pass

    assert ("", "") == capfd.readouterr()


def test_the_second_process_cannot_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Poetry's own interpreter has been replaced meanwhile."""
    installed = installation(tmp_path, build(DEMO))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))

    with (
        pytest.raises(SourceError, match="gone cannot be started to read the wheels"),
        compared(installed),
    ):
        pass
