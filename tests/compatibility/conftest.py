"""Functions that all tests of a session share, in whichever process they run."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING

import pytest

from filelock import FileLock

from tests.compatibility import function
from tests.lambda_runtime import remove_tree


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from tests.compatibility.function import Function


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A directory of all workers; the last one removes it."""
    base = tmp_path_factory.getbasetemp().resolve()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    directory = base / "compatibility"
    lock = FileLock(base / "compatibility.lock")
    user = directory / f"{os.getpid()}.user"
    with lock:
        directory.mkdir(exist_ok=True)
        user.touch()
    yield directory
    with lock:
        user.unlink()
        if not any(directory.glob("*.user")):
            remove_tree(directory)


@pytest.fixture(scope="session")
def flat_function(shared: Path) -> Function:
    """The libraries as they are installed."""
    return _once(shared, "flat", function.flat)


@pytest.fixture(scope="session")
def nested_function(shared: Path) -> Function:
    """The libraries, all of them nested."""
    return _once(shared, "nested", function.nested)


@pytest.fixture(scope="session")
def mixed_function(shared: Path) -> Function:
    """The smaller libraries, some of them nested."""
    return _once(shared, "mixed", function.mixed)


@pytest.fixture(scope="session")
def eager_function(shared: Path) -> Function:
    """The smaller libraries, some of them nested and extracted in INIT."""
    return _once(shared, "eager", lambda there: function.mixed(there, eager=True))


@pytest.fixture(scope="session")
def apart_function(shared: Path) -> Function:
    """All flat, but for an extension module of pyarrow."""
    return _once(shared, "apart", function.apart)


def _once(shared: Path, name: str, make: Callable[[Path], Function]) -> Function:
    saved = shared / f"{name}.json"
    with FileLock(shared / f"{name}.lock"):
        if not saved.exists():
            saved.write_text(function.saved(make(shared / name)))
    return function.loaded(saved.read_text())
