"""Gives the site the repository's own layout, so that relative links hold in both.

MkDocs would have docs/ as the site's root, and every link that leaves it (to README.md,
to a schema in src/) would lead nowhere. Here each page keeps its path in the
repository, and what the pages link to outside of docs/ is part of the site. So links
are written for a code host, and MkDocs checks and translates them as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File
from mkdocs.structure.files import Files


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


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Called by MkDocs with what is in docs/ and in the theme."""
    root = Path(config.config_file_path).parent
    docs = Path(config.docs_dir).relative_to(root)
    shown = Files([])
    for name in _OUTSIDE_OF_DOCS:
        file = File.generated(config, name, abs_src_path=str(root / name))
        file.dest_uri = _NAMES_ON_THE_SITE.get(name, file.dest_uri)
        shown.append(file)
    for file in files:
        if file.src_dir == config.docs_dir:
            shown.append(
                File.generated(
                    config,
                    (docs / file.src_uri).as_posix(),
                    abs_src_path=str(Path(config.docs_dir, file.src_uri)),
                    inclusion=file.inclusion,
                )
            )
        else:
            shown.append(file)
    return shown
