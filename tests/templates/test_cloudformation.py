"""AWS SAM and CloudFormation, in the shapes that people's templates have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.templates.template import read_template
from tests.templates.declaring import declared
from tests.templates.declaring import refused
from tests.templates.declaring import values
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


SAM = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: >
  orders

  What a shop has.

Parameters:
  Stage:
    Type: String
    Default: dev
    AllowedValues: [dev, prod]
  Memory:
    Type: Number
    Default: 256
  Sender:
    Type: String
  ApiKey:
    Type: AWS::SSM::Parameter::Value<String>
    Default: /orders/api-key

Mappings:
  Levels:
    dev: { Log: DEBUG }
    prod: { Log: INFO }

Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  HasKey: !Not [!Equals [!Ref ApiKey, ""]]

Globals:
  Function:
    Runtime: python3.13
    Timeout: 15
    MemorySize: !Ref Memory
    Architectures: [arm64]
    Tracing: Active
    Layers:
      - !Sub arn:aws:lambda:${AWS::Region}:017000801446:layer:Powertools:1
    Environment:
      Variables:
        STAGE: !Ref Stage
        POWERTOOLS_SERVICE_NAME: orders
        DEBUG: false

Resources:
  Table:
    Type: AWS::Serverless::SimpleTable

  GetOrder:
    Type: AWS::Serverless::Function # with all that can be said
    Condition: IsProd
    Metadata:
      BuildMethod: python3.13
    Properties:
      FunctionName: !Sub "${AWS::StackName}-get-order"
      CodeUri: functions/get_order/
      Handler: app.lambda_handler
      EphemeralStorage:
        Size: 1024
      Policies:
        - DynamoDBReadPolicy: { TableName: !Ref Table }
        - Statement:
            - Effect: Allow
              Action: [ssm:GetParameter]
              Resource:
                - !Join ["", [!Sub "arn:${AWS::Partition}:ssm", ":*"]]
      Events:
        Get:
          Type: HttpApi
          Properties: { Path: "/orders/{id}", Method: GET }
      Layers: [!Ref Shared]
      Environment:
        Variables:
          TABLE: !Ref Table
          TABLE_ARN: !GetAtt Table.Arn
          NAME: !Sub "orders-${Stage}"
          URL: !Sub ["https://${Host}/${Stage}", { Host: example.com }]
          LITERAL: !Sub "${!NotAVariable}"
          LEVEL: !FindInMap [Levels, !Ref Stage, Log]
          KEY: !Ref ApiKey
          SENDER: !Ref Sender
          SECRET: "{{resolve:secretsmanager:orders:SecretString:key}}"
          OTHER:
            Fn::If: [IsProd, a, !Ref "AWS::NoValue"]
          VERSION: 1.10
          EMPTY: ""

  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/worker
      Handler: app.lambda_handler
      Runtime: python3.12
      MemorySize: !If [IsProd, 1024, 512]
      Architectures: [x86_64]
      Environment:
        Variables: { STAGE: worker }

  Site: { Type: AWS::Serverless::Function, Properties: { Runtime: nodejs22.x } }

  Image:
    Type: AWS::Serverless::Function
    Properties: { PackageType: Image, Runtime: !Ref "AWS::NoValue" }
    Metadata: { Dockerfile: Dockerfile, DockerContext: . }

Outputs:
  Arn:
    Value: !GetAtt GetOrder.Arn
"""
FILES = {
    "functions/get_order/app.py": "",
    "functions/worker/app.py": "",
}


