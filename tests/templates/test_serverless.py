"""The Serverless Framework: defaults, variables, and code of a function's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.templates.declaring import declared
from tests.templates.declaring import refused
from tests.templates.declaring import values


if TYPE_CHECKING:
    from pathlib import Path


SERVERLESS = """\
org: shop
service: orders
frameworkVersion: "4"
configValidationMode: error

provider:
  name: aws
  runtime: python3.13
  architecture: arm64
  stage: ${opt:stage, "dev"}
  region: us-east-1
  memorySize: 512
  layers:
    - arn:aws:lambda:us-east-1:017000801446:layer:Powertools:4
  environment:
    SERVICE: ${self:service}
    STAGE: ${self:provider.stage}
    TOKEN: ${env:TOKEN, 'none'}
    SECRET: ${ssm:/orders/secret}
    LEVEL: ${self:custom.stages.${self:provider.stage}.level}
    QUEUE:
      Ref: Queue
  iam:
    role:
      statements: ${file(config/iam.yml):${self:provider.stage}.statements}

plugins:
  - serverless-python-requirements

package:
  individually: true
  patterns: ["!./**"]

custom:
  pythonRequirements: { dockerizePip: non-linux, slim: true }
  stages:
    dev: { level: DEBUG, memory: 1024 }
    prod: { level: INFO, memory: 2048 }
  table: ${self:service}-orders-${self:provider.stage}
  own: ${file(./config/own.yml):names}
  circle: ${self:custom.circle}
  half: ${self:custom.ghost}-x

functions:
  list_orders:
    handler: src.orders.entrypoints.list_handler.handler
    memorySize: ${self:custom.stages.${opt:stage, 'dev'}.memory}
    ephemeralStorageSize: 1024
    events:
      - httpApi: { method: GET, path: /orders }
    environment:
      TABLE: ${self:custom.table}
      OWN: ${self:custom.own.0}
      CIRCLE: ${self:custom.circle}
      HALF: ${self:custom.half}
      LATER: ${self:custom.ghost, 'else'}
      LITERAL: $HOME
  hello-user:
    handler: handler.hello
    runtime: python3.12
    architecture: x86_64
    module: functions/hello
    layers: []
    package: { artifact: dist/hello.zip }
  site:
    handler: index.handler
    runtime: nodejs22.x
  container:
    image: { name: app }
