"""boto3 in a group that is not packaged stands for Lambda's, and is not shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


GROUP = """\
[dependency-groups]
dev = ["boto3 (>=1.40,<2)"]
"""
TABLE = "[tool.poetry-plugin-package-function"
HANDLER = """\
import boto3, os, six

client = boto3.client("dynamodb")
assert not boto3.__file__.startswith(os.environ["LAMBDA_TASK_ROOT"])
assert six.__file__.startswith(os.environ["LAMBDA_TASK_ROOT"])

def handler(event, context):
    return 1
"""


@pytest.fixture(scope="module")
def locked(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose boto3 is for development."""
    files = {
        "pyproject.toml": pep621(more=GROUP),
        "my_app/__init__.py": "",
        "my_app/api.py": HANDLER,
        "my_app/other.py": "def handler(event, context): ...\n",
    }
    return poetry.lock(write_files(tmp_path_factory.mktemp("locked"), files))


def test_it_is_imported_and_not_shipped(
    poetry: Poetry, locked: Path, tmp_path: Path
) -> None:
    """The bytes are those of a run that imports nothing."""
    imported, plain = tmp_path / "imported.zip", tmp_path / "plain.zip"
    done = poetry.package(
        locked, "--handler", "my_app.api.handler", "--output", str(imported)
    ).well()
    assert "my_app.api.handler was imported in" in done.stdout
    assert "parsing" not in done.said
    poetry.package(locked, "--output", str(plain)).well()
    assert plain.read_bytes() == imported.read_bytes()
    assert not [name for name in names_in(imported) if "boto" in name]
    assert "six.py" in names_in(imported)


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_functions_of_which_one_is_imported(
    poetry: Poetry, locked: Path, tmp_path: Path, version: str
) -> None:
    """They share an environment; with older locks, too."""
    shop = tmp_path / "shop"
    functions = (
        f'{TABLE}.functions.a]\nhandler = "my_app.api.handler"\n{TABLE}.functions.b]\n'
    )
    text = (locked / "poetry.lock").read_text()
    files = {
        "pyproject.toml": pep621(more=f"{GROUP}\n{functions}"),
        "poetry.lock": text.replace(
            'lock-version = "2.1"', f'lock-version = "{version}"'
        ),
        "my_app/__init__.py": "",
        "my_app/api.py": HANDLER,
    }
    done = poetry.package(write_files(shop, files)).well()
    assert "my_app.api.handler was imported in" in done.stdout
    for name in ("a", "b"):
        names = names_in(shop / f"dist/{name}.zip")
        assert "six.py" in names
        assert not [each for each in names if "boto" in each]