def test_functions_of_sam(tmp_path: Path) -> None:
    """Globals and a function's own are added up; what is literal is taken."""
    found = declared(tmp_path, "template.yaml", SAM, FILES)
    assert ["GetOrder", "Worker"] == [*found]
    order, worker = found.values()
    assert {
        "handler": "app.lambda_handler",
        "runtime": "python3.13",
        "architecture": "arm64",
        "memory-size": "256",
        "timeout": "15",
        "ephemeral-storage": "1024",
        "environment": {
            "STAGE": "dev",
            "POWERTOOLS_SERVICE_NAME": "orders",
            "DEBUG": "false",
            "NAME": "orders-dev",
            "URL": "https://example.com/dev",
            "LITERAL": "${NotAVariable}",
            "VERSION": "1.10",
            "EMPTY": "",
        },
    } == order.values
    assert {
        *("TABLE", "TABLE_ARN", "LEVEL", "KEY", "SENDER", "SECRET", "OTHER"),
    } == order.unknown_variables
    assert {
        "handler": "app.lambda_handler",
        "runtime": "python3.12",
        "architecture": "x86_64",
        "timeout": "15",
        "environment": {
            "STAGE": "worker",
            "POWERTOOLS_SERVICE_NAME": "orders",
            "DEBUG": "false",
        },
    } == worker.values
    assert (2, 1) == (order.layers, worker.layers)
    assert tmp_path / "functions/get_order" == order.code_dir
    assert tmp_path / "functions/worker" == worker.code_dir
    lines = SAM.splitlines()
    line = lines.index("  Worker:") + 1
    assert f"template.yaml, line {line}" == worker.place


def function(properties: str, kind: str = "AWS::Serverless::Function") -> str:
    return f"""\
Parameters:
  Arch: {{ Type: String, Default: arm64 }}
Resources:
  F:
    Type: {kind}
    Properties:
      Handler: a.b
      {properties}
"""


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("Runtime: python3.13", {"runtime": "python3.13"}),
        ("Runtime: !FindInMap [A, b, c]", {}),
        ("Architectures: [!Ref Arch]", {"architecture": "arm64"}),
        ("Architectures: !Ref Arches", {}),
        ("Architectures: []", {}),
        ("MemorySize: '512'", {"memory-size": "512"}),
        ("MemorySize: !Ref Unknown", {}),
        ("MemorySize: {Ref: Arch, Fn::Sub: a}", {}),
        ("EphemeralStorage: !If [A, {Size: 600}, {Size: 700}]", {}),
        ("Environment: {}", {}),
        ("Environment: !If [A, {}, {}]", {}),
        ("Environment: {Variables: !If [A, {B: c}, {}]}", {}),
        ("Environment: {Variables: {A: }}", {}),
        ("CodeUri: s3://bucket/key.zip", {}),
        ("CodeUri: { Bucket: b, Key: k }", {}),
        ("CodeUri: !Ref Somewhere", {}),
        ("Layers: []", {}),
    ],
)
def test_what_is_no_literal_is_left_out(
    tmp_path: Path, properties: str, expected: dict[str, str]
) -> None:
    """Nothing is guessed."""
    found = values(tmp_path, "t.yaml", function(properties))
    assert {"F": {"handler": "a.b", **expected}} == found


def test_layers_that_are_known_later_are_layers(tmp_path: Path) -> None:
    """At least one, as far as anybody knows."""
    text = function("Layers: !If [A, [b], []]")
    assert 1 == declared(tmp_path, "t.yaml", text)["F"].layers


@pytest.mark.parametrize("code", ["src", "./src/", "other/../src"])
@pytest.mark.parametrize(
    ("kind", "key"),
    [("AWS::Serverless::Function", "CodeUri"), ("AWS::Lambda::Function", "Code")],
)
def test_where_the_code_is(tmp_path: Path, code: str, kind: str, key: str) -> None:
    """As `sam build` and `aws cloudformation package` take it: by the template."""
    text = function(f"{key}: {code}", kind)
    files = {"deploy/src/a.py": "", "src/b.py": ""}
    found = declared(tmp_path, "deploy/template.yaml", text, files)["F"]
    assert tmp_path / "deploy/src" == found.code_dir
    assert "output" not in found.values


def test_functions_of_several_projects(tmp_path: Path) -> None:
    """Those are taken whose code is in this project, if some are, or may be."""
    text = """\
Resources:
  Shop: { Type: AWS::Serverless::Function, Properties: { CodeUri: shop/src } }
  Mail: { Type: AWS::Serverless::Function, Properties: { CodeUri: mail } }
  All: { Type: AWS::Serverless::Function, Properties: { CodeUri: . } }
  Some: { Type: AWS::Serverless::Function, Properties: { CodeUri: s3://b/k } }
"""
    files = {"shop/src/a.py": "", "mail/a.py": "", "other/a.py": "", "t.yaml": text}
    path = write_files(tmp_path, files) / "t.yaml"

    def found(project: str) -> list[str]:
        return [*read_template(path, tmp_path / project).functions]

    assert ["Shop", "All", "Some"] == found("shop")
    assert ["Mail", "All", "Some"] == found("mail")
    assert ["Shop", "Mail", "All", "Some"] == found("other") == found(".")


