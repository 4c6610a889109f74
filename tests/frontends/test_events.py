"""`--event` and `--timeout`: what is read, and what is refused."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.events import LIMIT_BYTES
from poetry_plugin_package_function.errors import ConfigError
from tests.frontends.test_settings import resolved
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


HANDLER = 'handler = "a.b"\n'
WRITES = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"


def problem(tmp_path: Path, table: str, **flags: Any) -> str:
    with pytest.raises(ConfigError) as raised:
        resolved(tmp_path, table, **flags)
    return raised.value.reason


def test_a_file_of_the_project(tmp_path: Path) -> None:
    """A path of the table starts at the project."""
    write_files(tmp_path / "project", {"events/my_app.json": '{"a": 1}'})
    table = f'{HANDLER}event = "events/{{name}}.json"\ntimeout = 30\n'
    settings = resolved(tmp_path, table)
    assert settings.event is not None
    assert b'{"a": 1}' == settings.event.content
    assert settings.event.name.endswith("project/events/my_app.json")
    assert 30 == settings.timeout_s
    assert (None, None) == (
        resolved(tmp_path, "").event,
        resolved(tmp_path, "").timeout_s,
    )


def test_standard_input_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many functions ask for it; a table cannot name it."""
    stream = io.TextIOWrapper(io.BytesIO(b"[1]"))
    monkeypatch.setattr("sys.stdin", stream)
    for _ in range(2):
        event = resolved(tmp_path, HANDLER, event="-").event
        assert event == ("standard input", b"[1]")
    assert "[tool.poetry-plugin-package-function] event: standard input is" in (
        problem(tmp_path, f'{HANDLER}event = "-"')
    )


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    """As the shell makes it of `<(…)`: its link leads to no file."""
    event = '{"a": 1}'
    reading, writing = os.pipe()
    try:
        os.write(writing, event.encode())
        os.close(writing)
        path = f"/dev/fd/{reading}"
        for _ in range(2):
            found = resolved(tmp_path, HANDLER, event=path).event
            assert (path, event.encode()) == found
    finally:
        os.close(reading)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    """Nobody would write a second time; a new run reads what is written then."""
    path = tmp_path / "pipe"
    for event in ("1", "2"):
        os.mkfifo(path)
        command = [sys.executable, "-c", WRITES, str(path), event]
        with subprocess.Popen(command) as writer:
            for _ in range(2):
                found = resolved(tmp_path, HANDLER, event=str(path)).event
                assert found is not None
                assert event.encode() == found.content
        assert 0 == writer.returncode
        path.rename(tmp_path / f"pipe-{event}")


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path) -> None:
    """A link to it, too."""
    path = tmp_path / "e.json"
    link = tmp_path / "link.json"
    path.write_text("1")
    try:
        link.symlink_to(path)
    except OSError:
        pytest.skip("no links here")
    for event in ("1", "2"):
        path.write_text(event)
        found = resolved(tmp_path, HANDLER, event=str(link)).event
        assert found is not None
        assert event.encode() == found.content


def test_what_is_no_path(tmp_path: Path) -> None:
    """The system says why."""
    assert "is not a path: embedded null byte." in problem(
        tmp_path, HANDLER, event="a\0b"
    )
    assert "is not a path: " in problem(tmp_path, HANDLER, event="~no-such-user/e.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is no JSON: Expecting value: line 1 column 1 (char 0)."),
        ("{'a': 1}", "is no JSON: Expecting property name"),
        ("[NaN]", "is no JSON: NaN is Python's own."),
        (b"\xff", "is no JSON: 'utf-8' codec can't decode"),
        (b"\xef\xbb\xbf1", "is no JSON: Unexpected UTF-8 BOM"),
        ("[" * 200_000, "is no JSON: "),
        (json.dumps("x" * LIMIT_BYTES), "has 6.0 MB; Lambda takes 6 MB at most."),
    ],
)
def test_what_lambda_does_not_take(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    """Before anything is built."""
    write_files(tmp_path / "project", {"e.json": content})
    assert reason in problem(tmp_path, f'{HANDLER}event = "e.json"')


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (f'{HANDLER}event = "no.json"', "no.json cannot be read: No such file"),
        (f'{HANDLER}event = "."', "cannot be read: Is a directory."),
        (f"{HANDLER}timeout = 5", "timeout: has no effect without `event`."),
        ('event = "e.json"', "event: has no effect without `handler`."),
        (
            f'{HANDLER}event = "e.json"\ntimeout = 901',
            "timeout: expected seconds from 1 to 900, got 901.",
        ),
        (
            f'{HANDLER}event = "e.json"\ntimeout = 0.5',
            "timeout: expected seconds from 1 to 900, got 0.5.",
        ),
        (
            f'{HANDLER}event = "e.json"\ntarget = "agentcore"',
            "AgentCore has no handlers that are called with an event. Leave it out.",
        ),
        (
            f'{HANDLER}event = "e.json"\nplatform = "manylinux_2_28_x86_64"',
            "another cloud has no handlers that are called with an event.",
        ),
        (
            'event = "e.json"\nlayer-only = true',
            "event excludes [tool.poetry-plugin-package-function] layer-only.",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    tmp_path: Path, table: str, reason: str
) -> None:
    """With the key that it is about."""
    write_files(tmp_path / "project", {"e.json": "1"})
    assert reason in problem(tmp_path, table)
