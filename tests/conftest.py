"""What all tests share: which of them run when, and what they may expect."""

from __future__ import annotations

import os
import signal
import sys

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hypothesis import HealthCheck
from hypothesis import settings

from tests.examples import QUICK
from tests.examples import USUAL
from tests.untried import Untried


if TYPE_CHECKING:
    from collections.abc import Iterator

# What is in a directory or a file of slower tests; all other tests run in `make quick`,
# unless they are marked one by one. Markers: see pyproject.toml.
SLOWER = {
    "browser/": "large",
    "compatibility/": "large",
    "e2e/": "slow",
    "e2e/test_large.py": "large",
    "e2e/windows/": "large",
    "docs/test_site": "slow",
    "fuzz/": "large",
    "nested/test_killed.py": "slow",
    "nested/test_lazy_races.py": "slow",
    "nested/test_probe.py": "slow",
    "nested/test_runtime.py": "slow",
    "nested/test_threads.py": "slow",
    "packaging/test_audit_of_wheels.py": "large",
    "recipes/": "large",
    "release/test_distributions.py": "slow",
    "release/test_sdist.py": "large",
    "release/test_self_add.py": "large",
    "test_lambda_runtime.py": "slow",
}

# Projects of others, with tests of their own.
collect_ignore = ["samples"]

# Examples touch the disk and run beside other tests: no deadlines. CI has to tell the
# same each time, so it does not draw at random.
for name, count in {"default": USUAL, "quick": QUICK}.items():
    settings.register_profile(
        name,
        deadline=None,
        max_examples=count,
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks slower tests by their paths."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        for start, marker in SLOWER.items():
            if path.startswith(start):
                item.add_marker(marker)


def pytest_configure(config: pytest.Config) -> None:
    """Counts what is not tried, and undoes what `nohup` and background jobs do.

    Programs inherit ignored signals.
    """
    config.pluginmanager.register(Untried())
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as Python does
