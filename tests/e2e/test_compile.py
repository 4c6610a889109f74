"""`--compile`: a faster cold start, with the same bytes each time."""

from __future__ import annotations

import json
import sys

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.megabytes import megabytes
from tests.e2e.projects import ANSWER
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.machine import interpreter
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


@pytest.fixture(scope="module")
def project(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One wheel from the index, code of the project's own, and a leftover."""
    files = {
        "pyproject.toml": pep621(
            more="[tool.poetry-plugin-package-function]\ncompile = true\n"
        ),
        "my_app/__init__.py": "from my_app.handler import handler\n",
        "my_app/handler.py": "import six\n\n"
        "def handler(event, context):\n"
        '    return {"six": six.__version__, "event": event}\n',
        "my_app/old.py": "print 'two'\n",
    }
    return poetry.lock(write_files(tmp_path_factory.mktemp("compile"), files))


def test_from_a_warm_and_an_empty_cache(
    poetry: Poetry, project: Path, tmp_path: Path
) -> None:
    """The same bytes; a second run finds the bytecode of the wheel."""
    digests = set()
    for name in ("one", "one", "two"):
        own = poetry.having(POETRY_CACHE_DIR=str(tmp_path / name))
        archive = tmp_path / "f.zip"
        own.package(project, "--output", str(archive)).well()
        digests.add(sha256(archive))
        kept = list((tmp_path / name / "package-function" / "bytecode").iterdir())
        assert ["six"] == [each.name.partition("-")[0] for each in kept]

    assert 1 == len(digests)


def test_it_runs_and_is_told(
    poetry: Poetry, project: Path, tmp_path: Path, client_python: Path
) -> None:
    """The function answers; console and report say what there is."""
    archive, report = tmp_path / "f.zip", tmp_path / "report.json"
    options = ("--output", str(archive), "--report", str(report))
    done = poetry.package(project, *options, "-v").well()

    tag = sys.implementation.cache_tag
    assert f"my_app/__pycache__/handler.{tag}.pyc" in names_in(archive)
    assert f"__pycache__/six.{tag}.pyc" in names_in(archive)
    assert f"my_app/__pycache__/old.{tag}.pyc" not in names_in(archive)
    bytecode = json.loads(report.read_bytes())["bytecode"]
    version = ".".join(map(str, sys.version_info[:3]))
    assert (version, 3) == (bytecode["python"], bytecode["files"])
    assert f"3 files, {megabytes(bytecode['size_bytes'])}, for CPython {version}" in (
        done.stdout
    )
    assert "1 file does not compile: my_app/old.py" in done.stdout
    assert ANSWER == answer(archive, "my_app.handler.handler", client_python)


def test_an_older_python_is_refused(poetry: Poetry, project: Path) -> None:
    """With the reason, and what to do."""
    done = poetry.package(project, "--python", str(interpreter("3.10")))

    said = done.failed(1)
    assert "whose bytecode differs from run to run" in said
    assert "leave out --compile" in said