"""
FILES = {"config/own.yml": "names: [first, second]\n", "functions/hello/handler.py": ""}


def test_functions_of_a_service(tmp_path: Path) -> None:
    """The provider says what holds for all; variables are looked up in the file."""
    found = declared(tmp_path, "serverless.yml", SERVERLESS, FILES)
    assert ["list_orders", "hello-user"] == [*found]
    orders, hello = found.values()
    assert {
        "handler": "src.orders.entrypoints.list_handler.handler",
        "runtime": "python3.13",
        "architecture": "arm64",
        "memory-size": "1024",
        "timeout": "6",
        "ephemeral-storage": "1024",
        "environment": {
            "SERVICE": "orders",
            "STAGE": "dev",
            "LEVEL": "DEBUG",
            "TABLE": "orders-orders-dev",
            "OWN": "first",
            "LATER": "else",
            "LITERAL": "$HOME",
        },
    } == orders.values
    assert {"TOKEN", "SECRET", "QUEUE", "CIRCLE", "HALF"} == orders.unknown_variables
    assert {
        "handler": "handler.hello",
        "runtime": "python3.12",
        "architecture": "x86_64",
        "memory-size": "512",
        "timeout": "6",
        "output": str(tmp_path / "dist/hello.zip"),
        "environment": {"SERVICE": "orders", "STAGE": "dev", "LEVEL": "DEBUG"},
    } == hello.values
    assert (1, 0) == (orders.layers, hello.layers)
    assert tmp_path == orders.code_dir
    assert tmp_path / "functions/hello" == hello.code_dir
    line = SERVERLESS.splitlines().index("  hello-user:") + 1
    assert f"serverless.yml, line {line}" == hello.place


def service(functions: str, more: str = "") -> str:
    return (
        "service: s\nprovider: { name: aws, runtime: python3.13 }\n"
        f"{more}\nfunctions: {functions}\n"
    )


@pytest.mark.parametrize(
    "functions",
    [
        "{ a: { handler: a.b } }",
        "[{ a: { handler: a.b } }]",
        "['${file(functions.yml)}', { c: { handler: c.d, runtime: go1.x } }]",
        "${file(functions.yml)}",
        "${file( ./functions.yml ):}",
        "${self:custom.functions}",
    ],
)
def test_where_functions_are(tmp_path: Path, functions: str) -> None:
    """In the file, in a list, in another file, or elsewhere in this one."""
    files = {"functions.yml": "a: { handler: a.b }\n"}
    text = service(functions, "custom: { functions: { a: { handler: a.b } } }")
    found = declared(tmp_path, "serverless.yml", text, files)
    expected = {"handler": "a.b", "runtime": "python3.13", "timeout": "6"}
    assert expected == found["a"].values


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${self:custom.number}", "300"),
        ("${self:custom.map}", None),
        ("${self:custom}", None),
        ("a${self:custom.map}", None),
        ("${self:}", None),
        ("${opt:memory}", None),
        ("${opt:memory, 256}", "256"),
        ("${opt:memory, self:custom.number}", "300"),
        ("${env:MEMORY, 256}", None),
        ("${cf:stack.output}", None),
        ("${param:memory}", None),
        ("${file(nothing.yml):a}", None),
        ("${file(broken.yml):a}", None),
        ("${file(memory.js):a}", None),
        ("${self:custom.list.1}", "600"),
        ("${self:custom.list.7}", None),
        ("${self:custom.${self:custom.name}}", "300"),
        ("${", None),
        ("${a", None),
        ("${}", None),
        ("${self:custom.first}", None),
        ("${self:custom.${sls:stage}}", "700"),
        ("${self:custom.${opt:stage, self:provider.stage}}", "700"),
    ],
)
def test_variables(tmp_path: Path, value: str, expected: str | None) -> None:
    """What the file says is known; the command line is its default; no more is."""
    custom = (
        "custom: { number: 300, name: number, dev: 700, list: [500, 600],"
        ' map: { a: 1 }, first: "${self:custom.second}",'
        ' second: "${self:custom.first}" }'
    )
    text = service(f"{{ a: {{ memorySize: '{value}' }} }}", custom)
    files = {"broken.yml": "a: [", "memory.js": "a: 1"}
    found = declared(tmp_path, "serverless.yml", text, files)["a"].values
    assert expected == found.get("memory-size")


def test_variables_of_variables_take_no_longer(tmp_path: Path) -> None:
    """However many there would be if each was followed by itself."""
    names = [f"a{number}" for number in range(50)]
    everything = ", ".join(f'{name}: "${{self:custom}}"' for name in names)
    custom = f"custom: {{ {everything}, b: '$${{self:custom.c}}', c: '{{self:b}}' }}"
    text = service("{ f: { memorySize: '${self:custom.a0.a1.a2}' } }", custom)
    expected = {"f": {"runtime": "python3.13", "timeout": "6"}}
    assert expected == values(tmp_path, "serverless.yml", text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "service: s\nprovider: { name: google }\nfunctions: {}\n",
            "serverless.yml is no template that is known: ",
        ),
        (
            "service: s\nprovider: { name: aws }\n",
            "serverless.yml is no template that is known: ",
        ),
        (
            "service: s\nprovider: { name: aws }\nfunctions: { a: { handler: a.b } }\n",
            "has no function of Python whose code is a ZIP; it has a (without a",
        ),
        (
            service("${file(functions.js)}"),
            "has no function of Python whose code is a ZIP, nor any other.",
        ),
        (
            service("{ a b: {} }"),
            "serverless.yml: 'a b' cannot be a function's name: it has more than",
        ),
    ],
)
def test_a_service_without_functions_of_ours(
    tmp_path: Path, text: str, problem: str
) -> None:
    """Another cloud's, none, another language's, or those that a program makes."""
    assert problem in refused(tmp_path, "serverless.yml", text)


def test_provider_in_short(tmp_path: Path) -> None:
    """`provider: aws` is all that some say; runtimes are with the functions."""
    text = "provider: aws\nfunctions: { a: { handler: a.b, runtime: python3.13 } }\n"
    expected = {"handler": "a.b", "runtime": "python3.13", "timeout": "6"}
    assert {"a": expected} == values(tmp_path, "serverless.yml", text)
