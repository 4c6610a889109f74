"""`--event` and `--timeout`: what is read, and what is refused."""

from __future__ import annotations

import io
import json

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