def test_code_that_is_not_there(tmp_path: Path) -> None:
    """A directory that is missing is no place to look."""
    found = declared(tmp_path, "template.yaml", function("CodeUri: src"))["F"]
    assert found.code_dir is None


def test_an_archive_is_where_the_result_goes(tmp_path: Path) -> None:
    """Each function that has one of its own."""
    text = function("CodeUri: ../out/f.zip")
    found = declared(tmp_path, "deploy/template.yaml", text)["F"]
    assert str(tmp_path / "deploy/../out/f.zip") == found.values["output"]
    assert found.code_dir is None
    both = text + text.partition("Resources:\n")[2].replace("  F:", "  G:")
    found = declared(tmp_path, "deploy/template.yaml", both)["G"]
    assert "output" not in found.values


@pytest.mark.parametrize(
    ("kind", "properties", "what"),
    [
        ("AWS::Lambda::Function", "Runtime: nodejs22.x", "F (nodejs22.x)"),
        ("AWS::Lambda::Function", "Code: {ImageUri: x}", "F (an image)"),
        ("AWS::Lambda::Function", "PackageType: Image", "F (an image)"),
        ("AWS::Serverless::Function", "ImageUri: x", "F (an image)"),
        ("AWS::Lambda::Function", "Code: {ZipFile: x}", "F (code in the template)"),
        ("AWS::Serverless::Function", "InlineCode: x", "F (code in the template)"),
    ],
)
def test_functions_that_are_none_of_ours(
    tmp_path: Path, kind: str, properties: str, what: str
) -> None:
    """If there is no other, that is an error, which says what they are."""
    problem = refused(tmp_path, "t.yaml", function(properties, kind))
    assert (
        f"t.yaml has no function of Python whose code is a ZIP; it has {what}."
        == problem
    )


def test_many_that_are_none_of_ours(tmp_path: Path) -> None:
    """The first are named."""
    other = "{ Type: AWS::Lambda::Function, Properties: { Runtime: go1.x } }"
    resources = "".join(f"  F{number}: {other}\n" for number in range(1007))
    problem = refused(tmp_path, "t.yaml", f"Resources:\n{resources}")
    assert problem.endswith("F3 (go1.x), F4 (go1.x) and 1,002 more.")


def test_a_template_without_functions(tmp_path: Path) -> None:
    """Or with nothing that is one, whatever else is there."""
    text = """\
Globals: { Function: none }
Parameters: [a]
Resources:
  A: { Type: AWS::S3::Bucket }
  B: c
  Fn::ForEach::D: [E, [f], { "${E}": { Type: AWS::Lambda::Function } }]
"""
    problem = refused(tmp_path, "t.yaml", text)
    assert "t.yaml has no function of Python whose code is a ZIP, nor any other." == (
        problem
    )


@pytest.mark.parametrize(
    "properties", ["", "Properties:", "Properties: a", "Metadata: a"]
)
def test_a_function_of_which_nothing_is_said(tmp_path: Path, properties: str) -> None:
    """It is one of ours until something says that it is another's."""
    text = f"Resources:\n  F:\n    Type: AWS::Lambda::Function\n    {properties}\n"
    assert {"F": {}} == values(tmp_path, "t.yaml", text)


def test_intrinsic_functions_are_not_added_up(tmp_path: Path) -> None:
    """A function's own takes the place of the one for all."""
    text = """\
Parameters:
  A: { Type: Number, Default: 512 }
  B: { Type: Number, Default: 1024 }
Globals: { Function: { MemorySize: !Ref A, Environment: { Variables: !Ref A } } }
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: { MemorySize: !Ref B, Environment: { Variables: { C: d } } }
"""
    assert {"F": {"memory-size": "1024", "environment": {"C": "d"}}} == (
        values(tmp_path, "t.yaml", text)
    )
