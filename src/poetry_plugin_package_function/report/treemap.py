"""The page of a package: sizes of all files as a treemap, and INIT as an icicle.

Treemaps: Shneiderman, "Tree Visualization with Tree-Maps", 1992. Icicles: Kruskal and
Landwehr, "Icicle Plots: Better Displays for Hierarchical Clustering", The American
Statistician 37 (2), 1983. The page is one file
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
from poetry_plugin_package_function.report.init_view import as_rows
from poetry_plugin_package_function.report.init_view import files_of
from poetry_plugin_package_function.report.init_view import is_needed


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.plan import FileSize
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.init import Init


_SCRIPTS: Final = (
    *("text.js", "tree.js", "files.js", "imports.js", "search.js"),
    *("canvas.js", "squarify.js", "treemap.js", "icicle.js"),
    *("places.js", "elements.js", "view_of_sizes.js", "view_of_init.js"),
    *("header.js", "reading.js", "table.js", "page.js", "events.js"),
)
"""In the order in which they need one another."""

_NESTED: Final = 1
_IN_INIT: Final = 2
"""Bits of what is known of a file, as `page/files.js` reads them."""


def as_html(report: Report, files: Sequence[FileSize]) -> bytes:
    """Writes the page: the same bytes for the same sizes and times.

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
    init = report.verified.init if report.verified else None
    imports = init.imports if init else ()
    names = sorted(
        {file.distribution for file in files}
        | {each.distribution for each in imports if each.distribution is not None}
    )
    owners = [(name, *known.get(name, ("", ()))) for name in names]
    document = {
        "title": title,
        "output_bytes": report.output_bytes,
        "unzipped_bytes": report.unzipped_bytes,
        "limit_bytes": report.limit_bytes,
        "service": report.service.name if report.service else "",
        "owners": owners,
        "directories": list(_directories(files, names, init)),
        "init": as_rows(init, names) if init else None,
        "why_no_init": "" if init else _why_no_init(report),
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
    files: Sequence[FileSize], owners: Sequence[str], init: Init | None
) -> Iterator[tuple[int, str, list[Any]]]:
    """Yields, by distribution and directory, names and figures of the files in it."""
    numbers = {name: number for number, name in enumerate(owners)}
    needed = files_of(init) if init else frozenset()
    rows = sorted(
        (
            numbers[file.distribution],
            *(file.prefix + file.name).rpartition("/")[::2],
            file.unzipped_bytes,
            file.zipped_bytes,
            _NESTED * file.nested | _IN_INIT * is_needed(file.name, needed),
        )
        for file in files
    )
    for (number, directory), found in groupby(rows, key=lambda row: row[:2]):
        yield number, directory, [row[2:] for row in found]


def _why_no_init(report: Report) -> str:
    """Says how to get what the page does not have, or why it cannot be had."""
    if report.verified is not None:
        return report.verified.unchecked
    return "Package with --handler my_app.module.function, and it is shown here."


def _part(name: str) -> str:
    here = resources.files(__package__).joinpath("page")
    return here.joinpath(name).read_text(encoding="utf-8")
