"""The stand-alone command line on Windows: it writes what it writes on Linux."""

from __future__ import annotations

import json
import shutil
import subprocess

from typing import TYPE_CHECKING
from typing import Final

import pytest

from tests.e2e.environments import pip
from tests.e2e.projects import answer
from tests.e2e.projects import contents
from tests.e2e.windows.building import VERSION
from tests.machine import interpreter
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.windows.running import Windows


PYPROJECT: Final = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.11"

[tool.poetry-plugin-package-function]
include = ["app", "tools/*"]
"""
HANDLER: Final = """\
from pathlib import Path

import idna
import markupsafe
import yaml

from app import words

def handler(event, context):
    text = words.TEXT + Path(__file__).parent.joinpath("text", "more.txt").read_text()
    name = idna.encode(event["name"]).decode()
    return yaml.safe_load(f"[{name}, {text}, '{markupsafe.escape('<')}']")
"""
ANSWER: Final = ["xn--mnchen-3ya", "some words", "&lt;"]
COMMAND: Final = "from poetry_plugin_package_function.cli import main; exit(main())"
TARGET: Final = ("--runtime", "python3.11")
IMPORTED: Final = ("--handler", "app.api.handler")
LEFT_BYTES: Final = 1_000_000
LAYERS: Final = ("--layers-size", str(262_144_000 - LEFT_BYTES))
"""There is so little room that what is small is nested."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project, and beside it what `pip install --target` has made for Lambda."""
    directory = write_files(
        tmp_path_factory.mktemp("project"),
        {
            "pyproject.toml": PYPROJECT,
            "app/__init__.py": "",
            "app/api.py": HANDLER,
            "app/words.py": 'TEXT = "some "\n',
            "app/text/more.txt": "words",
            "app/text/größe.txt": "",
            "app/module.py": "#!/usr/bin/env python3\n",
            "app/.DS_Store": "",
            "tools/run": "#!/bin/sh\n",
            "tools/desktop.ini": "",
        },
    )
    (directory / "tools" / "run").chmod(0o755)
    pip(
        *("install", "--quiet", "--target", str(directory / "lib")),
        *("--platform", "manylinux2014_x86_64", "--python-version", VERSION),
        *("--only-binary=:all:", "idna==3.11", "markupsafe==3.0.3", "pyyaml==6.0.3"),
    )
    return directory


def on_linux(cli: str, project: Path, *arguments: str) -> None:
    """Packages on this machine."""
    command = [cli, "lib", *TARGET, "--python", str(interpreter(VERSION)), *arguments]
    subprocess.run(command, cwd=project, check=True, capture_output=True)


@pytest.mark.parametrize(
    "options",
    [IMPORTED, (*IMPORTED, *LAYERS), (*IMPORTED, "--layer"), ("--layer-only",)],
    ids=["flat", "nested", "layer", "layer-only"],
)
def test_archives_have_the_bytes_that_linux_makes(
    windows: Windows,
    cli: str,
    project: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    client_python: Path,
) -> None:
    """In each form, and Lambda's client starts them."""
    here, there = tmp_path / "here", tmp_path / "there"
    on_linux(cli, project, "--output-dir", str(here), *options)
    places = ("--output-dir", str(there))
    windows(project, "-c", COMMAND, "lib", *TARGET, *places, *options)
    names = sorted(each.name for each in here.iterdir())
    assert names == sorted(each.name for each in there.iterdir())
    for name in names:
        assert contents(here / name) == contents(there / name)
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert [] == [*windows.temporary.iterdir()]
    archive, layer = there / "my_app.zip", there / "my_app-layer.zip"
    if archive.exists():
        found = answer(
            *(archive, "app.api.handler", client_python, {"name": "münchen"}),
            layer=layer if layer.exists() else None,
        )
        assert ANSWER == found


def test_the_handler_is_found_by_parsing(windows: Windows, project: Path) -> None:
    """It is Linux that runs it, so it is not imported, and that is said."""
    said = windows(project, "-c", COMMAND, "lib", *TARGET, *IMPORTED, "--dry-run")
    assert "It was not imported, as the target is not this machine." in said


@pytest.mark.parametrize("handler", ["app.api.other", "app.Api.handler"])
def test_a_handler_that_is_not_there(
    windows: Windows, project: Path, handler: str
) -> None:
    """Is an error as on Linux; and so is one in another case, which Windows finds."""
    options = (*TARGET, "--handler", handler)
    status, said = windows.ended(project, "-c", COMMAND, "lib", *options)
    assert 1 == status, said
    assert "Is it app.api.handler" in said


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("App", "include: nothing in"),
        ("app\\\\text", "'app\\\\text' has a backslash"),
        ("C:/app", "'C:/app' is not below the project's directory"),
    ],
)
def test_what_is_included_is_written_as_on_linux(
    windows: Windows, project: Path, tmp_path: Path, pattern: str, why: str
) -> None:
    """What only Windows would find is an error there, too."""
    other = tmp_path / "project"
    shutil.copytree(project, other)
    text = PYPROJECT.replace('"app", ', f'"{pattern}", ')
    (other / "pyproject.toml").write_text(text)
    status, said = windows.ended(other, "-c", COMMAND, "lib", *TARGET)
    assert status in (1, 2), said
    assert why in said


def test_compiled_bytecode_is_that_of_linux(
    windows: Windows, cli: str, project: Path, tmp_path: Path
) -> None:
    """With an interpreter of the same version."""
    here, there = tmp_path / "here.zip", tmp_path / "there.zip"
    reports = tmp_path / "here.json", tmp_path / "there.json"
    written = ("--compile", "--output", str(here), "--report", str(reports[0]))
    on_linux(cli, project, *written)
    windows(
        *(project, "-c", COMMAND, "lib", *TARGET, "--compile", "--python"),
        *(str(windows.python), "--output", str(there), "--report", str(reports[1])),
    )
    one, other = (json.loads(each.read_text())["bytecode"] for each in reports)
    if one["python"] != other["python"]:
        pytest.skip(f"Python {other['python']} is not on this machine")
    assert contents(here) == contents(there)
    assert here.read_bytes() == there.read_bytes()
