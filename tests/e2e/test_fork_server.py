"""Runs that are forks of one process, held against processes that a user starts."""

from __future__ import annotations

import os
import re

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.screen import terminal


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Done
    from tests.e2e.running import Poetry


# A line that is drawn over: how often progress is drawn depends on the time.
DRAWN_OVER = re.compile(r"[^\n]*\n\x1b\[\d+A\x1b\[0J")


def comparable(text: str) -> str:
    """A text without progress, the time that a run took, and temporary directories."""
    text = DRAWN_OVER.sub("", text)
    return re.sub(r"\d+\.\d+ s\b|tmp\w{8}|package-function-\w{8}", "?", text)


def untimed(done: Done) -> Done:
    """What a run did, but for the same."""
    return replace(done, stdout=comparable(done.stdout), stderr=comparable(done.stderr))


@pytest.mark.parametrize(
    "arguments",
    [
        "list",
        "package-function --help",
        "package-function --output f.zip -v",
        "package-function --output f.zip --ansi --compile",
        "package-function --output f.zip -q",
        "package-function --output f.zip --format json",
        "package-function --output f.zip --with nobody",
        "package-function --venv nowhere",
        "package-function --no-such-option",
    ],
)
def test_output_status_and_bytes_are_the_same(
    arguments: str, poetry: Poetry, small: Path
) -> None:
    """Whatever a run says and makes, and however it ends."""
    found = []
    archive = small / "f.zip"
    for each in (poetry, poetry.started_anew()):
        archive.unlink(missing_ok=True)
        done = untimed(each(small, *arguments.split()))
        found.append((done, archive.read_bytes() if archive.exists() else b""))
    assert found[0] == found[1]


def test_the_screen_is_the_same(poetry: Poetry, small: Path, tmp_path: Path) -> None:
    """A terminal's width, its colours and its progress."""
    found = []
    for each in (poetry, poetry.started_anew()):
        with terminal(60) as own:
            process = each.start(
                *(small, "package-function", "--output", str(tmp_path / "f.zip")),
                env={"TMPDIR": str(each.new_tmp())},
                streams=own.streams,
            )
            shown = own.shown(process)
        text = comparable("".join(shown.lines))  # names may be where a line wraps
        found.append((shown.status, len(shown.lines), "\x1b" in shown.raw, text))
    assert found[0] == found[1]


def test_a_run_leaves_nothing_to_the_next(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """Each has its own variables, directory, umask and temporary files."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environ, directory = dict(os.environ), os.getcwd()
    first = untimed(poetry(small, "list"))
    poetry(elsewhere, "list", env={"NO_COLOR": "1", "TZ": "Asia/Tokyo"}, umask=0o077)
    assert first == untimed(poetry(small, "list"))
    assert (environ, directory) == (dict(os.environ), os.getcwd())


def test_what_imports_have_read_is_not_changed(poetry: Poetry, small: Path) -> None:
    """A run with other variables of that kind, or of another, starts a process."""
    forks, command = poetry.forks, poetry.command
    assert forks is not None
    assert forks.can_run(command, {**poetry.env, "POETRY_CACHE_DIR": "elsewhere"})
    assert not forks.can_run(("another",), poetry.env)
    for name in ("POETRY_CONFIG_DIR", "PYTHONHASHSEED", "LC_ALL", "HOME"):
        assert not forks.can_run(command, {**poetry.env, name: "1"})
    poetry(small, "list", env={"PYTHONHASHSEED": "1"}).well()
