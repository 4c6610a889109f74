"""What the CDK synthesizes: JSON, names with a hash, assets in place of directories."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.templates.declaring import declared
from tests.templates.declaring import refused


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


TEMPLATE = "cdk.out/Shop.template.json"
ASSET = "asset.121bd1015c718f11470ee4f7750028d48d0f96e49fef7e4751df1759cfeb6f06"
ZIPPED = f"{ASSET}.zip"


def function(path: str, asset: str = ASSET, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Architectures": ["arm64"],
            "Code": {
                "S3Bucket": {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}"},
                "S3Key": "121bd1015c71.zip",
            },
            "Environment": {
                "Variables": {"TABLE": {"Ref": "Table9F1"}, "LEVEL": "INFO"}
            },
            "Handler": "index.handler",
            "MemorySize": 512,
            "Role": {"Fn::GetAtt": ["RoleC555A460", "Arn"]},
            "Runtime": "python3.13",
            **properties,
        },
        "DependsOn": ["RoleC555A460"],
        "Metadata": {
            "aws:cdk:path": path,
            "aws:asset:path": asset,
            "aws:asset:is-bundled": False,
            "aws:asset:property": "Code",
        },
    }


def synthesized(**resources: Mapping[str, Any]) -> str:
    template = {
        "Resources": {
            "RoleC555A460": {"Type": "AWS::IAM::Role"},
            **resources,
            "CDKMetadata": {"Type": "AWS::CDK::Metadata"},
        },
        "Parameters": {
            "BootstrapVersion": {
                "Type": "AWS::SSM::Parameter::Value<String>",
                "Default": "/cdk-bootstrap/hnb659fds/version",
            }
        },
        "Rules": {"CheckBootstrapVersion": {"Assertions": []}},
    }
    return json.dumps(template, indent=1)


def test_a_function_of_a_stack(tmp_path: Path) -> None:
    """All as in a template that people write; the name is without the CDK's hash."""
    text = synthesized(ApiHandler2E4FBA4D=function("Shop/Api/Handler/Resource"))
    found = declared(tmp_path, TEMPLATE, text)
    assert ["ApiHandler"] == [*found]
    assert {
        "handler": "index.handler",
        "runtime": "python3.13",
        "architecture": "arm64",
        "memory-size": "512",
        "environment": {"LEVEL": "INFO"},
    } == found["ApiHandler"].values
    assert {"TABLE"} == found["ApiHandler"].unknown_variables
    assert TEMPLATE == found["ApiHandler"].place


def test_names_stay_as_they_are_where_they_have_to(tmp_path: Path) -> None:
    """If they would be the same, or are no name of the CDK's."""
    own = function("Shop/X/Resource")
    del own["Metadata"]
    text = synthesized(
        Api2E4FBA4D=function("Shop/Api/Resource"),
        Api11111111=function("Shop/Ap-i/Resource"),
        Worker22222222=own,
        AAAAAAAA=function("Shop/Overridden"),
        Once33333333=function("Shop/Once/Resource"),
        Once=own,
    )
    assert [
        *("Api2E4FBA4D", "Api11111111", "Worker22222222", "AAAAAAAA"),
        *("Once33333333", "Once"),
    ] == [*declared(tmp_path, TEMPLATE, text)]


def test_the_cdks_own_functions_are_not_ours(tmp_path: Path) -> None:
    """It deploys some to do its work, of Python, too."""
    text = synthesized(
        CustomCDKBucketDeployment8693BB64=function("Shop/Custom::CDKBucketDeployment8"),
        Notifications050A0587=function(
            "Shop/BucketNotificationsHandler/Resource", Code={"ZipFile": "import x"}
        ),
    )
    problem = refused(tmp_path, TEMPLATE, text)
    assert "CustomCDKBucketDeployment (the CDK's own)" in problem
    assert "Notifications (code in the template)" in problem


def test_the_directory_that_an_asset_is_a_copy_of(tmp_path: Path) -> None:
    """It is the one that has the same module at the same place."""
    text = synthesized(
        A11111111=function("Shop/A", "asset.a"), B11111111=function("Shop/B", "asset.b")
    )
    files = {
        "cdk.out/asset.a/index.py": "a = 1",
        "cdk.out/asset.b/index.py": "b = 1",
        "lambdas/a/index.py": "a = 1",
        "lambdas/b/index.py": "b = 1",
        ".venv/index.py": "a = 1",
        "env/pyvenv.cfg": "",
        "env/lib/index.py": "a = 1",
        "node_modules/x/index.py": "a = 1",
        "build/index.py": "b = 1",
    }
    found = declared(tmp_path, TEMPLATE, text, files)
    assert tmp_path / "lambdas/a" == found["A"].code_dir
    assert tmp_path / "lambdas/b" == found["B"].code_dir


@pytest.mark.parametrize(
    ("handler", "files", "expected"),
    [
        ("app/web.main.f", {"app/web/main.py": "1"}, "src"),
        ("app.f", {"app/__init__.py": "1"}, "src"),
        ("index.f", {"app.py": "1"}, None),
        ("index", {"index.py": "1"}, None),
        ("", {"index.py": "1"}, None),
    ],
)
def test_where_the_module_of_a_handler_is(
    tmp_path: Path, handler: str, files: Mapping[str, str], expected: str | None
) -> None:
    """As Lambda reads a handler."""
    text = synthesized(A11111111=function("Shop/A", Handler=handler))
    copies = {f"cdk.out/{ASSET}/{name}": content for name, content in files.items()}
    there = {f"src/{name}": content for name, content in files.items()}
    found = declared(tmp_path, TEMPLATE, text, {**copies, **there})["A"].code_dir
    assert (expected and tmp_path / expected) == found


@pytest.mark.parametrize(
    ("asset", "files"),
    [
        (ASSET, {"a/index.py": "same", "b/index.py": "same"}),
        (ASSET, {"a/index.py": "changed since"}),
        (ASSET, {}),
        (ZIPPED, {"a/index.py": "same"}),
        ("asset.gone", {"a/index.py": "same"}),
    ],
)
def test_a_directory_that_cannot_be_known(
    tmp_path: Path, asset: str, files: Mapping[str, str]
) -> None:
    """Several or none: it is looked for as if nothing was said."""
    text = synthesized(A11111111=function("Shop/A", asset))
    copies = {f"cdk.out/{ASSET}/index.py": "same", f"cdk.out/{ZIPPED}": "a ZIP"}
    assert declared(tmp_path, TEMPLATE, text, {**copies, **files})["A"].code_dir is None


def test_assets_that_are_not_copied(tmp_path: Path) -> None:
    """With `cdk synth --no-staging` they are the directories themselves."""
    text = synthesized(A11111111=function("Shop/A", "../lambdas/a"))
    files = {"lambdas/a/index.py": ""}
    found = declared(tmp_path, TEMPLATE, text, files)
    assert tmp_path / "lambdas/a" == found["A"].code_dir
