"""The sizes of all files as one page for a browser, which draws them as a treemap.

Treemaps: Shneiderman, "Tree Visualization with Tree-Maps", 1992. The page is one file
that loads nothing: it works from a disk, and it allows nothing but its own style and
script (Content-Security-Policy: https://www.w3.org/TR/CSP3/).
"""

from __future__ import annotations

import base64
import hashlib
import html
import json

from dataclasses import dataclass
from importlib import resources
from itertools import groupby
from string import Template
from typing import TYPE_CHECKING
from typing import Any
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.plan import FileSize
    from poetry_plugin_package_function.packaging.result import Report


_SCRIPTS: Final = ("squarify.js", "tree.js", "picture.js", "reading.js", "page.js")
"""In the order in which they need one another."""


@dataclass(frozen=True)
class Sizes:
    """What the page shows.

    Attributes:
        title: The project's name.
        output_bytes: The size of the ZIP.
        unzipped_bytes: What Lambda counts of it; that is less than the sum of all files
            if some are nested.
        limit_bytes: What that has to stay below.
        files: All of them, in any order.
        owners: What there is to say of distributions, in any order.
    """

    title: str
    output_bytes: int
    unzipped_bytes: int
    limit_bytes: int
    files: Sequence[FileSize]
    owners: Sequence[DistributionSize] = ()


def sizes_of(report: Report, files: Sequence[FileSize]) -> Sizes:
    """Finds what the page shows of what has been packaged.

    Args:
        report: What has been packaged.
        files: All files in it.
    """
    return Sizes(
        report.function or report.distribution_name,
        report.output_bytes,
        report.unzipped_bytes,
        report.limit_bytes,
        files,
        report.distributions,
    )


def as_html(sizes: Sizes) -> bytes:
    """Writes the page: the same bytes for the same sizes."""
    style = _part("style.css")
    script = '"use strict";\n' + "\n".join(map(_part, _SCRIPTS))
    page = Template(_part("template.html")).substitute(
        policy=_policy(style, script),
        title=html.escape(sizes.title),
        style=style,
        data=_data(sizes),
        script=script,
    )
    return page.encode(errors="xmlcharrefreplace")  # the title's; all else is text


def _policy(style: str, script: str) -> str:
    """Allows this style and this script, and nothing else whatever."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}';"
        f" script-src '{_digest(script)}'; base-uri 'none'; form-action 'none';"
        " require-trusted-types-for 'script'"
    )


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _data(sizes: Sizes) -> str:
    """Writes the figures as JSON.

    It is ASCII, so it has no U+2028, and lone surrogates stay what they are; without
    "<" it cannot end the element that it is in
    (https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements).
    """
    known = {owner.name: (owner.version, owner.path) for owner in sizes.owners}
    names = sorted({file.distribution for file in sizes.files})
    owners = [(name, *known.get(name, ("", ()))) for name in names]
    document = {
        "title": sizes.title,
        "output_bytes": sizes.output_bytes,
        "unzipped_bytes": sizes.unzipped_bytes,
        "limit_bytes": sizes.limit_bytes,
        "owners": owners,
        "directories": list(_directories(sizes.files, names)),
    }
    return json.dumps(document, separators=(",", ":")).replace("<", r"\u003c")


def _directories(
    files: Sequence[FileSize], owners: Sequence[str]
) -> Iterator[tuple[int, str, list[Any]]]:
    """Yields, by distribution and directory, names and figures of the files in it."""
    numbers = {name: number for number, name in enumerate(owners)}
    rows = sorted(
        (
            numbers[file.distribution],
            *file.name.rpartition("/")[::2],
            *file[2:4],
            int(file.nested),
        )
        for file in files
    )
    for (number, directory), found in groupby(rows, key=lambda row: row[:2]):
        yield number, directory, [row[2:] for row in found]


def _part(name: str) -> str:
    here = resources.files(__package__).joinpath("page")
    return here.joinpath(name).read_text(encoding="utf-8")
