"""Project and dependencies in archives of their own, and at work together."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess

from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.projects import ANSWER
from tests.e2e.projects import SIX
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.running import BIN
from tests.lambda_runtime.layers import can_mount
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


HANDLER = """\
import os
import sys

from importlib.metadata import version

from markupsafe import _speedups, escape


def handler(event, context):
    here = os.path.dirname(os.path.abspath(__file__))
    return {
        "text": str(escape(event["text"])),
        "version": version("markupsafe")[:1],
        "own": here.startswith(os.environ["LAMBDA_TASK_ROOT"]),
        "library": os.path.dirname(_speedups.__file__),
        "first": sys.path[0] == os.environ["LAMBDA_TASK_ROOT"],
    }
"""


@pytest.fixture(scope="module")
def native(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a native library."""
    files = {
        "pyproject.toml": pep621(dependencies=("markupsafe (>=3,<4)",)),
        "my_app/__init__.py": HANDLER,
    }
    return poetry.lock(write_files(tmp_path_factory.mktemp("native"), files))


def reported(path: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(path.read_bytes())
    return report


def copy_of(project: Path, directory: Path, files: dict[str, str]) -> Path:
    """The same project elsewhere, with some files in place of others."""
    shutil.copytree(project, directory, ignore=shutil.ignore_patterns("dist"))
    return write_files(directory, files)


def test_function_and_layer_work_together(
    poetry: Poetry, native: Path, client_python: Path, tmp_path: Path
) -> None:
    """Each has its own files, and what Python finds in both is the whole."""
    function, layer = tmp_path / "f.zip", tmp_path / "f-layer.zip"
    report_file = tmp_path / "report.json"
    done = poetry.package(
        *(native, "--layer", "--output", str(function)),
        *("--report", str(report_file), "--handler", "my_app.handler"),
    ).well()

    own = {name.partition("/")[0] for name in names_in(function)}
    assert {"my_app", "my_app-1.0.dist-info"} == own
    assert all(name.startswith("python/markupsafe") for name in names_in(layer))
    answered = answer(
        *(function, "my_app.handler", client_python, {"text": "<"}), layer=layer
    )
    library = answered.pop("library")
    assert {"text": "&lt;", "version": "3", "own": True, "first": True} == answered
    if can_mount():
        assert "/opt/python/markupsafe" == library

    report = reported(report_file)
    found = report["layer"]
    assert ("function", str(function)) == (report["kind"], report["output_file"])
    assert sha256(function) == report["code_sha256"]
    assert (str(layer), sha256(layer)) == (found["output_file"], found["code_sha256"])
    assert layer.stat().st_size == found["output_bytes"] == report["compressed_bytes"]
    assert len(names_in(layer)) == found["files"]
    assert len(names_in(layer)) + len(names_in(function)) == report["files"]
    own_bytes = sum(
        each["unzipped_bytes"] for each in report["distributions"] if not each["layer"]
    )
    assert found["unzipped_bytes"] + own_bytes == report["unzipped_bytes"]
    assert {"my-app": False, "markupsafe": True} == {
        each["name"]: each["layer"] for each in report["distributions"]
    }
    assert report["verified"]["unused"] == []
    assert f"CodeSha256 {found['code_sha256']}\n" in done.stdout
    assert "Handler     my_app.handler was imported in " in done.stdout


def test_without_the_layer_the_function_lacks_its_dependencies(
    poetry: Poetry, native: Path, client_python: Path, tmp_path: Path
) -> None:
    """It is the layer that has made the other test pass."""
    function = tmp_path / "f.zip"
    poetry.package(native, "--layer", "--output", str(function)).well()

    with pytest.raises(AssertionError, match="No module named 'markupsafe'"):
        answer(function, "my_app.handler", client_python, {"text": "<"})


@pytest.mark.skipif(not can_mount(), reason="only root may mount something at /opt")
def test_opt_is_what_the_layer_has(
    poetry: Poetry, small: Path, client_python: Path, tmp_path: Path
) -> None:
    """And bytecode is in both."""
    function, layer = tmp_path / "f.zip", tmp_path / "six.zip"
    options = ("--layer", "--layer-output", str(layer), "--compile")
    poetry.package(small, "--output", str(function), *options).well()

    assert any(name.endswith(".pyc") for name in names_in(function))
    assert any(name.startswith("python/__pycache__/six.") for name in names_in(layer))
    assert ANSWER == answer(function, "my_app.handler", client_python, layer=layer)


def test_a_layer_changes_with_its_dependencies_only(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """Other code, another version of the project, another directory: the same layer."""
    other = copy_of(
        small,
        tmp_path / "other",
        {
            "my_app/__init__.py": "def handler(event, context):\n    return 1\n",
            "my_app/more.py": "MORE = 1\n",
            "pyproject.toml": (small / "pyproject.toml")
            .read_text()
            .replace('version = "1.0"', 'version = "2.0"'),
        },
    )
    poetry.lock(other)
    newer = copy_of(
        small,
        tmp_path / "newer",
        {"pyproject.toml": pep621(dependencies=(SIX, "iniconfig (>=2,<3)"))},
    )
    poetry.lock(newer)
    digests = []
    for number, project in enumerate((small, other, newer)):
        function = tmp_path / f"{number}.zip"
        poetry.package(project, "--layer", "--output", str(function)).well()
        digests.append((sha256(function), sha256(tmp_path / f"{number}-layer.zip")))

    (first, layer), (second, same_layer), (third, other_layer) = digests
    assert layer == same_layer != other_layer
    assert first != second
    assert first != third, "its METADATA has the new dependency"


def test_a_layer_alone_is_the_same(poetry: Poetry, small: Path, tmp_path: Path) -> None:
    """It needs no code, and the table may have what functions have."""
    poetry.package(small, "--layer", "--output", str(tmp_path / "f.zip")).well()
    more = (
        '\n[tool.poetry-plugin-package-function]\nhandler = "my_app.handler"\n'
        'include = ["*.txt"]\nexclude = ["my_app/"]\n'
    )
    alone = copy_of(
        small,
        tmp_path / "alone",
        {"pyproject.toml": (small / "pyproject.toml").read_text() + more},
    )
    report_file = tmp_path / "report.json"
    done = poetry.package(alone, "--layer-only", "--report", str(report_file)).well()

    assert ["my_app-layer.zip"] == os.listdir(alone / "dist")
    layer = alone / "dist" / "my_app-layer.zip"
    assert sha256(tmp_path / "f-layer.zip") == sha256(layer)
    assert "Layout      layer, " in done.stdout
    assert "Warning" not in done.stderr
    report = reported(report_file)
    assert "layer" == report["kind"]
    assert report["layer"]["output_file"] == report["output_file"] == str(layer)
    assert report["layer"]["sha256"] == report["sha256"]
    assert report["sha256"] == hashlib.sha256(layer.read_bytes()).hexdigest()
    assert [] == report["entry_modules"]
    assert ["six"] == [each["name"] for each in report["distributions"]]


def test_both_together_have_to_fit(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """What is too large is not nested; nothing is replaced."""
    for name in ("f.zip", "f-layer.zip"):
        (tmp_path / name).write_text("earlier")
    options = ("--output", str(tmp_path / "f.zip"), "--layers-size", "262100000")
    said = poetry.package(native, "--layer", *options).failed(1)

    assert "The function and its layer have " in said
    assert "takes less than 43 KB with 250.0 MB kept for layers: " in said
    assert "markupsafe 3." in said
    assert "Package without a layer: what is too large is nested then." in said
    for name in ("f.zip", "f-layer.zip"):
        assert "earlier" == (tmp_path / name).read_text()
    said = poetry.package(native, "--layer-only", *options).failed(1)
    assert "The layer has " in said


def test_what_makes_no_sense(poetry: Poetry, small: Path) -> None:
    """It is said before anything is built."""
    done = poetry.package(small, "--layer", "--layer-only")

    assert "--layer-only excludes --layer." in done.failed(2)
    assert "Building" not in done.stdout


def test_the_other_command_line(
    poetry: Poetry, small: Path, client_python: Path, tmp_path: Path
) -> None:
    """`package-python-function --layer` takes a virtual environment apart."""
    venv = tmp_path / "venv"
    poetry(small, "bundle", "venv", str(venv)).well()
    command = [
        *(str(BIN / "package-python-function"), str(venv)),
        *("--output", str(tmp_path / "f.zip"), "--layer", "--handler"),
        *("my_app.handler", "--sizes", str(tmp_path / "sizes.html")),
    ]
    subprocess.run(command, cwd=small, check=True, env={**poetry.env})

    layer = tmp_path / "f-layer.zip"
    assert "python/six.py" in names_in(layer)
    assert '"python"' in (tmp_path / "sizes.html").read_text()
    assert ANSWER == answer(
        *(tmp_path / "f.zip", "my_app.handler", client_python), layer=layer
    )
