"""Markdown as a code host shows it: links, anchors, and what is in code blocks."""

from __future__ import annotations

import json
import re
import tomllib
import unicodedata

from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from typing import TYPE_CHECKING
from urllib.parse import unquote
from urllib.parse import urlsplit

from markdown_it import MarkdownIt


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from pathlib import Path

    from markdown_it.token import Token


# A line that goes on ends in a backslash; what comes behind these is another command.
_CALL = re.compile(
    r"\b(poetry package-function|package-python-function)((?:\\\n|[^\n|&;#`)\"'])*)"
)
_OPTION = re.compile(r"(?<=\s)--[a-z][a-z-]*")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")
_PARSERS: dict[str, Callable[[str], object]] = {
    "toml": tomllib.loads,
    "json": json.loads,
}


@dataclass(frozen=True)
class Page:
    """What a Markdown file has.

    Attributes:
        links: Where it points to, with its pictures.
        anchors: What can be pointed to in it.
        blocks: Its code blocks: language and text.
        spans: Code in its lines.
        headers: The first cell of each table.
    """

    links: tuple[str, ...]
    anchors: frozenset[str]
    blocks: tuple[tuple[str, str], ...]
    spans: tuple[str, ...]
    headers: tuple[str, ...]


def read(path: Path) -> Page:
    """Reads a file."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> Page:
    """Reads a file's text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    flat = [part for token in tokens for part in (token, *(token.children or ()))]
    html = _Html()
    links: list[str] = []
    for token in flat:
        attribute = {"link_open": "href", "image": "src"}.get(token.type)
        if attribute is not None:
            links.append(unquote(str(token.attrs[attribute])))
        elif token.type in ("html_block", "html_inline"):
            html.feed(token.content)
    return Page(
        links=(*links, *html.links),
        anchors=frozenset({*_anchors(tokens), *html.anchors}),
        blocks=tuple((t.info, t.content) for t in flat if t.type == "fence"),
        spans=tuple(t.content for t in flat if t.type == "code_inline"),
        headers=tuple(
            tokens[number + 3].content
            for number, token in enumerate(tokens)
            if token.type == "thead_open"
        ),
    )


def _anchors(tokens: list[Token]) -> Iterator[str]:
    """What hosts make of headings; the second of a name gets a number."""
    used: dict[str, int] = {}
    for token, content in pairwise(tokens):
        if token.type == "heading_open":
            title = "".join(
                each.content
                for each in content.children or ()
                if each.type in ("text", "code_inline")
            )
            name = anchor(title)
            number = used.get(name, 0)
            used[name] = number + 1
            yield f"{name}-{number}" if number else name


def anchor(title: str) -> str:
    """A heading's anchor: letters, digits, `_` and `-`; each blank is one `-`."""
    kept = [
        each
        for each in title.strip().lower()
        if each in " -_" or unicodedata.category(each)[0] in "LMN"
    ]
    return "".join(kept).replace(" ", "-")


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            elif name == "srcset":
                self.links += [each.split()[0] for each in (value or "").split(",")]
            elif name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")


def link_problems(path: Path, root: Path) -> list[str]:
    """What is wrong with a page's links: each leads to a file, or looks as if it did.

    Whether another host has what it is asked for cannot be seen from here.

    Args:
        path: The page.
        root: The repository.
    """
    found = []
    for link in read(path).links:
        if urlsplit(link).scheme or link.startswith("//"):
            if not is_well_formed(link):
                found.append(f"{link}: not a well-formed https address")
            continue
        name, _, fragment = link.partition("#")
        target = (path.parent / name) if name else path
        if name.startswith("/") or not target.resolve().is_relative_to(root.resolve()):
            found.append(f"{link}: leads out of the repository")
        elif not _is_there(target.resolve(), root.resolve()):
            found.append(f"{link}: no such file")
        elif fragment and (
            target.suffix != ".md" or fragment not in read(target).anchors
        ):
            found.append(f"{link}: no such anchor")
    return found


def _is_there(path: Path, root: Path) -> bool:
    """Whether it exists, in this case of letters, whatever the file system thinks."""
    return path == root or (
        path.name in {each.name for each in path.parent.iterdir()}
        if path.parent.is_dir()
        else False
    )


def is_well_formed(address: str) -> bool:
    """Whether it is an address of a page on a public host."""
    parts = urlsplit(address)
    return (
        parts.scheme == "https"
        and _HOST.fullmatch(parts.netloc) is not None
        and re.search(r"\s", address) is None
    )


def block_problems(path: Path) -> list[str]:
    """What is wrong with the code blocks that can be parsed."""
    found = []
    for language, text in read(path).blocks:
        if parser := _PARSERS.get(language):
            try:
                parser(text)
            except ValueError as error:
                found.append(f"{language}: {error}: {text}")
        elif language == "console" and not text.startswith("$ "):
            found.append(f"console: begins with no command: {text}")
    return found


def option_problems(path: Path, known: dict[str, frozenset[str]]) -> list[str]:
    """Which options a page gives to our commands that they do not have.

    Args:
        path: The page.
        known: The options of each command.
    """
    page = read(path)
    texts = [text for _, text in page.blocks] + list(page.spans)
    return [
        f"{command} has no {option}"
        for text in texts
        for command, arguments in _CALL.findall(text)
        for option in _OPTION.findall(arguments)
        if option not in known[command]
    ]
