"""A page as a reader follows it: blocks of code in their order and places."""

from __future__ import annotations

import re

from dataclasses import dataclass
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

from tools.console import commands


if TYPE_CHECKING:
    from pathlib import Path

    from tools.console import Command


SHELLS = ("console", "sh")
# A line such as: In `src/greeter/handler.py`:
_FILE = re.compile(r"(?:In |A )?`([\w./-]+\.\w+)`.*:")


@dataclass(frozen=True)
class Step:
    """A block of code.

    Attributes:
        heading: The heading that it stands under.
        language: What stands behind the fence.
        text: The code.
        file: The file that the line before it names; empty if it names none.
    """

    heading: str
    language: str
    text: str
    file: str = ""

    @property
    def commands(self) -> tuple[Command, ...]:
        """What is typed in it, one by one, with what is answered."""
        return commands(self.text) if self.language == "console" else ()


def steps(page: Path) -> tuple[Step, ...]:
    """All blocks of a page."""
    found: list[Step] = []
    heading = before = ""
    for token in (
        MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
    ):
        if token.type == "heading_open":
            heading = ""
        elif token.type == "inline":
            heading = heading or token.content
            before = token.content
        elif token.type == "fence":
            named = _FILE.fullmatch(before.replace("\n", " "))
            file = named[1] if named else ""
            found.append(Step(heading, token.info, token.content, file))
            before = ""
    return tuple(found)
