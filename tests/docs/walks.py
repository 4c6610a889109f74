"""What is done with each command of the docs: it is run, or there is a reason why not.

A page is followed as by a reader who has a project. Settings that the page shows become
those of the project, files that it names are written, and commands are run, in their
order. What they print has to have the lines that the page shows, with other numbers.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Mapping


TABLE: Final = "tool.poetry-plugin-package-function"

NOT_RUN: Final[Mapping[str, str]] = {
    "poetry self add ": "it changes the Poetry that runs it",
    "poetry install": "it takes the plugin from the index",
    "uvx ": "the index; tests/e2e/test_standalone.py does it with what it has built",
    "pipx ": "the same",
    "aws ": "an account; tests/recipes/test_start.py runs them against another one",
    "cat answer.json": "Lambda writes it; tests/recipes/test_start.py has what",
    "sam deploy": "an account",
    "cdk deploy": "an account",
    "poetry run cdk deploy": "an account",
    "az ": "an account",
    "gcloud ": "an account",
    "terraform apply": "an account",
    "serverless deploy": "an account",
    "make ": "a target of the Makefile; that it is there is tested",
}
"""How commands begin, and why they are not run."""

BEFORE: Final = "Before"
"""The heading of what another tool's users have written until now."""

ELSEWHERE: Final[Mapping[str, str]] = {"docs/recipes/": "tests/recipes"}
"""Pages whose commands are run by other tests, each of which names its page."""

RUN_ELSEWHERE: Final[Mapping[str, str]] = {
    "poetry package-function": "tests/recipes/test_aws_cdk.py",
    "poetry package-function --with server": "tests/recipes/test_other_clouds.py",
    "python -m zipfile -e dist/hello.zip build": "tests/recipes/test_other_clouds.py",
}
"""What is typed in consoles of these pages, and the tests that do it."""


@dataclass(frozen=True)
class Walk:
    """How a page is followed.

    Attributes:
        settings: The plugin's tables in pyproject.toml at the beginning.
        first: Commands that are run before.
        passed_over: Headings whose settings are not those of the commands behind them.
        failing: Commands that end with status 1, as the page says.
        unlike: Commands whose output cannot be that of the page, with the reason.
        has_project: Whether it begins with the project, or with an empty directory.
    """

    settings: str = ""
    first: tuple[str, ...] = ()
    passed_over: frozenset[str] = frozenset()
    failing: frozenset[str] = frozenset()
    unlike: Mapping[str, str] = field(default_factory=dict)
    has_project: bool = True


WALKS: Final[Mapping[str, Walk]] = {
    "README.md": Walk(),
    "docs/aws-services.md": Walk(),
    "docs/bytecode.md": Walk(),
    "docs/coming-from/aws-cdk.md": Walk(),
    "docs/coming-from/aws-sam.md": Walk(),
    "docs/coming-from/index.md": Walk(),
    "docs/coming-from/package-python-function.md": Walk(),
    "docs/coming-from/poetry-plugin-lambda-build.md": Walk(),
    "docs/coming-from/serverless-python-requirements.md": Walk(),
    "docs/coming-from/terraform.md": Walk(),
    "docs/functions.md": Walk(),
    "docs/handlers.md": Walk(),
    "docs/init.md": Walk(
        settings=f'[{TABLE}]\nhandler = "my_app.api.handler"\n',
        failing=frozenset({"poetry package-function --max-init 5"}),
        unlike={"jq ": "which distributions take the longest depends on the machine"},
    ),
    "docs/invoking.md": Walk(),
    "docs/layers.md": Walk(),
    "docs/profile.md": Walk(),
    "docs/reference.md": Walk(
        settings="".join(
            f'[{TABLE}.functions.{name}]\nhandler = "my_app.handler.handler"\n'
            for name in ("api", "worker")
        )
    ),
    "docs/report.md": Walk(
        first=(
            "poetry package-function --report old.json",
            "echo '# Edited.' >> my_app/api.py && touch my_app/new.py",
            "poetry package-function --report dist/report.json",
        ),
        unlike={
            "jq -r '.distributions": "the project of the tests has smaller dependencies"
        },
    ),
    "docs/sizes.md": Walk(),
    "docs/standalone.md": Walk(first=("poetry bundle venv .venv",)),
    "docs/start.md": Walk(has_project=False),
    "docs/targets.md": Walk(),
    "docs/templates.md": Walk(passed_over=frozenset({"What beats it"})),
    "docs/usage.md": Walk(
        first=("poetry bundle venv .venv",),
        failing=frozenset(
            {
                "poetry package-function --strict --handler my_app.worker.handler",
                "poetry package-function --max-size 20MB --max-zipped-size 10MB",
            }
        ),
    ),
}


def why_not(command: str) -> str | None:
    """The reason why a command is not run, if there is one."""
    for start, reason in NOT_RUN.items():
        if command.startswith(start):
            return reason
    return None


# What is written in one of these may be in another one next time.
_UNITS: Final = (("ms", "s"), ("KB", "MB"))


def lines_missing(shown: tuple[str, ...], printed: str) -> list[str]:
    """Which lines of a page have not been printed, whatever the numbers in them.

    `…` stands for anything, and white space for as much of it as there is: a terminal
    breaks lines, a pipe does not.
    """
    flat = " ".join(printed.split())
    return [line for line in shown if not re.search(_pattern(line), flat)]


def _pattern(line: str) -> str:
    parts = re.findall(r"\d+(?:[.,]\d+)*|…|\s+|\w+|.", line.strip())
    return "".join(_part(each) for each in parts)


def _part(text: str) -> str:
    if text.isspace():
        return r"\s+"
    if text == "…":
        return ".*"
    if text[0].isdigit():
        return r"\d+(?:[.,]\d+)*"
    for units in _UNITS:
        if text in units:
            return f"(?:{'|'.join(units)})"
    return re.escape(text)
