"""The settings on all pages are those that the plugin takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import read_project
from tests.docs.markdown import read
from tests.docs.walks import TABLE
from tests.trees import write_files


ROOT = Path(__file__).parents[2]
PROJECT = '[project]\nname = "my-app"\nversion = "1"\n'
SAM = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  GetOrder:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: ., Handler: orders.get.handler, Runtime: python3.13 }
"""
SERVERLESS = """\
service: orders
provider: { name: aws, runtime: python3.13 }
functions: { report: { handler: orders.report.handler } }
"""
NAMED = {
    "template.yaml": SAM,
    "serverless.yml": SERVERLESS,
    "events/my_app.json": "{}",
}
BLOCKS = [
    (path.relative_to(ROOT).as_posix(), text)
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    for language, text in read(path).blocks
    if language == "toml" and f"[{TABLE}" in text
]


def problems(directory: Path, text: str) -> tuple[str, ...]:
    """What is wrong with a block of settings."""
    whole = text if "[project]" in text else f"{PROJECT}{text}"
    write_files(directory, {"pyproject.toml": whole, **NAMED})
    project = read_project(directory / "pyproject.toml")
    try:
        resolve({}, project, (), default_output_dir=directory)
    except ConfigError as error:
        return error.lines
    return ()


def test_there_are_such_blocks() -> None:
    """The test below looks at something."""
    assert len(BLOCKS) > 20


@pytest.mark.parametrize(("page", "text"), BLOCKS, ids=[page for page, _ in BLOCKS])
def test_settings_are_taken(page: str, text: str, tmp_path: Path) -> None:
    """Keys, values, and all of them together."""
    assert () == problems(tmp_path, text), page


def test_a_key_that_is_not_there_is_found(tmp_path: Path) -> None:
    """With whatever else is wrong."""
    (found,) = problems(tmp_path, f"[{TABLE}]\nhandlers = 'a.b'\n")
    assert "handlers" in found
