"""`--event`: the handler is called out of what real Poetry has packaged."""

from __future__ import annotations

import json
import platform
import sys

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import pep621
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Done
    from tests.e2e.running import Poetry


# What leaves too little of Lambda's limit for the data, but enough for its ZIP.
NEST = ("--layers-size", "262000000")
TABLE = "[tool.poetry-plugin-package-function"
ARCHITECTURE = "arm64" if platform.machine() == "aarch64" else "x86_64"
OTHER = "x86_64" if ARCHITECTURE == "arm64" else "arm64"
HERE = f"""\
{TABLE}]
runtime = "python{sys.version_info.major}.{sys.version_info.minor}"
event = "events/{{name}}.json"
environment = {{ GREETING = "Hello" }}

{TABLE}.functions.greet]
handler = "my_app.greet.handler"
memory-size = 256

{TABLE}.functions.raises]
handler = "my_app.raises.handler"
"""
GREET = """\
import os

def handler(event, context):
    import six
    from my_app.data import DATA
    print("for", context.function_name)
    assert len(DATA) == 300_000
    return {
        "said": f"{os.environ['GREETING']} {event['who']}",
        "six": six.__version__,
        "memory": context.memory_limit_in_mb,
    }
"""
SAID = {"said": "Hello you", "six": "1.17.0", "memory": "256"}
RAISES = """\
def handler(event, context):
    print("nearly")
    return event["missing"]
"""


@pytest.fixture(scope="module")
def shop(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two functions, with an event each."""
    files = {
        "pyproject.toml": pep621(more=HERE),
        "my_app/__init__.py": "",
        "my_app/data.py": "DATA = '" + "x" * 300_000 + "'\n",
        "my_app/greet.py": GREET,
        "my_app/raises.py": RAISES,
        "events/greet.json": '{"who": "you"}',
        "events/raises.json": "{}",
    }
    return poetry.lock(write_files(tmp_path_factory.mktemp("shop"), files))


@pytest.mark.parametrize("form", ["flat", "nested", "layer"])
def test_a_handler_is_called(
    poetry: Poetry, shop: Path, tmp_path: Path, form: str
) -> None:
    """Flat, nested and with a layer: what it imports at the call is there."""
    options = {"flat": (), "nested": NEST, "layer": ("--layer",)}[form]
    done = poetry.package(
        shop,
        *("greet", "--architecture", ARCHITECTURE, "--format", "json"),
        *("--output-dir", str(tmp_path), *options),
    ).well()
    (report,) = json.loads(done.stdout)
    called = report["verified"]["event"]
    assert SAID == json.loads(called["result"])
    assert called["result_bytes"] == len(called["result"])
    assert ("events/greet.json", None) == (called["file"], called["unchecked"])
    assert "for function" == called["output"]
    assert called["duration_s"] > 0
    left_bytes = report["verified"]["tmp_bytes"] + called["tmp_bytes"]
    assert (left_bytes > 300_000) == (form == "nested") == report["nested_zip"]
    assert [] == report["verified"]["unused"]


def test_it_is_shown(poetry: Poetry, shop: Path, tmp_path: Path) -> None:
    """In lines, and as Markdown."""
    asked = ("greet", "--architecture", ARCHITECTURE, "--output-dir", str(tmp_path))
    lines = poetry.package(shop, *asked).well().stdout.splitlines()
    assert any("events/greet.json: returned after 0." in each for each in lines)
    assert f"  Result      {json.dumps(SAID)}" in lines
    assert "  Printed     for function" in lines
    done = poetry.package(shop, *asked, "--format", "markdown").well()
    assert "| Event | `events/greet.json`: returned after 0" in done.stdout
    assert "Hello you" in done.stdout


def test_an_exception_fails_the_run(poetry: Poetry, shop: Path, tmp_path: Path) -> None:
    """With the user's own traceback; nothing of the function is there, all else is."""
    done = poetry.package(
        shop, "--architecture", ARCHITECTURE, "--output-dir", str(tmp_path)
    )
    said = done.said
    assert 1 == done.status
    assert "raises.handler failed with events/raises.json: KeyError: 'missing'" in said
    assert 'File "/var/task/my_app/raises.py", line 3, in handler' in said
    assert "nearly" in said
    assert "verifier.py" not in said
    assert ["greet.zip"] == sorted(each.name for each in tmp_path.iterdir())


def test_standard_input_beats_the_table(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """What is no JSON there is refused before anything is built."""

    def given(text: str) -> Done:
        return poetry(
            shop,
            *("package-function", "greet", "--architecture", ARCHITECTURE),
            *("--event=-", "--format", "json", "--output-dir", str(tmp_path)),
            prefix=("sh", "-c", f"printf %s '{text}' | exec \"$@\"", "sh"),
        )

    said = given("{no").failed(2)
    assert "--event: standard input is no JSON: Expecting property name" in said
    (report,) = json.loads(given('{"who": "them"}').well().stdout)
    called = report["verified"]["event"]
    assert ("standard input", "Hello them") == (
        called["file"],
        json.loads(called["result"])["said"],
    )


def test_what_cannot_run_here_is_not_called(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """A warning says so, which is an error for those who want none."""
    asked = ("greet", "--architecture", OTHER, "--output-dir", str(tmp_path))
    done = poetry.package(shop, *asked).well()
    assert "So events/greet.json was not sent to it." in " ".join(done.said.split())
    poetry.package(shop, *asked, "--strict").failed(1)
