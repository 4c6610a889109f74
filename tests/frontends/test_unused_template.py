"""A template that nobody has named: the result says the line that uses it."""

from __future__ import annotations

import subprocess
import sys

from typing import TYPE_CHECKING

from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


TABLE = "[tool.poetry-plugin-package-function"
HOST = f"python{sys.version_info.major}.{sys.version_info.minor}"
TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals: { Function: { CodeUri: . } }
Resources:
  App: { Type: AWS::Serverless::Function, Properties: { Handler: app.handler } }
  Cron: { Type: AWS::Serverless::Function, Properties: { Handler: app.handler } }
"""


def test_a_template_that_nobody_uses(cli: str, in_directory: Path) -> None:
    """The result says the line that would; if nothing else is said of functions."""
    project, venv = in_directory, make_venv(in_directory / "venv")
    install(venv, "my_app", {"app.py": "def handler(event, context): ...\n"})
    make_project(project, "My-App")
    (project / "api").mkdir()
    write_files(project, {"template.yaml": TEMPLATE})

    def shown(*options: str, cwd: Path = project) -> list[str]:
        command = [cli, str(venv), "--output-dir", "d", *options]
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, check=True
        )
        lines = done.stdout.splitlines()
        return [line for line in lines if line.startswith("Template")]

    line = "Template    template.yaml names 2 functions: --template template.yaml"
    assert [line] == shown()
    for options in (
        ("--handler", "app.handler"),
        ("--template", "template.yaml", "--runtime", HOST),
        ("--platform", "manylinux_2_28_x86_64"),
    ):
        assert [] == shown(*options)
    elsewhere = shown("--project", "..", cwd=project / "api")
    assert [line.replace(" template", f" {project}/template")] == elsewhere
    make_project(project, "My-App", f"{TABLE}.functions.api]")
    assert [] == shown()
    make_project(project, "My-App")
    write_files(project, {"template.yaml": "Resources: [broken"})
    assert [] == shown()
