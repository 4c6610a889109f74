"""Functions of a template: named nowhere else, packaged as they will be deployed."""

from __future__ import annotations

import json
import sys

from typing import TYPE_CHECKING

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import answer
from tests.e2e.projects import distributions_in
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


PYPROJECT = f"""\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["six (==1.17.0)"]

[dependency-groups]
Worker = ["iniconfig (>=2,<3)"]
Api = []

[tool.poetry]
packages = [{{ include = "shop" }}]

{POETRY_CORE}"""
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
TEMPLATE = f"""\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {{ Type: String, Default: dev }}
Globals:
  Function:
    Runtime: {RUNTIME}
    MemorySize: 1024
    Environment: {{ Variables: {{ STAGE: !Ref Stage, TABLE: !Ref Table }} }}
Resources:
  Table: {{ Type: AWS::Serverless::SimpleTable }}
  Api:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: shop.api.handler
      EphemeralStorage: {{ Size: 700 }}
      Environment: {{ Variables: {{ LEVEL: info }} }}
      Policies: [DynamoDBReadPolicy: {{ TableName: !Ref Table }}]
  Worker:
    Type: AWS::Serverless::Function
    Properties: {{ CodeUri: out/worker.zip, Handler: shop.worker.handler }}
  Site:
    Type: AWS::Serverless::Function
    Properties: {{ CodeUri: site, Handler: index.handler, Runtime: nodejs22.x }}
"""
HANDLER = """\
import os

STAGE, TABLE = os.environ["STAGE"], os.environ["TABLE"]

def handler(event, context):
    return {"stage": STAGE, "table": TABLE}
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "template.yaml": TEMPLATE,
    "shop/__init__.py": "",
    "shop/api.py": HANDLER,
    "shop/worker.py": f"import iniconfig\n{HANDLER}",
}


def test_functions_of_a_template(
    poetry: Poetry, tmp_path: Path, client_python: Path
) -> None:
    """Each is verified with what the template says; one flag gives each its group."""
    shop = poetry.lock(write_files(tmp_path / "shop", FILES))

    done = poetry.package(shop).well()
    line = "template.yaml names 2 functions: --template template.yaml"
    assert line in " ".join(done.stdout.split())

    options = ("--with", "{name}", "--report", str(tmp_path / "{name}.json"))
    done = poetry.package(shop, "--template", "template.yaml", *options).well()

    assert 1 == done.stdout.count("Building a virtual environment")
    archives = {"Api": shop / "dist/Api.zip", "Worker": shop / "out/worker.zip"}
    for name, archive in archives.items():
        report = json.loads((tmp_path / f"{name}.json").read_bytes())
        handler = f"shop.{name.lower()}.handler"
        assert (name, handler) == (report["function"], report["verified"]["handler"])
        assert RUNTIME == report["target"]["runtime"]
        assert report["verified"]["unchecked"] is None
        environment = {"STAGE": "test", "TABLE": "orders"}
        assert {"stage": "test", "table": "orders"} == answer(
            archive, handler, client_python, env=environment
        )
    assert {"six", "shop"} == distributions_in(archives["Api"])
    assert {"six", "shop", "iniconfig"} == distributions_in(archives["Worker"])


def test_a_template_where_no_code_is_found(poetry: Poetry, tmp_path: Path) -> None:
    """The error says the line that uses it, beside the code that is there."""
    pyproject = (
        "[tool.poetry]\npackage-mode = false\n"
        '[tool.poetry.dependencies]\npython = "^3.10"\n'
    )
    files = {
        "pyproject.toml": pyproject,
        "template.yaml": TEMPLATE,
        "functions/get/app.py": HANDLER,
    }
    said = poetry.package(poetry.lock(write_files(tmp_path / "shop", files))).failed(1)
    assert (
        "template.yaml names 2 functions: --template template.yaml. There is"
        " functions/get/app.py. Add it: --handler app.handler, or include ="
    ) in " ".join(said.split())
