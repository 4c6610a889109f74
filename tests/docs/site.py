"""The site: how it is built, and what is wrong with the pages of one."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from dataclasses import dataclass
from dataclasses import field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote
from urllib.parse import urlsplit

from tests.docs.markdown import is_well_formed


if TYPE_CHECKING:
    from pathlib import Path


_CSS = re.compile(
    r"""(?:url\(|@import\s)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE
)


def build(root: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Builds the site of a repository, as `make docs` does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", target],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def with_address(copy: Path, address: str) -> Path:
    """Builds the site of a repository that has this address.

    Args:
        copy: What the site is made of.
        address: The repository's.
    """
    urls = f'[project.urls]\nRepository = "{address}"\n'
    (copy / "pyproject.toml").write_text(f"[project]\n{urls}")
    done = build(copy, copy / "site")
    assert done.returncode == 0, done.stdout
    return copy / "site"


def problems(site: Path) -> list[str]:
    """What is wrong with a site: links, what is loaded, lists that are none."""
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        where = path.relative_to(site)
        found += [f"{where}: {each}: from another host" for each in page.foreign]
        found += [f"{where}: {each!r}: a list it is not" for each in page.left_over]
        for link in page.links:
            said = _wrong(link, path, site, pages)
            if said:
                found.append(f"{where}: {link}: {said}")
    for path in sorted(site.rglob("*.css")):
        found += [
            f"{path.relative_to(site)}: {each}: from another host"
            for each in _CSS.findall(path.read_text(encoding="utf-8"))
        ]
    return found


def _wrong(link: str, path: Path, site: Path, pages: dict[Path, _Page]) -> str:
    if urlsplit(link).scheme or link.startswith("//"):
        return "" if is_well_formed(link) else "not a well-formed https address"
    name, _, fragment = link.partition("#")
    base = site if name.startswith("/") else path.parent
    target = (base / unquote(name).lstrip("/")).resolve() if name else path
    if not target.is_relative_to(site.resolve()) or not target.is_file():
        return "no such file"
    if fragment and (target not in pages or unquote(fragment) not in pages[target].ids):
        return "no such anchor"
    return ""


@dataclass
class _Page(HTMLParser):
    links: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    _within: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.add(value or "")
            elif name == "style":
                self.foreign += _CSS.findall(value or "")
            elif name == "srcset":
                self._take(tag, [each.split()[0] for each in (value or "").split(",")])
            elif name in ("href", "src", "data", "poster", "action"):
                self._take(tag, [value or ""])

    def _take(self, tag: str, links: list[str]) -> None:
        self.links += [each for each in links if not each.startswith("data:")]
        if tag != "a":
            self.foreign += [
                each for each in links if re.match(r"(https?:)?//", each, re.IGNORECASE)
            ]

    def handle_endtag(self, tag: str) -> None:
        # Elements without an end are dropped with the one that they are in.
        if tag in self._within:
            while self._within.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "style" in self._within:
            self.foreign += _CSS.findall(data)
        if "p" in self._within and "code" not in self._within:
            self.left_over += re.findall(r"\n *(?:[-*]|\d+\.) .*", data)


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    page.close()
    return page
