"""Projects of all shapes, as their owners have them: nothing in them is ours.

Each directory of `tests/samples` is one, and its README says which shape it has. Its
copy becomes a Git repository, is packaged by the one line that is written here, and
answers an event as it would on Lambda.
"""

from __future__ import annotations

import shutil
import sys

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.git import repository


if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.running import Poetry


SAMPLES: Final = Path(__file__).resolve().parents[1] / "samples"
# Templates have to name a runtime. Theirs becomes that of the Python that runs us.
IN_TEMPLATES: Final = "python3.12"
RUNTIME: Final = f"python{sys.version_info.major}.{sys.version_info.minor}"
NEVER: Final = (
    "README.md",
    "pyproject.toml",
    "poetry.lock",
    "notes.txt",
    "test_app.py",
)


@dataclass(frozen=True)
class Function:
    """What a function is called with, and what it answers.

    Attributes:
        archive: The file in `dist`.
        handler: Its handler.
        event: What is sent.
        answer: What comes back.
        env: Variables that a deployment gives it.
    """

    archive: str
    handler: str
    event: object
    answer: Any
    env: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Sample:
    """How a project is packaged.

    Attributes:
        name: Its directory.
        options: Those of `poetry package-function`.
        functions: What comes out.
        project: The directory in it where Poetry is called.
        layer: Options of a layer that has what Lambda has itself.
    """

    name: str
    options: str
    functions: tuple[Function, ...]
    project: str = "."
    layer: str = ""


ALL: Final = (
    Sample(
        "root-module",
        "--handler app.lambda_handler",
        (
            Function(
                "url_shortener.zip",
                "app.lambda_handler",
                {"pathParameters": {"name": "a b"}},
                {"statusCode": 404, "body": '{"unknown": "a%20b"}'},
            ),
        ),
    ),
    Sample(
        "src-function",
        "--handler function.handler",
        (
            Function(
                "thumbnails.zip",
                "function.handler",
                {"sizes": [64, 512, 4096]},
                {"bucket": "pictures", "sizes": [64, 512], "python3": True},
                {"BUCKET": "pictures"},
            ),
        ),
    ),
    Sample(
        "other-package",
        "--handler billing.main.handler",
        (
            Function(
                "invoice_service.zip",
                "billing.main.handler",
                {"net": 100},
                {"total": 119, "currency": "EUR"},
            ),
        ),
    ),
    Sample(
        "lambdas",
        "--handler lambdas.users.handler",
        (
            Function(
                "user_lambdas.zip",
                "lambdas.users.handler",
                {"id": "1"},
                {"statusCode": 200, "body": '{"name": "Ada"}'},
            ),
        ),
    ),
    Sample(
        "no-name",
        "--handler lambda_function.lambda_handler",
        (
            Function(
                "no_name.zip",
                "lambda_function.lambda_handler",
                {"body": "x"},
                {"statusCode": 200, "body": "x"},
            ),
        ),
    ),
    Sample(
        "data-files",
        "--handler handler.handler",
        (
            Function(
                "price_rules.zip",
                "handler.handler",
                {"kind": "welcome"},
                {
                    "text": "Welcome to Corner shop!",
                    "discount": 10,
                    "countries": ["AT", "DE"],
                },
            ),
        ),
    ),
    Sample(
        "fastapi-mangum",
        "--handler app.main.handler",
        (
            Function(
                "todo_api.zip",
                "app.main.handler",
                {
                    "version": "2.0",
                    "routeKey": "$default",
                    "rawPath": "/items/7",
                    "rawQueryString": "",
                    "headers": {"host": "api.example.org"},
                    "requestContext": {
                        "http": {
                            "method": "GET",
                            "path": "/items/7",
                            "sourceIp": "192.0.2.1",
                        }
                    },
                    "isBase64Encoded": False,
                },
                {
                    "statusCode": 200,
                    "body": '{"title":"Item 7","done":false}',
                    "headers": {
                        "content-length": "31",
                        "content-type": "application/json",
                    },
                    "isBase64Encoded": False,
                },
            ),
        ),
    ),
    Sample(
        "chalice-app",
        "--handler app.app --with dev",
        (
            Function(
                "greetings_api.zip",
                "app.app",
                {
                    "resource": "/hello/{name}",
                    "path": "/hello/ada",
                    "headers": {},
                    "multiValueQueryStringParameters": None,
                    "pathParameters": {"name": "ada"},
                    "stageVariables": None,
                    "body": None,
                    "isBase64Encoded": False,
                    "requestContext": {
                        "httpMethod": "GET",
                        "resourcePath": "/hello/{name}",
                    },
                },
                {
                    "statusCode": 200,
                    "body": '{"hello":"Ada"}',
                    "headers": {},
                    "multiValueHeaders": {},
                },
            ),
        ),
    ),
    Sample(
        "extras",
        "--handler report.aws.handler --extras lambda",
        (
            Function(
                "report.zip",
                "report.aws.handler",
                {"rows": [1, 2]},
                'rows = 2\ntext = "report"\n',
            ),
        ),
    ),
    Sample(
        "monorepo",
        "--handler main.handler",
        (
            Function(
                "api.zip",
                "main.handler",
                {"name": "Ada"},
                {"statusCode": 200, "body": '"Hello, Ada!"'},
            ),
        ),
        project="services/api",
    ),
    Sample(
        "lock-1.1",
        "--handler feed.handler.handler",
        (
            Function(
                "feed.zip",
                "feed.handler.handler",
                {"published": "2024-02-29T12:00:00Z"},
                {"weekday": 4},
            ),
        ),
    ),
    Sample(
        "lock-2.0",
        "--handler lambda_function.lambda_handler",
        (
            Function(
                "calendar_sync.zip",
                "lambda_function.lambda_handler",
                {"day": "2024-01-31"},
                "next: '2024-02-29'\n",
            ),
        ),
    ),
    Sample(
        "sam-code-uri",
        "--template template.yaml",
        (
            Function(
                "OrdersFunction.zip",
                "app.lambda_handler",
                {},
                {
                    "statusCode": 200,
                    "body": '{"table": "orders", "orders": [{"id": 1}, {"id": 2}]}',
                },
                {"LEVEL": "INFO", "TABLE": "orders"},
            ),
        ),
        layer="--only dev --layer-only",
    ),
    Sample(
        "sam-directories",
        "--template template.yaml",
        (
            Function(
                "GetOrder.zip",
                "app.lambda_handler",
                {"id": "7"},
                {"stage": "dev", "order": {"item": "tea"}},
                {"STAGE": "dev"},
            ),
            Function(
                "PutOrder.zip",
                "app.lambda_handler",
                {"id": "8"},
                {"stage": "dev", "problems": ["item is missing"]},
                {"STAGE": "dev"},
            ),
        ),
    ),
    Sample(
        "group-a-function",
        "--template template.yml --with {name}",
        (
            Function(
                "Mail.zip",
                "functions.mail.main.handler",
                {"name": "Ada"},
                {"mail": "Ada", "by": "IniConfig"},
            ),
            Function(
                "Push.zip",
                "functions.push.main.handler",
                {"name": "Ada"},
                {"push": "Ada", "by": "a = 1\n"},
            ),
        ),
    ),
    Sample(
        "serverless-framework",
        "--template serverless.yml",
        (
            Function(
                "get-account.zip",
                "src/handlers/get_account.handler",
                {"pathParameters": {"id": "5"}},
                {"found": "accounts-dev/5"},
                {"TABLE": "accounts-dev", "TOKEN": "x"},
            ),
            Function(
                "close-account.zip",
                "src/handlers/close_account.handler",
                {"pathParameters": {"id": "5"}},
                {"closed": "accounts-dev/5"},
                {"TABLE": "accounts-dev", "TOKEN": "x"},
            ),
        ),
    ),
    Sample(
        "cdk-app",
        "--template cdk.out/Shop.template.json",
        (
            Function(
                "OrdersHandler.zip",
                "index.handler",
                {"id": "b"},
                {"table": "Shop-Orders", "price": "7 EUR"},
                {"TABLE": "Shop-Orders", "CURRENCY": "EUR"},
            ),
        ),
    ),
)


