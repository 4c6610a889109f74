"""What does not fit its target, or does not import, is found before it replaces."""

from __future__ import annotations

import json
import sys

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import pep621
from tests.packaging.native import needs_gcc
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


NEST = ("--layers-size", "262000000")
RUNTIME = f"python3.{sys.version_info.minor}"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where an earlier archive and report are."""
    (tmp_path / "fn.zip").write_text("earlier")
    (tmp_path / "report.json").write_text("earlier")
    return tmp_path


def options(out: Path) -> tuple[str, ...]:
    return "--output", str(out / "fn.zip"), "--report", str(out / "report.json")


def is_untouched(out: Path) -> bool:
    return all(
        (out / name).read_text() == "earlier" for name in ("fn.zip", "report.json")
    )


def test_a_handler_that_imports(poetry: Poetry, small: Path, out: Path) -> None:
    """Its figures are on the console and in the report."""
    said = poetry.package(
        *(small, "--handler", "my_app.handler", "--memory-size", "512", "-v"),
        *options(out),
    ).well()

    assert "Handler     my_app.handler was imported in " in said.stdout
    verified = json.loads((out / "report.json").read_text())["verified"]
    assert verified["unchecked"] is None
    assert 0 < verified["init_s"] < 10
    assert 0 < verified["peak_bytes"] < 512 << 20
    assert (0, []) == (verified["tmp_bytes"], verified["unused"])


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("my_app.handle", "handle"),
        ("my_ap.handler", "No module named 'my_ap'"),
    ],
)
def test_a_handler_that_is_not_there(
    poetry: Poetry, small: Path, out: Path, handler: str, expected: str
) -> None:
    said = poetry.package(small, "--handler", handler, *options(out)).failed(1)

    assert expected in said
    assert is_untouched(out)


def test_a_name_that_lambda_refuses(poetry: Poetry, small: Path, out: Path) -> None:
    """It is refused before anything is built."""
    done = poetry.package(small, "--handler", "sys.exit", *options(out))

    assert "Lambda cannot use built-in module sys" in done.failed(2)
    assert "Building" not in done.stdout
    assert is_untouched(out)


def test_the_users_own_traceback(poetry: Poetry, small: Path, tmp_path: Path) -> None:
    """Of a key that is missing, but not in the environment."""
    code = "TABLES = {}\nTABLE = TABLES['TABLE']\ndef handler(event, context): ...\n"
    lock = (small / "poetry.lock").read_bytes()
    files: dict[str, str | bytes] = {"poetry.lock": lock, "my_app/__init__.py": code}
    table = '[tool.poetry-plugin-package-function]\nhandler = "my_app.handler"\n'
    write_files(tmp_path, {**files, "pyproject.toml": pep621(more=table)})
    done = poetry.package(tmp_path)
    assert (1, ()) == (done.status, done.left_in_tmp)
    shown = done.stderr
    assert 'File "/var/task/my_app/__init__.py", line 2, in <module>' in shown
    assert "KeyError: 'TABLE'" in shown
    assert 1 == shown.count("Traceback")


@pytest.mark.parametrize("layout", ["flat", "nested"])
def test_a_variable_that_the_deployment_sets(
    poetry: Poetry, small: Path, tmp_path: Path, layout: str
) -> None:
    """It is no error that it is missing here, unless warnings are."""
    code = (
        "import os\nTABLE, PORT = os.environ['TABLE'], os.environ['PORT']\n"
        "def handler(event, context): ...\n"
    )
    lock = (small / "poetry.lock").read_bytes()
    files: dict[str, str | bytes] = {"poetry.lock": lock, "my_app/__init__.py": code}
    table = "[tool.poetry-plugin-package-function]\n"
    table += 'handler = "my_app.handler"\nreport = "dist/report.json"\n'
    files |= {
        "my_app/data.txt": "data\n" * 40_000
    }  # what the nested one has no room for
    write_files(tmp_path, {**files, "pyproject.toml": pep621(more=table)})
    how = NEST if layout == "nested" else ()
    done = poetry.package(tmp_path, *how).well()
    assert "my_app.handler was imported in" in done.stdout
    said = " ".join(done.stderr.split())
    assert "Warning: my_app.handler: TABLE, PORT had made-up values, as nothing" in said
    assert 'environment = { TABLE = "…", PORT = "…" }' in said
    report = json.loads((tmp_path / "dist/report.json").read_text())
    assert layout == report["layout"]
    assert ["TABLE", "PORT"] == report["verified"]["made_up"]

    refused = " ".join(poetry.package(tmp_path, *how, "--strict").failed(1).split())
    assert 'environment = { TABLE = "…", PORT = "…" }' in refused
    wrong = code.replace("os.environ['PORT']", "int(os.environ['PORT'])")
    write_files(tmp_path, {"my_app/__init__.py": wrong})
    said = " ".join(poetry.package(tmp_path, *how).well().stderr.split())
    assert "What PORT will be, only a deployment knows." in said
    assert 'environment = { TABLE = "…", PORT = "…" }' in said

    table += 'environment = { TABLE = "orders", PORT = "1" }\n'
    write_files(tmp_path, {"pyproject.toml": pep621(more=table)})
    assert "" == poetry.package(tmp_path, *how).well().stderr


def test_another_machine_is_only_parsed(poetry: Poetry, small: Path, out: Path) -> None:
    """It says so, and finds what can be found."""
    target = "--runtime", RUNTIME, "--architecture", "arm64"
    done = poetry.package(
        small, "--handler", "my_app.handler", *target, *options(out)
    ).well()

    assert "It was not imported, as the target is not this machine." in done.stderr
    (out / "fn.zip").write_text("earlier")
    (out / "report.json").write_text("earlier")
    done = poetry.package(small, "--handler", "my_app.nothing", *target, *options(out))
    assert "nothing" in done.failed(1)
    assert is_untouched(out)


SETUP = """\
from setuptools import Extension, setup
setup(name="native", version="1.0", ext_modules=[Extension("native", ["native.c"])])
"""
SOURCE = """\
#include <Python.h>
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "native"};
PyMODINIT_FUNC PyInit_native(void) { return PyModule_Create(&module); }
"""


@needs_gcc
def test_what_is_built_here_for_another_machine(
    poetry: Poetry, out: Path, tmp_path: Path
) -> None:
    """An sdist with a C extension is this machine's; the audit finds that out."""
    native = {
        "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n',
        "setup.py": SETUP,
        "native.c": SOURCE,
    }
    write_files(tmp_path / "native", native)
    more = '[tool.poetry.dependencies]\nnative = { path = "../native" }\n'
    files = {"pyproject.toml": pep621(dependencies=(), more=more)}
    project = write_files(tmp_path / "project", {**files, "my_app/__init__.py": ""})
    poetry.lock(project)
    target = "--runtime", RUNTIME, "--architecture", "arm64"
    said = poetry.package(project, *target, *options(out)).failed(1)

    assert "The package has code that cannot work on its target." in said
    assert "native:" in said
    assert "x86_64" in said
    assert is_untouched(out)
    poetry.package(project, *target, "--no-audit", *options(out)).well()
