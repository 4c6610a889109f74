"""The docs' own commands, as a reader copies them: see `tests.docs.walks`."""

from __future__ import annotations

import os
import re
import shlex
import shutil

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from tests.docs.steps import steps
from tests.docs.walks import BEFORE
from tests.docs.walks import TABLE
from tests.docs.walks import WALKS
from tests.docs.walks import lines_missing
from tests.docs.walks import why_not
from tests.e2e.projects import POETRY_CORE
from tests.e2e.running import BIN
from tests.e2e.running import run
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import locked
from tests.package_index import index_url
from tests.recipes.pages import RUNTIME
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.steps import Step
    from tests.docs.walks import Walk
    from tests.e2e.running import Done
    from tests.e2e.running import Poetry
    from tools.console import Command


ROOT: Final = Path(__file__).resolve().parents[2]
HANDLER: Final = "def handler(event, context):\n    return {}\n"
TEMPLATE: Final = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  GetOrder:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: ., Handler: orders.main.handler, Runtime: python3.13 }
  PutOrder:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: ., Handler: orders.list.handler, Runtime: python3.13 }
"""
# All names that the pages use.
PROJECT: Final = {
    "pyproject.toml": f"""\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["boto3 (>=1.40)", "pydantic (>=2.12)", "sqlalchemy (>=2.0)"]

[project.optional-dependencies]
http = ["idna (>=3.10)"]
postgres = ["six (>=1.17)"]

[tool.poetry]
packages = [{{ include = "my_app" }}, {{ include = "shop" }}, {{ include = "orders" }}]

[tool.poetry.group.aws.dependencies]
colorama = ">=0.4"

[tool.poetry.group.worker.dependencies]
iniconfig = ">=2"

[tool.poetry.group.dev.dependencies]
toml = ">=0.10"

{POETRY_CORE}
""",
    "my_app/__init__.py": "",
    "my_app/api.py": """\
import boto3
import pydantic
import my_app.db


def handler(event, context):
    print("listed 0 orders")
    return {"statusCode": 200, "body": "[]"}
""",
    "my_app/db.py": '"""Orders."""\n\nimport sqlalchemy\n',
    "my_app/handler.py": HANDLER,
    "my_app/worker.py": f'import os\n\nTABLE = os.environ["TABLE"]\n\n\n{HANDLER}',
    **{f"shop/{name}.py": HANDLER for name in ("__init__", "api", "worker")},
    **{f"orders/{name}.py": HANDLER for name in ("__init__", "main", "list", "report")},
    "settings.toml": "",
    "app.py": "from helpers import answers\n\nlambda_handler = answers.handler\n",
    **{f"helpers/{name}.py": HANDLER for name in ("__init__", "answers", "more")},
    "events/get.json": "{}",
    "requirements.txt": "six==1.17.0\n",
    "template.yaml": TEMPLATE,
}


@pytest.fixture(scope="module")
def project(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of the pages, locked."""
    return poetry.lock(write_files(tmp_path_factory.mktemp("docs"), PROJECT))


@dataclass(frozen=True)
class Reader:
    """Who follows a page, in a directory that commands may change."""

    poetry: Poetry
    directory: Path

    def inside(self, name: str) -> Reader:
        """The same reader, a directory further down."""
        return Reader(self.poetry, self.directory / name)

    def types(self, command: str) -> Done:
        """Runs a command: Poetry's as a fork, if no shell is needed."""
        command = command.replace("python3.13", RUNTIME)
        command = command.replace("--python 3.13", f"--python {RUNTIME[6:]}")
        if command.startswith("poetry ") and not re.search(r"[|&;<>$`]", command):
            words = shlex.split(command.replace("\\\n", " "))
            return self.poetry(self.directory, *words[1:])
        env = {
            **self.poetry.env,
            "PATH": os.pathsep.join((str(BIN), os.environ["PATH"])),
            "UV_DEFAULT_INDEX": index_url(),
        }
        tmp = self.poetry.new_tmp()
        return run(["sh", "-eu", "-c", command], self.directory, env, tmp)

    def takes_over(self, step: Step) -> None:
        """Does with a block what the page says: settings, or a file."""
        if step.language == "toml" and f"[{TABLE}" in step.text:
            self.has_settings(step.text)
        elif step.file:
            text = step.text.replace("python3.13", RUNTIME)
            write_files(self.directory, {step.file: text})

    def has_settings(self, text: str) -> None:
        """Puts the plugin's tables to the end of `pyproject.toml`, for those there."""
        path = self.directory / "pyproject.toml"
        others, _, _ = path.read_text("utf-8").partition(f"[{TABLE}")
        text = text.replace("python3.13", RUNTIME)
        path.write_text(f"{others.rstrip()}\n\n{text}", "utf-8")


@pytest.fixture(scope="module")
def keeping(poetry: Poetry) -> Iterator[Poetry]:
    """Poetry with a cache of the readers' own.

    What the other tests download meanwhile would change under their hands, and one
    command removes a part of it.
    """
    cache = kept_directory("docs")
    cache.mkdir(parents=True, exist_ok=True)
    with locked(cache / "lock"):
        yield poetry.having(POETRY_CACHE_DIR=str(cache))


@pytest.mark.parametrize("page", sorted(WALKS))
def test_a_page_can_be_followed(
    page: str, keeping: Poetry, project: Path, tmp_path: Path
) -> None:
    """What it shows is what comes, from its first command to the last."""
    walk = WALKS[page]
    reader = Reader(keeping, tmp_path)
    found = [step for step in steps(ROOT / page) if step.heading != BEFORE]
    texts = " ".join(command.text for step in found for command in step.commands)
    if re.search(r"\bjq ", texts) and shutil.which("jq") is None:
        pytest.skip("commands of the docs take `jq`")
    if walk.has_project:
        shutil.copytree(project, tmp_path, dirs_exist_ok=True)
        reader.has_settings(walk.settings)
    for text in walk.first:
        assert 0 == reader.types(text).status

    for step in found:
        if step.heading not in walk.passed_over:
            reader.takes_over(step)
        for command in step.commands:
            reader = followed(command, reader, walk)


def followed(command: Command, reader: Reader, walk: Walk) -> Reader:
    """Runs a command of a page; the reader behind it."""
    if why_not(command.text) is not None:
        return reader
    if command.text.startswith("cd "):
        return reader.inside(command.text.removeprefix("cd "))
    done = reader.types(command.text)
    said = f"{command.text}\n{done.said}"
    assert int(command.text in walk.failing) == done.status, said
    if not any(command.text.startswith(each) for each in walk.unlike):
        assert [] == lines_missing(command.output, done.said), said
    return reader