def copied(name: str, directory: Path) -> Path:
    """A copy of a sample as a Git repository, for the runtime of this Python."""
    copy = directory / name
    shutil.copytree(SAMPLES / name, copy)
    for template in (*copy.glob("*.y*ml"), *copy.glob("cdk.out/*.json")):
        text = template.read_text()
        template.write_text(text.replace(IN_TEMPLATES, RUNTIME))
    return repository(copy)


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: sample.name)
def test_a_project_without_configuration(
    sample: Sample, poetry: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """One line packages it, and what comes out answers."""
    project = copied(sample.name, tmp_path) / sample.project
    assert "package-function" not in (project / "pyproject.toml").read_text()

    done = poetry.package(project, *sample.options.split()).well()

    assert "\n\n\n" not in done.stdout
    layer = None
    if sample.layer:
        layer = tmp_path / "layer.zip"
        options = (*sample.layer.split(), "--layer-output", str(layer))
        poetry.package(project, *options).well()
    archives = {each.archive for each in sample.functions}
    assert archives == {each.name for each in (project / "dist").iterdir()}
    for each in sample.functions:
        archive = project / "dist" / each.archive
        assert {*NEVER}.isdisjoint(names_in(archive))
        assert each.answer == answer(
            archive, each.handler, client_python, each.event, each.env or {}, layer
        )


@pytest.mark.parametrize(
    ("name", "options", "hint"),
    [
        ("chalice-app", "--handler app.app", "by --with dev."),
        ("extras", "--handler report.aws.handler", "by --extras lambda."),
        ("group-a-function", "--template template.yml Push", "by --with push."),
    ],
)
def test_what_a_project_has_apart(
    name: str, options: str, hint: str, poetry: Poetry, tmp_path: Path
) -> None:
    """Of a group or an extra that the handler needs, the error names the option."""
    project = copied(name, tmp_path)

    done = poetry.package(project, *options.split())

    assert 1 == done.status
    assert done.stderr.rstrip().endswith(hint)


def test_all_samples_are_tried() -> None:
    """None is forgotten, and each says what shape it has."""
    names = {each.name for each in SAMPLES.iterdir()}
    assert {sample.name for sample in ALL} == names
    for name in names:
        assert (SAMPLES / name / "README.md").read_text().startswith("# ")
