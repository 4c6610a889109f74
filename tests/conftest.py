from __future__ import annotations

import os
import signal
import sys

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hypothesis import HealthCheck
from hypothesis import settings


if TYPE_CHECKING:
    from collections.abc import Iterator


# Examples touch the disk and run beside other tests: no deadlines. CI has to tell the
# same each time, so it does not draw at random.
settings.register_profile(
    "default",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("default")


@pytest.fixture(autouse=True)
def _no_source_date_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own time setting must not reach the tests."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


@pytest.fixture
def in_directory(tmp_path: Path) -> Iterator[Path]:
    """Runs the test in an empty directory."""
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        yield tmp_path
    finally:
        os.chdir(before)


@pytest.fixture(scope="session")
def cli() -> str:
    """The console script of this environment."""
    return str(Path(sys.executable).parent / "package-python-function")


def pytest_configure() -> None:
    """Undoes what `nohup` and background jobs do: programs inherit ignored signals."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as Python does
