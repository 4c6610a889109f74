"""The last lines of a run of tests."""

from __future__ import annotations

import subprocess
import sys

from pathlib import Path

import pytest

from tests.trees import write_files


FILES = {
    "conftest.py": """\
from tests.untried import Untried

def pytest_configure(config):
    for mark in ("slow", "large"):
        config.addinivalue_line("markers", mark)
    config.pluginmanager.register(Untried())
""",
    "test_all.py": """\
import pytest

def test_one(): ...

@pytest.mark.slow
def test_slow(): ...

@pytest.mark.slow
@pytest.mark.large
def test_large(): ...

@pytest.mark.parametrize("number", [1, 2])
def test_skipped(number):
    pytest.skip("7z is not on this machine")
""",
    "pytest.ini": "[pytest]\n",
}
SKIPPED = ["2 skipped: 7z is not on this machine", "What is missing: make test-tools"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [(), ("--numprocesses", "2")], ids=["one", "two"])
@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("not slow and not large", ["1 test: make test", "1 test: make test-all"]),
        ("not large", ["1 test: make test-all"]),
        ("", []),
    ],
)
def test_what_was_not_tried_is_shown(
    selection: str, expected: list[str], workers: tuple[str, ...], tmp_path: Path
) -> None:
    """With what to call for it, however many processes there are."""
    write_files(tmp_path, FILES)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-m", selection, *workers, tmp_path],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[1],
        check=False,
    )
    assert 0 == done.returncode, done.stdout
    lines = done.stdout.split("not tried")[1].splitlines()[1:]
    assert [*expected, *SKIPPED] == lines[: len(expected) + 2]
