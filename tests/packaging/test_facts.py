"""What is known of wheels is kept, and never taken where it does not belong."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time

from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING

import installer
import pytest

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.packaging.sources import facts as module
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.facts import inspect
from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import installation
from tests.packaging.wheel_files import packaged
from tests.trees import is_root


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.facts import WheelFacts


PARTS = [Part("demo/__init__.py", b"a = 1\n" * 30), Part("demo/b.py", b"b = 2\n" * 99)]


def wheel_of(directory: Path, *parts: Part, pinned: bool = True) -> Wheel:
    """Writes a wheel, as one that a lock pins."""
    data = build(parts or PARTS)
    pin = hashlib.sha256(data).hexdigest()
    path = directory / pin / WHEEL
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Wheel(path, f"sha256:{pin}" if pinned else None)


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    return wheel_of(tmp_path)


def replaced(path: Path, data: bytes) -> None:
    """Puts another file in a file's place, as Poetry does when it has downloaded it."""
    other = path.with_name("other")
    other.write_bytes(data)
    os.replace(other, path)


@pytest.mark.parametrize("is_pinned", [True, False])
def test_a_wheel_that_another_run_has_downloaded(
    tmp_path: Path, directory: Path, *, is_pinned: bool
) -> None:
    """It may be another file, as long as it is what the lock pins.

    Of several that take each other's place one may have the inode of the first.
    """
    wheel = wheel_of(tmp_path, pinned=is_pinned)
    known = FactsCache(directory).of(wheel)

    known.check()
    content = wheel.path.read_bytes()
    for _ in range(4):
        replaced(wheel.path, content)
        with nullcontext() if is_pinned else pytest.raises(ChangedSourceError):
            known.check()
    replaced(wheel.path, content[:-1] + b"!")
    with pytest.raises(ChangedSourceError):
        known.check()
    wheel.path.unlink()
    with pytest.raises(ChangedSourceError):
        known.check()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "facts"


def kept_in(directory: Path) -> list[Path]:
    return sorted(each for each in directory.rglob("*") if each.is_file())


def test_a_second_run_opens_no_wheel(wheel: Wheel, directory: Path) -> None:
    """What is known is all that is needed: the wheel may be anything."""
    first = FactsCache(directory).of(wheel).facts
    wheel.path.write_bytes(b"")

    assert first == FactsCache(directory).of(wheel).facts


def test_nothing_is_kept_of_what_has_been_built_here(
    tmp_path: Path, directory: Path
) -> None:
    """It may be built anew under the same name at any time."""
    wheel = wheel_of(tmp_path, pinned=False)
    first = FactsCache(directory).of(wheel).facts
    wheel.path.write_bytes(build([Part("other.py", b"other")]))

    assert first != FactsCache(directory).of(wheel).facts
    assert [] == kept_in(directory)


def test_without_a_directory(wheel: Wheel) -> None:
    """Nothing is kept, and a wheel is inspected once for all functions of a run."""
    facts = FactsCache(None)
    found = facts.of(wheel)
    wheel.path.write_bytes(b"")

    assert found is facts.of(wheel)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def checksummed(*values: object) -> bytes:
    content = json.dumps(values).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def other_shape(path: Path) -> None:
    path.write_bytes(checksummed(1, 2))


def other_type(path: Path) -> None:
    path.write_bytes(checksummed({}, None, None, None))


def no_list(path: Path) -> None:
    path.write_bytes(checksummed(0)[:-3] + b"7")


def fewer_fields(path: Path) -> None:
    _, _, content = path.read_bytes().partition(b"\n")
    made_for, info, files, issues = json.loads(content)
    path.write_bytes(checksummed(made_for, info, [each[1:] for each in files], issues))


def unreadable(path: Path) -> None:
    path.chmod(0)


def make_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage",
    [
        *(flip, truncate, empty, other_shape, other_type, no_list, fewer_fields),
        *(unreadable, make_a_directory, os.unlink),
    ],
)
def test_damaged_facts(
    wheel: Wheel, directory: Path, damage: Callable[[Path], None]
) -> None:
    """They are found out and made anew, and then they are used again."""
    first = FactsCache(directory).of(wheel).facts
    (path,) = kept_in(directory)
    damage(path)

    assert first == FactsCache(directory).of(wheel).facts

    if damage is not make_a_directory:
        wheel.path.write_bytes(b"")
        assert first == FactsCache(directory).of(wheel).facts


def test_any_damaged_byte(wheel: Wheel, directory: Path) -> None:
    """Wherever a bit has flipped, or the file ends, the facts are the same."""
    first = FactsCache(directory).of(wheel).facts
    (path,) = kept_in(directory)
    data = path.read_bytes()
    for position in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[position] ^= 1 << position % 8
        for content in (bytes(damaged), data[:position]):
            path.write_bytes(content)
            assert first == FactsCache(directory).of(wheel).facts
            assert data == path.read_bytes()


