"""docs/coming-from/: what stays of other tools takes what the pages show.

That the project is packaged with these settings is held by tests/e2e/test_docs.py.
"""

from __future__ import annotations

import json
import os
import re
import subprocess

from typing import TYPE_CHECKING

import pytest

from tests.docs.steps import steps
from tests.recipes.aws import EMPTY_ZIP
from tests.recipes.cdk import run_app
from tests.recipes.pages import RECIPES
from tests.recipes.sam import sam_commands
from tests.recipes.sam import sam_settings
from tests.recipes.terraform import parsed
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


PAGES = RECIPES.parent / "coming-from"


def block(page: str, heading: str, language: str) -> str:
    """The only block of that language under that heading."""
    (found,) = (
        step.text
        for step in steps(PAGES / page)
        if (step.heading, step.language) == (heading, language)
    )
    return found


def sam(directory: Path, *command: str) -> str:
    """What one of SAM's commands prints."""
    path = os.pathsep.join((str(sam_commands()), os.environ["PATH"]))
    env = {**os.environ, **sam_settings(directory), "PATH": path}
    done = subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("heading", ["Before", "Here"])
def test_a_template_of_sam(heading: str, tmp_path: Path) -> None:
    """cfn-lint has nothing to say to either."""
    write_files(tmp_path, {"template.yaml": block("aws-sam.md", heading, "yaml")})
    sam(tmp_path, "cfn-lint", "template.yaml")


def test_sam_leaves_a_zip_alone(tmp_path: Path) -> None:
    """`sam build`, for the other functions, deploys it as it is."""
    template = block("aws-sam.md", "Here", "yaml")
    write_files(tmp_path, {"template.yaml": template, "dist/Orders.zip": EMPTY_ZIP})
    sam(tmp_path, "sam", "build")
    built = (tmp_path / ".aws-sam" / "build" / "template.yaml").read_text()
    assert re.search(r"CodeUri: \S*dist/Orders\.zip\n", built)


def test_options_of_sam_are_those_that_it_has(tmp_path: Path) -> None:
    """All in the first column of the table."""
    known = re.findall(r"(--[a-z-]+)", sam(tmp_path, "sam", "build", "--help"))
    text = (PAGES / "aws-sam.md").read_text("utf-8")
    cells = re.findall(r"^\| (`--.*?) \|", text, re.MULTILINE)
    named = {each for cell in cells for each in re.findall(r"`(--[a-z-]+)", cell)}
    assert len(named) > 20
    assert set() == named - {*known}


def test_the_app_of_the_cdk(tmp_path: Path) -> None:
    """The function gets the ZIP, and is what the settings say."""
    write_files(tmp_path, {"dist/orders.zip": EMPTY_ZIP})
    out = tmp_path / "out"
    run_app(tmp_path, block("aws-cdk.md", "Here", "python"), out, os.environ)
    resources = json.loads((out / "Orders.template.json").read_text())["Resources"]
    (function,) = (
        each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Function"
    )
    settings = block("aws-cdk.md", "Here", "toml")
    assert f'handler = "{function["Handler"]}"' in settings
    assert f'runtime = "{function["Runtime"]}"' in settings
    assert f'architecture = "{function["Architectures"][0]}"' in settings
    asset = out / f"asset.{function['Code']['S3Key']}"
    assert EMPTY_ZIP == asset.read_bytes()


def test_the_module_of_terraform() -> None:
    """What packages is gone, and the rest is what it was."""
    before, here = (
        parsed(block("terraform.md", heading, "hcl"))["module"][0]
        for heading in ("Before", "Here")
    )
    (old,), (new,) = before.values(), here.values()
    assert {"build_in_docker", "source_path"} == {*old} - {*new}
    assert {"create_package", "local_existing_package"} == {*new} - {*old}
