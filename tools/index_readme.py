"""README.md as a package index shows it, where a relative path leads nowhere."""

from __future__ import annotations

import html
import re

from dataclasses import dataclass


_RELATIVE = r"(?P<path>(?![a-z]+:|#|/)[^)\"#\s]+)"
_LINK = re.compile(rf"(!?)\[([^\]]*)\]\({_RELATIVE}(#[^)\s]*)?\)")
_PICTURE = re.compile(r"<picture>.*?</picture>", re.DOTALL)
_ATTRIBUTE = re.compile(rf'(?P<name>\bsrcset|\bsrc)="{_RELATIVE}"')
_ALTERNATIVE = re.compile(r'\balt="([^"]*)"')
_WITHOUT_ADDRESS = "Files that are named here are in the source distribution."


@dataclass(frozen=True)
class Place:
    """Where the repository's files can be had.

    Attributes:
        address: The repository on GitHub.
        tag: What names this version there: the page of an old version keeps its links.
    """

    address: str
    tag: str

    def page(self, path: str) -> str:
        """Where a reader sees a file."""
        return f"{self.address}/blob/{self.tag}/{path}"

    def content(self, path: str) -> str:
        """Where a browser gets a file."""
        return f"{self.address}/raw/{self.tag}/{path}"


def index_readme(text: str, place: Place | None) -> str:
    """Makes the links and pictures of the text independent of where it is shown.

    Without a place, a link becomes its text and the file's name, a picture the text
    that stands for it.
    """
    return _named(text) if place is None else _absolute(text, place)


def _absolute(text: str, place: Place) -> str:
    def link(found: re.Match[str]) -> str:
        picture, shown, path, fragment = found.groups(default="")
        leads_to = place.content(path) if picture else place.page(path)
        return f"{picture}[{shown}]({leads_to}{fragment})"

    def attribute(found: re.Match[str]) -> str:
        return f'{found["name"]}="{place.content(found["path"])}"'

    return _ATTRIBUTE.sub(attribute, _LINK.sub(link, text))


def _named(text: str) -> str:
    def link(found: re.Match[str]) -> str:
        picture, shown, path, _ = found.groups(default="")
        return f"*Picture: {shown}*" if picture else f"{shown} (`{path}`)"

    def alternative(found: re.Match[str]) -> str:
        (shown,) = _ALTERNATIVE.findall(found[0])
        return f"*Picture: {html.unescape(shown)}*"

    text = _PICTURE.sub(alternative, _LINK.sub(link, text))
    return f"{text.rstrip()}\n\n{_WITHOUT_ADDRESS}\n"
