"""The code on the pages of recipes: what a reader copies is what the tests run."""

from __future__ import annotations

import re
import sys

from dataclasses import dataclass
from pathlib import Path


RECIPES = Path(__file__).resolve().parents[2] / "docs" / "recipes"
RUNTIME = f"python3.{sys.version_info.minor}"
_PAGES_RUNTIME = "python3.13"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$|^##? (.*?)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes:
        heading: The heading that it stands under.
        language: What stands behind the fence.
        text: The code. It is the page's but for one thing: a machine has the Python
            that it has, so the runtime is that of this interpreter.
    """

    heading: str
    language: str
    text: str


def blocks(page: str) -> tuple[Block, ...]:
    """All blocks of a page, in their order."""
    text = (RECIPES / page).read_text(encoding="utf-8")
    found: list[Block] = []
    heading = ""
    for match in _BLOCK.finditer(text):
        language, code, title = match.groups()
        if title is not None:
            heading = title
        else:
            code = code.replace(_PAGES_RUNTIME, RUNTIME)
            found.append(Block(heading, language, code))
    return tuple(found)


def block(page: str, heading: str, language: str) -> str:
    """The code of the only block in that language under that heading."""
    (found,) = (
        each.text
        for each in blocks(page)
        if (each.heading, each.language) == (heading, language)
    )
    return found


def title(page: str) -> str:
    """The heading of a page, which its first block stands under."""
    return blocks(page)[0].heading


def headings(page: str) -> set[str]:
    """Those that have code under them, which some test has to run."""
    return {each.heading for each in blocks(page)}


def settings_of(page: str) -> str:
    """The plugin's table, with which each page begins."""
    first = blocks(page)[0]
    assert first.language == "toml"
    return first.text
