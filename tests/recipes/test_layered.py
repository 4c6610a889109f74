"""The parts of the pages on AWS that are about layers and several functions."""

from __future__ import annotations

import shutil

from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.projects import names_in
from tests.e2e.projects import sha256
from tests.recipes.aws import BUCKET
from tests.recipes.aws import EMPTY_ZIP
from tests.recipes.aws import aws_commands
from tests.recipes.aws import serving
from tests.recipes.cdk import synthesized
from tests.recipes.greeter import greeter
from tests.recipes.greeter import settings
from tests.recipes.pages import RUNTIME
from tests.recipes.pages import block
from tests.recipes.pages import settings_of
from tests.recipes.sam import greeting
from tests.recipes.sam import sam_commands
from tests.recipes.sam import sam_settings
from tests.recipes.terraform import Terraform
from tests.recipes.terraform import is_there
from tests.recipes.terraform import locals_of
from tests.recipes.terraform import resources


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.recipes.aws import Account
    from tests.recipes.greeter import Greeter


CLI = "aws-cli.md"
FUNCTIONS = f"""
[tool.poetry-plugin-package-function]
runtime = "{RUNTIME}"
report = "dist/{{name}}.json"

[tool.poetry-plugin-package-function.functions.api]
handler = "greeter.handler.handler"

[tool.poetry-plugin-package-function.functions.worker]
handler = "greeter.handler.handler"
exclude = ["py.typed"]  # so that the two are different
"""
needs_terraform = pytest.mark.skipif(
    not is_there(), reason="expressions are evaluated by terraform, which is not here"
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Where functions and layers are."""
    with serving(tmp_path_factory.mktemp("account")) as account:
        yield account


def project(base: Path, account: Account) -> Greeter:
    """The project, not packaged yet, and everything to deploy it with."""
    env = {**account.env, **sam_settings(base)}
    return greeter(base, CLI, aws_commands(), sam_commands(), **env)


@pytest.fixture(scope="module")
def layered(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Greeter:
    """It is packaged with a layer."""
    found = project(tmp_path_factory.mktemp("layered"), account)
    settings(found.directory, settings_of(CLI) + "layer = true\n")
    found.sh("poetry package-function")
    return found


@pytest.fixture(scope="module")
def several(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Greeter:
    """It has two functions, and both are packaged."""
    found = project(tmp_path_factory.mktemp("several"), account)
    settings(found.directory, FUNCTIONS)
    found.sh("poetry package-function")
    return found


def test_cli_with_a_layer(layered: Greeter, account: Account) -> None:
    """A version of the layer is published when there is none like it, and only then."""
    script = block(CLI, "With a layer", "sh")
    account.create_function("greeter", EMPTY_ZIP)

    def published() -> Any:
        layers = account.of_lambda("layers/greeter/versions")["LayerVersions"]
        return [each["LayerVersionArn"] for each in layers]

    def deployed() -> Any:
        said = account.of_lambda("functions/greeter/configuration")
        return [each["Arn"] for each in said["Layers"]], said["CodeSha256"]

    assert "up to date" not in layered.sh(script)
    (layer,) = published()
    assert ([layer], layered.report()["code_sha256"]) == deployed()
    told = account.of_lambda("layers/greeter/versions/1")
    assert (told["CompatibleRuntimes"], told["CompatibleArchitectures"]) == (
        [RUNTIME],
        ["x86_64"],
    )
    assert told["Content"]["CodeSha256"] == layered.report()["layer"]["code_sha256"]
    assert told["Content"]["CodeSha256"] == sha256(layered.archive("greeter-layer"))

    before = layered.report()
    layered.change()
    layered.sh("poetry package-function")
    after = layered.report()
    assert before["layer"]["code_sha256"] == after["layer"]["code_sha256"]
    assert before["code_sha256"] != after["code_sha256"]
    assert "the layer is up to date" in layered.sh(script)
    assert [layer] == published()
    assert ([layer], after["code_sha256"]) == deployed()


def test_cli_with_several_functions(several: Greeter, account: Account) -> None:
    """Each gets the ZIP of its name."""
    names = "api", "worker"
    for name in names:
        account.create_function(name, EMPTY_ZIP)

    several.sh(block(CLI, "Several functions", "sh"))

    built = [several.report(name)["code_sha256"] for name in names]
    assert built[0] != built[1]
    assert built == [
        account.of_lambda(f"functions/{name}/configuration")["CodeSha256"]
        for name in names
    ]


def arguments(configuration: str, type_: str) -> dict[str, str]:
    """What is given to the only resource of a type, without what it has of others."""
    (found,) = (
        each.arguments for each in resources(configuration) if each.type == type_
    )
    return {name: value for name, value in found.items() if "aws_" not in str(value)}


@needs_terraform
def test_terraform_with_a_layer(layered: Greeter) -> None:
    """Function and layer have the hashes of their ZIPs, as Terraform computes them."""
    configuration = block("terraform.md", "With a layer", "hcl")
    terraform = Terraform(layered.directory)

    layer = terraform.values(
        locals_of(configuration),
        {
            **arguments(configuration, "aws_lambda_layer_version"),
            "own_hash": 'filebase64sha256("dist/greeter-layer.zip")',
        },
    )
    function = terraform.values(
        locals_of(configuration),
        {
            **arguments(configuration, "aws_lambda_function"),
            "own_hash": 'filebase64sha256("dist/greeter.zip")',
        },
    )

    assert layer["own_hash"] == layer["source_code_hash"]
    assert "./dist/greeter-layer.zip" == layer["filename"]
    assert [RUNTIME] == layer["compatible_runtimes"]
    assert ["x86_64"] == layer["compatible_architectures"]
    assert function["own_hash"] == function["source_code_hash"]
    assert "greeter.handler.handler" == function["handler"]


@needs_terraform
def test_terraform_with_several_functions(several: Greeter) -> None:
    """Each resource has what belongs to its function."""
    configuration = block("terraform.md", "Several functions", "hcl")
    given = arguments(configuration, "aws_lambda_function")
    each = given.pop("for_each")
    pairs = ", ".join(f"{name} = {value}" for name, value in given.items())
    # Terraform has `each.key` where a resource has for_each; an expression has names.
    body = pairs.replace("each.key", "key").replace("each.value", "value")

    said = Terraform(several.directory).values(
        locals_of(configuration),
        {"functions": f"{{for key, value in {each} : key => {{{body}}}}}"},
    )["functions"]

    assert {"api", "worker"} == set(said)
    for name, function in said.items():
        assert (name, f"./dist/{name}.zip") == (
            function["function_name"],
            function["filename"],
        )
        assert sha256(several.archive(name)) == function["source_code_hash"]


def test_sam_with_a_layer(layered: Greeter, account: Account) -> None:
    """Both ZIPs are uploaded as they are."""
    template = block("aws-sam.md", "With a layer", "yaml")
    (layered.directory / "template.yaml").write_text(template)

    packaged = layered.sh(f"sam package --s3-bucket {BUCKET}")

    for name, key in (("greeter", "CodeUri"), ("greeter-layer", "ContentUri")):
        (uri,) = (line for line in packaged.splitlines() if f" {key}: " in line)
        _, _, stored = uri.partition(f"s3://{BUCKET}/")
        content = account.ask("s3", "GET", f"/{BUCKET}/{stored}")
        assert content == layered.archive(name).read_bytes()


def test_sam_builds_function_and_layer(account: Account, tmp_path: Path) -> None:
    """What it has built runs: the layer's libraries are where Lambda looks for them."""
    if shutil.which("unzip") is None:
        pytest.skip("the Makefile takes `unzip`")
    found = project(tmp_path, account)
    heading = "With a layer, built by SAM"
    for name, under, language in (
        ("template.yaml", heading, "yaml"),
        ("Makefile", heading, "make"),
        ("samconfig.toml", "Built by SAM", "toml"),
    ):
        (found.directory / name).write_text(block("aws-sam.md", under, language))

    found.sh("sam build")

    built = found.directory / ".aws-sam" / "build"
    assert not (built / "Greeter" / "pydantic").exists()
    assert "Hello, SAM!" == greeting(built / "Greeter", built / "Dependencies")


def test_sam_builds_several_functions(several: Greeter, tmp_path: Path) -> None:
    """A target makes the function that it is called after."""
    if shutil.which("unzip") is None:
        pytest.skip("the Makefile takes `unzip`")
    (several.directory / "Makefile").write_text(
        block("aws-sam.md", "Several functions", "make")
    )

    several.sh("make build-Worker", ARTIFACTS_DIR=str(tmp_path))

    assert names_in(several.archive("worker")) == sorted(
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob("*")
        if path.is_file()
    )


def test_cdk_with_a_layer(layered: Greeter, tmp_path: Path) -> None:
    """Both assets are the ZIPs, and the function has the layer."""
    app = block("aws-cdk.md", "With a layer", "python")

    stack = synthesized(layered, app, tmp_path)

    (function,) = stack.of_type("AWS::Lambda::Function").values()
    ((name, layer),) = stack.of_type("AWS::Lambda::LayerVersion").items()
    zips = layered.archive("greeter"), layered.archive("greeter-layer")
    assert stack.asset(function["Code"]) == zips[0].read_bytes()
    assert stack.asset(layer["Content"]) == zips[1].read_bytes()
    assert [{"Ref": name}] == function["Layers"]
    assert [RUNTIME] == layer["CompatibleRuntimes"]
    assert ["x86_64"] == layer["CompatibleArchitectures"]


def test_cdk_with_several_functions(several: Greeter, tmp_path: Path) -> None:
    """Each function has the ZIP of its name."""
    app = block("aws-cdk.md", "Several functions", "python")

    stack = synthesized(several, app, tmp_path)

    functions = stack.of_type("AWS::Lambda::Function").values()
    assert {"api", "worker"} == {each["FunctionName"] for each in functions}
    for each in functions:
        archive = several.archive(each["FunctionName"])
        assert stack.asset(each["Code"]) == archive.read_bytes()
