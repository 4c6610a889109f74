"""docs/recipes/terraform.md, as far as it goes without a provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import sha256
from tests.recipes.greeter import Greeter
from tests.recipes.greeter import greeter
from tests.recipes.pages import RUNTIME
from tests.recipes.pages import Block
from tests.recipes.pages import block
from tests.recipes.pages import blocks
from tests.recipes.pages import headings
from tests.recipes.pages import title
from tests.recipes.terraform import META_ARGUMENTS
from tests.recipes.terraform import Terraform
from tests.recipes.terraform import is_there
from tests.recipes.terraform import locals_of
from tests.recipes.terraform import resources
from tests.recipes.terraform import schema


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any


PAGE = "terraform.md"
CONFIGURATIONS = [each for each in blocks(PAGE) if each.language == "hcl"]
each_configuration = pytest.mark.parametrize(
    "configuration", CONFIGURATIONS, ids=[each.heading for each in CONFIGURATIONS]
)
needs_terraform = pytest.mark.skipif(
    not is_there(), reason="expressions are evaluated by terraform, which is not here"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Greeter:
    """The project, packaged."""
    project = greeter(tmp_path_factory.mktemp("terraform"), PAGE)
    project.sh("poetry package-function")
    return project


def test_every_part_of_the_page_is_run() -> None:
    """Here, or in test_layered.py."""
    assert headings(PAGE) == {
        title(PAGE),
        "The package comes first",
        "The function",
        "More than 50 MB",
        "With a layer",
        "Several functions",
    }


@each_configuration
def test_arguments(configuration: Block) -> None:
    """The provider knows each of them, and none is missing that it asks for."""
    known = schema()
    found = resources(configuration.text)
    assert "aws_lambda_function" in {each.type for each in found}

    def check(name: str, arguments: Mapping[str, Any]) -> None:
        given = set(arguments) - META_ARGUMENTS
        required = {key for key, is_required in known[name].items() if is_required}
        assert given <= set(known[name]), name
        assert required <= given, name
        for key, value in arguments.items():
            if isinstance(value, dict) and key not in META_ARGUMENTS:
                check(f"{name}.{key}", value)

    for each in found:
        check(each.type, each.arguments)


def test_an_argument_that_is_wrong() -> None:
    """The check above can fail."""
    (resource,) = resources('resource "aws_lambda_function" "f" {\n zip = "a"\n}\n')

    assert {"zip"} == set(resource.arguments) - set(schema()[resource.type])


@needs_terraform
@each_configuration
def test_layout(configuration: Block, tmp_path: Path) -> None:
    """`terraform fmt` has nothing to say."""
    done = Terraform(tmp_path)("fmt", "-check", "-diff", "-", text=configuration.text)

    assert (0, "") == (done.returncode, done.stdout)


def function_of(configuration: str) -> Mapping[str, Any]:
    """The arguments of the function."""
    (found,) = (
        each.arguments
        for each in resources(configuration)
        if each.type == "aws_lambda_function"
    )
    return found


@needs_terraform
def test_values(built: Greeter) -> None:
    """What Lambda gets is what has been built; Terraform's own hash is the same."""
    configuration = block(PAGE, "The function", "hcl")
    function = function_of(configuration)
    names = "filename", "source_code_hash", "runtime", "architectures", "handler"

    said = Terraform(built.directory).values(
        locals_of(configuration),
        {
            **{name: function[name] for name in names},
            "size": function["ephemeral_storage"]["size"],
            "own_hash": 'filebase64sha256("dist/greeter.zip")',
        },
    )

    report = built.report()
    assert {
        "filename": "./dist/greeter.zip",
        "source_code_hash": report["code_sha256"],
        "own_hash": sha256(built.archive()),
        "runtime": RUNTIME,
        "architectures": ["x86_64"],
        "handler": "greeter.handler.handler",
        "size": 512,
    } == said
    assert said["own_hash"] == said["source_code_hash"]


@needs_terraform
@pytest.mark.parametrize(
    ("tmp_bytes", "size"),
    [(1 << 20, 512), (496 << 20, 512), ((496 << 20) + 1, 513), (1 << 30, 1040)],
)
def test_storage_of_a_nested_result(tmp_path: Path, tmp_bytes: int, size: int) -> None:
    """It is what the console's warning asks for."""
    function = function_of(block(PAGE, "The function", "hcl"))
    report = f"locals {{\n  report = {{ nested = {{ tmp_bytes = {tmp_bytes} }} }}\n}}\n"

    said = Terraform(tmp_path).values(report, function["ephemeral_storage"])

    assert {"size": size} == said


@needs_terraform
def test_through_a_bucket(built: Greeter) -> None:
    """The object is named by its content."""
    configuration = block(PAGE, "More than 50 MB", "hcl")
    (stored,) = (
        each.arguments
        for each in resources(configuration)
        if each.type == "aws_s3_object"
    )
    names = "key", "source", "source_hash"

    said = Terraform(built.directory).values(
        locals_of(configuration), {name: stored[name] for name in names}
    )

    digest = built.report()["sha256"]
    assert f"greeter/{digest}.zip" == said["key"]
    assert ("./dist/greeter.zip", digest) == (said["source"], said["source_hash"])


# Stands for the function: it is the one resource that Terraform has without a provider.
STAND_IN = """
resource "terraform_data" "function" {
  input = local.report.code_sha256
}
"""


@needs_terraform
def test_a_plan_is_empty_when_nothing_has_changed(tmp_path: Path) -> None:
    """The package is made again before each plan, as the page has it."""
    project = greeter(tmp_path, PAGE)
    configuration = locals_of(block(PAGE, "The function", "hcl")) + STAND_IN
    (project.directory / "main.tf").write_text(configuration)
    (project.directory / "Makefile").write_text(
        block(PAGE, "The package comes first", "make")
    )
    terraform = Terraform(project.directory)
    assert terraform("init").returncode == 0

    def changes() -> bool:
        project.sh("make plan")
        shown = terraform("show", "-no-color", "plan.tfplan").stdout
        return "No changes." not in shown

    assert changes()
    assert terraform("apply", "plan.tfplan").returncode == 0
    assert not changes()
    project.change()
    assert changes()


TRAP = """
resource "terraform_data" "package" {
  provisioner "local-exec" {
    command = "mkdir -p dist && echo built > dist/greeter.zip"
  }
}

resource "terraform_data" "function" {
  input      = filebase64sha256("${path.module}/dist/greeter.zip")
  depends_on = [terraform_data.package]
}
"""


@needs_terraform
def test_why_not_local_exec(tmp_path: Path) -> None:
    """There is nothing to be planned with, or only what was there before."""
    (tmp_path / "main.tf").write_text(TRAP)
    terraform = Terraform(tmp_path)
    assert terraform("init").returncode == 0

    fresh = terraform("plan", "-no-color")
    assert 1 == fresh.returncode
    assert "no such" in fresh.stdout

    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "greeter.zip").write_text("earlier")
    applied = terraform("apply", "-no-color", "-auto-approve")
    assert 1 == applied.returncode
    assert "Provider produced inconsistent final plan" in applied.stdout
