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

from importlib import resources
from itertools import groupby
from string import Template
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from poetry_plugin_package_function.megabytes import megabytes


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.plan import FileSize
    from poetry_plugin_package_function.packaging.result import Report


_SCRIPTS: Final = ("squarify.js", "tree.js", "picture.js", "reading.js", "page.js")
"""In the order in which they need one another."""


def as_html(report: Report, files: Sequence[FileSize]) -> bytes:
    """Writes the page: the same bytes for the same sizes.

    Args:
        report: What has been packaged.
        files: All files in it, in any order.
    """
    title = report.function or report.distribution_name
    style = _part("style.css")
    script = '"use strict";\n' + "\n".join(map(_part, _SCRIPTS))
    page = Template(_part("template.html")).substitute(
        policy=_policy(style, script),
        title=html.escape(title),
        style=style,
        data=_data(title, report, files),
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


def _data(title: str, report: Report, files: Sequence[FileSize]) -> str:
    """Writes the figures as JSON.

    It is ASCII, so it has no U+2028, and lone surrogates stay what they are; without
    "<" it cannot end the element that it is in
    (https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements).
    """
    known = {
        each.name: (_version(each, report), each.path) for each in report.distributions
    }
    names = sorted({file.distribution for file in files})
    owners = [(name, *known.get(name, ("", ()))) for name in names]
    document = {
        "title": title,
        "output_bytes": report.output_bytes,
        "unzipped_bytes": report.unzipped_bytes,
        "limit_bytes": report.limit_bytes,
        "service": report.service.name if report.service else "",
        "owners": owners,
        "directories": list(_directories(files, names)),
    }
    return json.dumps(document, separators=(",", ":")).replace("<", r"\u003c")


def _version(distribution: DistributionSize, report: Report) -> str:
    """The version, and what of the distribution the picture cannot show."""
    services = report.aws_services
    if services is None or not services.left_out or distribution.name != "botocore":
        return distribution.version
    return (
        f"{distribution.version}, without the data of {len(services.left_out):,}"
        f" services ({megabytes(services.left_out_bytes)})"
    )


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
