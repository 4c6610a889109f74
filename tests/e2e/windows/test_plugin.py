"""The plugin in Poetry on Windows: it writes what it writes on Linux."""

from __future__ import annotations

import json

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from tests.e2e.projects import answer
from tests.e2e.projects import contents
from tests.e2e.projects import pep621
from tests.e2e.windows.building import VERSION
from tests.machine import interpreter
from tests.trees import write_files


if TYPE_CHECKING:
    from tests.e2e.running import Poetry
    from tests.e2e.windows.running import Windows


PINNED: Final = ("idna (==3.11)", "markupsafe (==3.0.3)", "pyyaml (==6.0.3)", "shared")
SHARED: Final = pep621("shared", ())
TABLE: Final = """\
[tool.poetry.dependencies]
shared = { path = "../shared" }

[tool.poetry-plugin-package-function]
include = ["data/*"]
"""
HANDLER: Final = """\
import os

from pathlib import Path

import idna
import markupsafe
import shared
import yaml

def handler(event, context):
    here = Path(__file__).parent
    run = os.access(here / "run", os.X_OK), os.access(here / "script.py", os.X_OK)
    more = (here.parent / "data" / "more.txt").read_text()
    return [idna.__version__, yaml.__version__, shared.NAME, more, *run]
"""
ANSWER: Final = ["3.11", "6.0.3", "shared", "more", True, False]
LAYERS: Final = ("--layers-size", "261144000")
"""There is so little room that what is small is nested."""


@pytest.fixture(scope="module")
def project(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a lock, a dependency beside it, and programs."""
    directory = tmp_path_factory.mktemp("windows-plugin")
    files = {
        "shared/pyproject.toml": SHARED,
        "shared/shared/__init__.py": 'NAME = "shared"\n',
        "shared/shared/run": "#!/bin/sh\n",
        "my-app/pyproject.toml": pep621(dependencies=PINNED, more=TABLE),
        "my-app/my_app/__init__.py": "",
        "my-app/my_app/api.py": HANDLER,
        "my-app/my_app/run": "#!/bin/sh\n",
        "my-app/my_app/script.py": "#!/usr/bin/env python3\n",
        "my-app/my_app/.DS_Store": "",
        "my-app/data/more.txt": "more",
        "my-app/data/größe.txt": "",
        "my-app/my_app/größe.txt": "",
    }
    write_files(directory, files)
    for name in ("shared/shared/run", "my-app/my_app/run"):
        (directory / name).chmod(0o755)
    return poetry.lock(directory / "my-app")


@pytest.mark.parametrize(
    "options",
    [(), LAYERS, ("--compile", "--layer")],
    ids=["flat", "nested", "compiled"],
)
def test_archives_have_the_bytes_that_linux_makes(
    windows: Windows,
    poetry: Poetry,
    project: Path,
    tmp_path: Path,
    client_python: Path,
    options: tuple[str, ...],
) -> None:
    """In each form, out of the same lock; and Lambda's client starts them."""
    here, there = tmp_path / "here", tmp_path / "there"
    imported = ("--handler", "my_app.api.handler", *options)
    python = ("--python", str(interpreter(VERSION)))
    poetry.package(project, *imported, *python, "--output-dir", str(here)).well()
    report = tmp_path / "report.json"
    written = ("--output-dir", str(there), "--report", str(report))
    said = windows(project, "-m", "poetry", "package-function", *imported, *written)
    assert "It was not imported, as the target is not this machine." in said
    names = sorted(each.name for each in here.iterdir())
    assert names == sorted(each.name for each in there.iterdir())
    for name in names:
        assert contents(here / name) == contents(there / name)
        assert (here / name).read_bytes() == (there / name).read_bytes()
    assert [] == [*windows.temporary.iterdir()]
    layer = there / "my_app-layer.zip"
    assert ANSWER == answer(
        *(there / "my_app.zip", "my_app.api.handler", client_python),
        layer=layer if layer.exists() else None,
    )
    assert ("nested" if options == LAYERS else "flat") == json.loads(
        report.read_text()
    )["layout"]


SETUPTOOLS: Final = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.11,<4.0"
dependencies = ["idna (==3.11)"]

[build-system]
requires = ["setuptools==80.9.0"]
build-backend = "setuptools.build_meta"

[tool.setuptools]
packages = ["my_app"]
package-data = { my_app = ["run"] }
"""


def test_another_backend_builds_in_a_copy(
    windows: Windows, poetry: Poetry, tmp_path: Path
) -> None:
    """The copy goes, though Windows removes nothing that is read-only."""
    project = write_files(
        tmp_path / "project",
        {
            "pyproject.toml": SETUPTOOLS,
            "my_app/__init__.py": "def handler(event, context): ...\n",
            "my_app/run": "#!/bin/sh\n",
        },
    )
    (project / "my_app" / "__init__.py").chmod(0o444)
    (project / "my_app" / "run").chmod(0o755)
    poetry.lock(project)
    here = tmp_path / "here.zip"
    python = ("--python", str(interpreter(VERSION)))
    poetry.package(project, *python, "--output", str(here)).well()
    there = tmp_path / "there.zip"
    windows(project, "-m", "poetry", "package-function", "--output", str(there))
    assert contents(here) == contents(there)
    assert here.read_bytes() == there.read_bytes()
    users = Path(windows.env["WINEPREFIX"], "drive_c", "users")
    (copies,) = users.glob("*/AppData/Local/pypoetry/Cache/package-function/builds")
    assert [] == [each for each in copies.iterdir() if each.is_dir()]
