"""No command of the docs is forgotten: it is run by a test, or has a reason why not."""

from __future__ import annotations

import re

from pathlib import Path

import pytest

from tests.docs.markdown import read
from tests.docs.steps import SHELLS
from tests.docs.steps import steps
from tests.docs.walks import BEFORE
from tests.docs.walks import ELSEWHERE
from tests.docs.walks import NOT_RUN
from tests.docs.walks import RUN_ELSEWHERE
from tests.docs.walks import WALKS
from tests.docs.walks import lines_missing
from tests.docs.walks import why_not


ROOT = Path(__file__).parents[2]
PAGES = {
    path.relative_to(ROOT).as_posix(): steps(path)
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
}
COMMANDS = {
    name: [
        command.text
        for step in found
        if step.heading != BEFORE
        for command in step.commands
    ]
    for name, found in PAGES.items()
}


def elsewhere(page: str) -> str | None:
    """The directory of the tests that run a page."""
    for start, tests in ELSEWHERE.items():
        if page.startswith(start):
            return tests
    return None


def test_each_page_is_followed() -> None:
    """A page with commands is in the list, or named by the tests that run it."""
    with_commands = {
        name
        for name, found in PAGES.items()
        if any(step.language in SHELLS and step.heading != BEFORE for step in found)
    }
    others = {name for name in with_commands if elsewhere(name) is not None}
    assert {*WALKS} == with_commands - others
    for name in others:
        sources = (ROOT / str(elsewhere(name))).glob("test_*.py")
        named = f'"{Path(name).name}"'
        assert any(named in each.read_text("utf-8") for each in sources), name


def test_what_other_pages_have_is_run_elsewhere() -> None:
    """Each command in one of their consoles is named, with the test, or not run."""
    typed = {
        command
        for name, found in COMMANDS.items()
        if elsewhere(name) is not None
        for command in found
        if why_not(command) is None
    }
    assert {*RUN_ELSEWHERE} == typed
    assert [] == [path for path in RUN_ELSEWHERE.values() if not (ROOT / path).exists()]


def test_pages_that_are_followed_have_consoles() -> None:
    """Only these are read; a script (`sh`) would be passed over."""
    assert [] == [
        name for name in WALKS for step in PAGES[name] if step.language == "sh"
    ]


def test_no_exception_is_left_over() -> None:
    """Each reason why something is not run, or not compared, is that of a command."""
    all_commands = [each for found in COMMANDS.values() for each in found]
    assert [] == [
        start
        for start in NOT_RUN
        if not any(each.startswith(start) for each in all_commands)
    ]
    for name, walk in WALKS.items():
        assert walk.failing <= {*COMMANDS[name]}, name
        for start in walk.unlike:
            assert any(each.startswith(start) for each in COMMANDS[name]), (name, start)


def test_commands_can_be_pasted() -> None:
    """No comments, which zsh takes for arguments, and nothing that is left out."""
    assert [] == [
        (name, command)
        for name, found in COMMANDS.items()
        for command in found
        if re.search(r"(^|\s)#", command) or "…" in command
    ]


def test_targets_of_the_makefile_are_there() -> None:
    """Those that pages call, in consoles and in lines."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = {*re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)}
    spans = [span for name in PAGES for span in read(ROOT / name).spans]
    typed = [command for found in COMMANDS.values() for command in found]
    called = {each[5:] for each in (*typed, *spans) if each.startswith("make ")}
    assert {"test", "lint"} <= called
    assert called <= targets


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("  File   a.zip", "\n  File        a.zip, flat"),
        ("took 0.93 s, 1,024 files", "took 12.5 s, 7 files"),
        ("boto3 1.40.4", "boto3 1.44.8"),
        ("62 ms, 1.2 MB", "0.12 s, 900 KB"),
        ("  …", ""),
        ("wheels of … and …", "wheels of a and b"),
        ("is broken over two lines", "is broken\n   over two lines"),
        ("a (b) [c]", "a (b) [c]"),
    ],
)
def test_a_line_that_is_printed(shown: str, printed: str) -> None:
    """Numbers, white space and what is left out may be anything."""
    assert [] == lines_missing((shown,), printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("File a.zip", "File b.zip"),
        ("took 0.93 s", "took s"),
        ("took 0.93 s", "took 0.93 MB"),
        ("a.b", "axb"),
        ("one two", "onetwo"),
    ],
)
def test_a_line_that_is_not_printed(shown: str, printed: str) -> None:
    """Words are the page's, and their order."""
    assert [shown] == lines_missing((shown,), printed)


def test_a_reason() -> None:
    """It is known by how the command begins."""
    assert "an account" == why_not("sam deploy --guided")
    assert why_not("poetry package-function") is None
