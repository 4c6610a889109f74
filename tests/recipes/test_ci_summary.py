"""The summary that the pipelines for CI services show: the whole of the output."""

from __future__ import annotations

import re

from pathlib import Path
from typing import TYPE_CHECKING

import cmarkgfm
import pytest

from tests.e2e.running import BIN
from tests.recipes.workflows import Shell
from tests.recipes.workflows import blocks
from tests.recipes.workflows import project
from tests.recipes.workflows import runner_environment


if TYPE_CHECKING:
    from collections.abc import Iterator


def packaging_lines() -> Iterator[tuple[str, str, str]]:
    """The line on each page that packages, and where it writes the summary."""
    for page, target in (
        ("github-actions.md", "$GITHUB_STEP_SUMMARY"),
        ("gitlab-ci.md", "dist/summary.md"),
    ):
        (line,) = (
            line.strip().removeprefix("- ")
            for text in blocks(page, "yaml")
            for line in text.splitlines()
            if "poetry package-function" in line
        )
        yield page, line, target


PAGES = [*packaging_lines()]


@pytest.mark.parametrize(
    ("page", "line", "target"), PAGES, ids=[each[0] for each in PAGES]
)
def test_the_summary_is_a_page(
    page: str, line: str, target: str, tmp_path: Path
) -> None:
    """It is Markdown from its first character to its last; the rest goes to stderr."""
    assert target in line
    env = runner_environment(tmp_path, [BIN])
    env["GITHUB_STEP_SUMMARY"] = str(tmp_path / "summary.md")
    directory = project(tmp_path, page)
    (directory / "dist").mkdir()
    shell = Shell(("bash", "-eo", "pipefail"), directory, env)

    done = shell.well(line)

    assert done.stdout == ""
    assert "Packaging" in done.stderr
    summary = Path(target.replace("$GITHUB_STEP_SUMMARY", env["GITHUB_STEP_SUMMARY"]))
    text = (directory / summary).read_text(encoding="utf-8")
    assert text.startswith("## `greeter`: flat\n")
    html = cmarkgfm.github_flavored_markdown_to_html(text)
    tables = re.findall(r"^\|:?--", text, re.MULTILINE)
    assert html.count("<table>") == len(tables) >= 3
    assert "<code>pydantic-core</code></td>" in html
    assert "Packaging" not in text
