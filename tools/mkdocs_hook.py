"""What the site needs that `mkdocs.yml` cannot say.

It has the repository's own layout, so that relative links hold in both. MkDocs would
have docs/ as the site's root, and every link that leaves it (to README.md, to a schema
in src/) would lead nowhere. Here each page keeps its path in the repository, and what
the pages link to outside of docs/ is part of the site. So links are written for a code
host, and MkDocs checks and translates them as they are.

The repository's address is that of `[project.urls]` in pyproject.toml; without one
there is no link to it. The copy buttons of consoles copy what is typed, nothing else.
"""

from __future__ import annotations

import html
import re

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File
from mkdocs.structure.files import Files

from tools.console import typed
from tools.repository import address


if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig


_OUTSIDE_OF_DOCS = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "LICENSE",
    "src/poetry_plugin_package_function/report/schema.json",
)
# Servers and browsers know files by their suffix: without one, they offer a download.
_NAMES_ON_THE_SITE = {"LICENSE": "LICENSE.txt"}
_CONSOLE = re.compile(r'<div class="language-console( [^"]*)?">(.*?)</div>', re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Called by MkDocs with what is in mkdocs.yml."""
    found = address(Path(config.config_file_path).parent)
    if found is not None:
        config.repo_url = found
        config.repo_name = found.removeprefix("https://github.com/")
        config.edit_uri = "edit/main/"
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Called by MkDocs with what is in docs/ and in the theme."""
    root = Path(config.config_file_path).parent
    docs = Path(config.docs_dir).relative_to(root)
    shown = Files([])
    for name in _OUTSIDE_OF_DOCS:
        file = _file(config, name, root / name)
        file.dest_uri = _NAMES_ON_THE_SITE.get(name, file.dest_uri)
        shown.append(file)
    for file in files:
        if file.src_dir == config.docs_dir:
            name = (docs / file.src_uri).as_posix()
            source = _file(config, name, Path(config.docs_dir, file.src_uri))
            source.inclusion = file.inclusion
            shown.append(source)
        else:
            shown.append(file)
    return shown


def _file(config: MkDocsConfig, name: str, path: Path) -> File:
    file = File.generated(config, name, abs_src_path=str(path))
    # MkDocs takes what is generated to be in no repository.
    file.edit_uri = name
    return file


def on_page_content(content: str, **_: object) -> str:
    """Called by MkDocs with what a page's Markdown has become."""
    return _CONSOLE.sub(_with_what_is_copied, content)


def _with_what_is_copied(block: re.Match[str]) -> str:
    """Material for MkDocs copies `data-copy` in the place of a block's text."""
    text = html.unescape(_TAG.sub("", block[2]))
    return block[0].replace("<div", f'<div data-copy="{html.escape(typed(text))}"', 1)
