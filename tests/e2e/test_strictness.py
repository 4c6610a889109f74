"""Runs that fail on a warning or on what is too large, and runs that write nothing."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


TABLE = "[tool.poetry-plugin-package-function]\n"


@pytest.fixture
def odd(poetry: Poetry, tmp_path: Path) -> Path:
    """A project that there is something to be warned of, with earlier results."""
    table = f'{TABLE}include = ["uuid.py"]\nreport = "dist/report.json"\n'
    files = {
        "pyproject.toml": pep621(more=table),
        "my_app/__init__.py": "",
        "uuid.py": "",
        "dist/my_app.zip": "old",
        "dist/report.json": "old",
    }
    return poetry.lock(write_files(tmp_path / "odd", files))


def results(project: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in (project / "dist").iterdir()}


@pytest.mark.parametrize("how", [(), ("-q",), ("--format", "json")])
def test_strict(poetry: Poetry, odd: Path, how: tuple[str, ...]) -> None:
    """The warning is shown, whatever else is not, and nothing is replaced."""
    before = results(odd)

    done = poetry.package(odd, "--strict", *how)

    said = done.failed(1)
    assert "as --strict says; what was there before is untouched:" in said
    assert "has uuid.py, which Lambda finds before Python's own uuid" in said
    assert not how or "" == done.stdout
    assert "CodeSha256" not in done.said
    assert before == results(odd)


def test_budgets(poetry: Poetry, odd: Path) -> None:
    """Who requires the largest distributions is known by the lock."""
    before = results(odd)
    budgets = ("--max-size", "9KB", "--max-zipped-size", "20KB")

    said = poetry.package(odd, *budgets).failed(1)

    assert "The files have " in said
    assert "--max-size allows 9 KB:" in said
    assert "--max-zipped-size" not in said
    assert " zipped  six 1.17.0, required by my-app\n" in said
    assert before == results(odd)
    poetry.package(odd, "--max-size", "99KB", "--max-zipped-size", "20KB").well()
    assert before != results(odd)


def test_a_dry_run(poetry: Poetry, small: Path, ordinary: Path, tmp_path: Path) -> None:
    """It shows the hash of a run that writes, and leaves nothing at all behind."""
    place = tmp_path / "new/f.zip"
    arguments = ("--output", str(place), "--report", str(tmp_path / "r.json"))

    done = poetry.package(small, *arguments, "--layer", "--dry-run").well()

    assert "nothing has been written, and nothing replaced" in done.stdout
    assert "f-layer.zip" in done.stdout
    assert [] == os.listdir(tmp_path)
    done = poetry.package(small, *arguments, "--dry-run").well()
    assert sha256(ordinary) in done.stdout
    assert [] == os.listdir(tmp_path)
