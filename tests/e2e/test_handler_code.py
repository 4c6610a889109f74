"""Projects whose handler's module is in no wheel, packaged with `--handler` alone."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import ANSWER
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.git import repository
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


NAMELESS = """\
[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
python = ">=3.10,<4.0"
six = "1.17.0"
"""
SETUPTOOLS = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["six==1.17.0"]

[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
ROOT = """\
import os
import six
from helpers import shout

with open(os.path.join(os.path.dirname(__file__), "greeting.txt")) as file:
    GREETING = file.read()

def handler(event, context):
    return {"six": six.__version__, "event": event, "says": shout(GREETING)}
"""
HELPERS = {
    "helpers/__init__.py": "from .loud import shout\n",
    "helpers/loud.py": "def shout(text):\n    return text.upper()\n",
    "greeting.txt": "hello",
    ".env": "PASSWORD=x",
    "test_app.py": "",
}
EXPECTED = {**ANSWER, "says": "HELLO"}


def test_a_root_module_of_a_project_without_a_name(
    poetry: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """The module comes in with its package and its file, and nothing else does."""
    project = write_files(
        tmp_path / "my-func", {"pyproject.toml": NAMELESS, "app.py": ROOT, **HELPERS}
    )
    repository(project)
    poetry.lock(project)

    done = poetry.package(
        project, "--handler", "app.handler", "--report", "r.json"
    ).well()

    assert done.stdout.startswith("Packaging my-func\n")
    assert (
        "app.py, greeting.txt, helpers/ (2 files) from the project's directory: there"
        " is no wheel"
    ) in done.stdout
    archive = project / "dist" / "my_func.zip"
    own = [name for name in names_in(archive) if "six" not in name]
    assert [
        *("app.py", "greeting.txt", "helpers/__init__.py", "helpers/loud.py")
    ] == own
    assert own == json.loads((project / "r.json").read_text())["handler_code"]["files"]
    assert EXPECTED == answer(archive, "app.handler", client_python)


@pytest.mark.parametrize(
    ("pyproject", "files", "handler"),
    [
        (pep621(), {"src/app.py": ROOT}, "app.handler"),
        (pep621(), {"my_app/__init__.py": ROOT}, "my_app.handler"),
        (pep621(), {"functions/get-user/app.py": ROOT}, "app.handler"),
        (
            pep621(),
            {"functions/get-user.py": ROOT, "my_app/__init__.py": ""},
            "functions/get-user.handler",
        ),
        (
            SETUPTOOLS,
            {"src/my_app/__init__.py": "", "functions/app.py": ROOT},
            "app.handler",
        ),
    ],
)
def test_other_shapes(
    pyproject: str,
    files: dict[str, str],
    handler: str,
    poetry: Poetry,
    client_python: Path,
    tmp_path: Path,
) -> None:
    """Where the module is does not matter, nor who builds the wheel."""
    (module,) = (name for name, text in files.items() if text)
    write_files(
        tmp_path,
        {
            "pyproject.toml": pyproject,
            **files,
            **HELPERS,
            module.replace(module.rpartition("/")[2], "greeting.txt"): "hello",
        },
    )
    poetry.lock(tmp_path)

    poetry.package(tmp_path, "--handler", handler).well()

    archive = tmp_path / "dist" / "my_app.zip"
    assert EXPECTED == answer(archive, handler, client_python)


@pytest.mark.parametrize("pyproject", [pep621(), SETUPTOOLS])
def test_several_candidates(pyproject: str, poetry: Poetry, tmp_path: Path) -> None:
    """That is said for the function, before anything is downloaded."""
    functions = "[tool.poetry-plugin-package-function.functions"
    table = f'\n{functions}.a]\nhandler = "my_app.handler"\n{functions}.b]\n'
    write_files(
        tmp_path,
        {
            "pyproject.toml": f'{pyproject}{table}handler = "app.handler"\n',
            "src/my_app/__init__.py": "def handler(event, context): pass\n",
            "one/app.py": ROOT,
            "two/app.py": ROOT,
        },
    )
    poetry.lock(tmp_path)

    done = poetry.package(tmp_path)

    assert 1 == done.status
    assert "b: The handler's module app may be any of one/app.py, two/app.py." in (
        done.stderr
    )
    assert 'include = [{ include = "app.py", from = "two" }]' in done.stderr
    assert "six (1.17.0)" not in done.stdout
    assert not (tmp_path / "dist").exists()


def test_a_handler_of_a_dependency(poetry: Poetry, tmp_path: Path) -> None:
    """It needs no code of the project."""
    write_files(tmp_path, {"pyproject.toml": NAMELESS, "other.py": ""})
    poetry.lock(tmp_path)

    done = poetry.package(tmp_path, "--handler", "six.ensure_str").well()

    assert "" == done.stderr
    assert "Code " not in done.stdout


def test_a_handler_that_is_nowhere(poetry: Poetry, tmp_path: Path) -> None:
    """What there is is named, and nothing of a dependency."""
    write_files(
        tmp_path, {"pyproject.toml": NAMELESS, "app.py": ROOT, "helpers.py": ""}
    )
    poetry.lock(tmp_path)

    done = poetry.package(tmp_path, "--handler", "lambda_function.lambda_handler")

    assert 1 == done.status
    assert (
        "The archive has no code of the project, and nothing has a module"
        " lambda_function for the handler."
    ) in done.stderr
    assert "--handler app.handler" in done.stderr
    assert "Is it" not in done.stderr
