"""docs/recipes/aws-cdk.md: what the CDK makes of the apps."""

from __future__ import annotations

import json
import os
import shutil

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.recipes.cdk import synthesized
from tests.recipes.greeter import greeter
from tests.recipes.pages import RUNTIME
from tests.recipes.pages import block
from tests.recipes.pages import headings
from tests.recipes.pages import title
from tests.recipes.sam import sam_commands


if TYPE_CHECKING:
    from pathlib import Path

    from tests.recipes.cdk import Synthesized
    from tests.recipes.greeter import Greeter


PAGE = "aws-cdk.md"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Greeter:
    """The project, packaged."""
    project = greeter(tmp_path_factory.mktemp("aws-cdk"), PAGE, sam_commands())
    project.sh("poetry package-function")
    return project


@pytest.fixture(scope="module")
def stack(built: Greeter, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """What the app makes of it."""
    out = tmp_path_factory.mktemp("stack")
    return synthesized(built, block(PAGE, "The app", "python"), out)


def test_every_part_of_the_page_is_run() -> None:
    """Here, or in test_layered.py."""
    assert headings(PAGE) == {
        title(PAGE),
        "The app",
        "With a layer",
        "Several functions",
    }


def test_how_the_app_is_started() -> None:
    """As it is here."""
    assert {"app": "python3 app.py"} == json.loads(block(PAGE, "The app", "json"))


def test_the_function(built: Greeter, stack: Synthesized) -> None:
    """The asset is the ZIP, and the function is what the ZIP was built for."""
    (function,) = stack.of_type("AWS::Lambda::Function").values()

    assert stack.asset(function["Code"]) == built.archive().read_bytes()
    assert (RUNTIME, ["x86_64"]) == (function["Runtime"], function["Architectures"])
    assert "greeter.handler.handler" == function["Handler"]
    assert {"Size": 512} == function["EphemeralStorage"]
    assert 1 == len(stack.of_type("AWS::Lambda::Version"))


def test_the_template(built: Greeter, stack: Synthesized) -> None:
    """cfn-lint finds no error in it.

    It warns of how the CDK writes templates: of a dependency that is told twice.
    """
    built.sh(f"cfn-lint --non-zero-exit-code error {stack.template}")


def test_what_the_report_changes(
    built: Greeter, stack: Synthesized, tmp_path: Path
) -> None:
    """Machine and storage do; the asset is the same in another place, at another time.

    Both are in one test because the CDK takes seconds to start.
    """
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(built.directory, elsewhere)
    os.utime(elsewhere / "dist" / "greeter.zip", (1_000_000_000, 1_000_000_000))
    report = built.report()
    report["nested"] = {"tmp_bytes": 1 << 30}
    report["target"]["machine"] = "aarch64"
    (elsewhere / "dist" / "report.json").write_text(json.dumps(report))

    other = synthesized(
        replace(built, directory=elsewhere),
        block(PAGE, "The app", "python"),
        tmp_path / "out",
    )

    (before,) = stack.of_type("AWS::Lambda::Function").values()
    (after,) = other.of_type("AWS::Lambda::Function").values()
    assert before["Code"] == after["Code"]
    assert {"Size": 1040} == after["EphemeralStorage"]
    assert ["arm64"] == after["Architectures"]