def test_facts_of_another_wheel(tmp_path: Path, directory: Path) -> None:
    """A file that has another wheel's name, whole as it is, is not taken."""
    one, other = wheel_of(tmp_path), wheel_of(tmp_path, Part("other.py", b"o"))
    facts = FactsCache(directory).of(one).facts
    (of_one,) = kept_in(directory)
    expected = FactsCache(directory).of(other).facts
    (of_other,) = {*kept_in(directory)} - {of_one}
    shutil.copyfile(of_one, of_other)

    assert expected == FactsCache(directory).of(other).facts
    assert facts == FactsCache(directory).of(one).facts
    assert of_one.read_bytes() != of_other.read_bytes()


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [(module, "FORMAT", -1), (installer, "__version__", "0.0")],
)
def test_facts_of_another_format(
    wheel: Wheel,
    directory: Path,
    owner: object,
    name: str,
    value: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So are those that another pypa/installer has made: it may install otherwise."""
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, value)
        FactsCache(directory).of(wheel)
    (path,) = kept_in(directory)
    before = path.read_bytes()

    assert inspect(wheel.path) == FactsCache(directory).of(wheel).facts
    assert before != path.read_bytes()


def unwritable(directory: Path) -> None:
    directory.mkdir(parents=True)
    directory.chmod(0o500)


def no_directory(directory: Path) -> None:
    directory.parent.mkdir(parents=True)
    directory.write_bytes(b"a file")


def no_parent(directory: Path) -> None:
    directory.parent.write_bytes(b"a file")


def dangling(directory: Path) -> None:
    directory.parent.mkdir(parents=True)
    directory.symlink_to("nowhere/at/all")


@pytest.mark.parametrize("prepare", [unwritable, no_directory, no_parent, dangling])
def test_a_cache_that_cannot_be_written(
    wheel: Wheel, directory: Path, prepare: Callable[[Path], None]
) -> None:
    """That is no reason not to package, and nothing is left behind."""
    if prepare is unwritable and is_root():
        pytest.skip("permissions do not bind root")
    prepare(directory)

    assert inspect(wheel.path) == FactsCache(directory).of(wheel).facts
    assert inspect(wheel.path) == FactsCache(directory).of(wheel).facts


def test_a_full_disk(
    wheel: Wheel, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written whole is no file of the cache."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        FactsCache(directory).of(wheel)

    assert [] == kept_in(directory)


KILLED = """\
import os, signal, sys
from pathlib import Path
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel
directory, path, pin, half = sys.argv[1:]
def kill(*arguments):
    if half:
        name = str(arguments[0])
        os.truncate(name, os.path.getsize(name) // 2)
    os.kill(os.getpid(), signal.SIGKILL)
os.replace = kill
FactsCache(Path(directory)).of(Wheel(Path(path), pin))
"""


@pytest.mark.parametrize("half", ["", "half"])
def test_killed_while_it_is_written(wheel: Wheel, directory: Path, half: str) -> None:
    """What has been written by then is not taken for facts, whole or not."""
    arguments = [str(directory), str(wheel.path), str(wheel.pin), half]
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert -signal.SIGKILL == done.returncode
    assert not any(path.suffix == ".json" for path in kept_in(directory))

    assert inspect(wheel.path) == FactsCache(directory).of(wheel).facts
    assert 1 == sum(path.suffix == ".json" for path in kept_in(directory))


def _read(directory: Path, wheel: Wheel, until_s: float) -> WheelFacts:
    time.sleep(max(0.0, until_s - time.time()))  # all begin together
    return FactsCache(directory).of(wheel).facts


def test_two_processes_at_once(wheel: Wheel, directory: Path) -> None:
    """Whoever comes last has written: what all of them have and see is whole."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, context) as pool:
        start_s = time.time() + 0.5
        found = [pool.submit(_read, directory, wheel, start_s) for _ in range(12)]
        assert {inspect(wheel.path)} == {each.result() for each in found}

    (path,) = kept_in(directory)
    wheel.path.write_bytes(b"")
    assert found[0].result() == FactsCache(directory).of(wheel).facts
    assert ".json" == path.suffix


def test_archives_do_not_depend_on_the_cache(tmp_path: Path, directory: Path) -> None:
    """With facts that are new, kept, or damaged, the bytes are the same."""
    installed = installation(tmp_path, build(PARTS))
    found = []
    for number in range(4):
        output = tmp_path / f"{number}.zip"
        installed.package(output, FactsCache(directory))
        found.append(output.read_bytes())
        if number == 1:
            flip(*kept_in(directory))
    installed.package(tmp_path / "none.zip")

    assert [(tmp_path / "none.zip").read_bytes()] * 4 == found
    assert installed.shipped() == packaged(tmp_path / "0.zip")
