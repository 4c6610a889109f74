"""docs/start.md, from nothing to a deployed function: AWS's command line, and moto.

It does not run a function, and AWS's first command line has not all options of the
second, which the page calls it with: AWS's runtime client answers here.
"""

from __future__ import annotations

import json
import os
import re
import sys

from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.steps import steps
from tests.e2e.projects import answer
from tests.e2e.projects import sha256
from tests.e2e.running import BIN
from tests.e2e.running import clean_environment
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.recipes.aws import aws_commands
from tests.recipes.aws import serving
from tests.recipes.pages import RECIPES
from tests.recipes.pages import RUNTIME
from tests.recipes.workflows import Shell
from tests.trees import write_files


if TYPE_CHECKING:
    from tests.docs.steps import Step
    from tests.recipes.aws import Account


STEPS = steps(RECIPES.parent / "start.md")
NOT_RUN = ("poetry self add ", "aws lambda invoke ", "cat answer.json")


def follow(step: Step, shell: Shell) -> Shell:
    """Does what a step says; where its commands have led to."""
    text = step.text.replace("python3.13", RUNTIME)
    if step.language == "toml":
        path = shell.directory / "pyproject.toml"
        path.write_text(f"{path.read_text()}\n{text}")
    elif step.file:
        write_files(shell.directory, {step.file: text})
    for command in step.commands:
        if command.text.startswith("cd "):
            name = command.text.removeprefix("cd ")
            shell = Shell(shell.command, shell.directory / name, shell.env)
        elif not command.text.startswith(NOT_RUN):
            shell.well(command.text.replace("python3.13", RUNTIME))
    return shell


def deployed(account: Account) -> object:
    """What Lambda says of the function's code."""
    return account.of_lambda("functions/greeter/configuration")["CodeSha256"]


def test_from_nothing_to_the_next_version(tmp_path: Path) -> None:
    """Each command works, what is deployed is the ZIP, and it answers as is shown."""
    with serving(tmp_path) as account:
        path = [str(BIN), str(aws_commands()), os.environ["PATH"]]
        env = {**clean_environment(tmp_path), **account.env}
        env["PATH"] = os.pathsep.join(path)
        shell = Shell(("sh", "-eu"), tmp_path, env)
        shell.well("aws iam delete-role --role-name greeter")
        (last,) = (n for n, step in enumerate(STEPS) if "7. " in step.heading)

        for step in STEPS[:last]:
            shell = follow(step, shell)
        archive = shell.directory / "dist" / "greeter.zip"
        first = sha256(archive)
        assert first == deployed(account)
        module = shell.directory / "src" / "greeter" / "handler.py"
        module.write_text(f"{module.read_text()}\n# Edited.\n")
        for step in STEPS[last:]:
            shell = follow(step, shell)

        assert first != sha256(archive) == deployed(account)
    called, shown = (
        command
        for step in STEPS
        for command in step.commands
        if command.text.startswith(NOT_RUN[1:])
    )
    (event,) = re.findall(r"--payload '(.*?)'", called.text)
    client = client_environment(Path(sys.executable), default_cache_dir())
    said = answer(archive, "greeter.handler.handler", client, json.loads(event))
    assert [said] == [json.loads(line) for line in shown.output]
