"""The report as Markdown, for the page that a CI service shows of a job.

It is read as GitHub and GitLab read Markdown (https://github.github.com/gfm/). Names,
versions and warnings come from outside: they are shown as they are, whatever they hold.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.report.aws_services import about_services
from poetry_plugin_package_function.report.changes import changes_of_init
from poetry_plugin_package_function.report.changes import format_changes
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.details import place
from poetry_plugin_package_function.report.details import ranked
from poetry_plugin_package_function.report.init import PYTHONS
from poetry_plugin_package_function.report.init import about
from poetry_plugin_package_function.report.init import largest_statements
from poetry_plugin_package_function.report.init import phases
from poetry_plugin_package_function.report.init import ranked_costs
from poetry_plugin_package_function.report.init import table_of
from poetry_plugin_package_function.report.init_changes import format_init_changes
from poetry_plugin_package_function.report.json_report import code_sha256
from poetry_plugin_package_function.report.made_for import made_for
from poetry_plugin_package_function.report.summary import NOTHING_WRITTEN
from poetry_plugin_package_function.report.summary import about_call
from poetry_plugin_package_function.report.summary import about_init
from poetry_plugin_package_function.report.summary import about_layer
from poetry_plugin_package_function.report.summary import layout
from poetry_plugin_package_function.report.summary import left_out
from poetry_plugin_package_function.report.summary import printed
from poetry_plugin_package_function.report.summary import shortened
from poetry_plugin_package_function.report.summary import skipped
from poetry_plugin_package_function.report.summary import unzipped


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.report.table import Table


_MOST_PRINTED: Final = 10


def as_markdown(
    report: Report, changes: Changes | None, warnings: Iterable[str]
) -> str:
    """Writes the summary; all warnings are in it.

    Args:
        report: What has been packaged.
        changes: What is different from a previous report.
        warnings: What the user should know before deploying.
    """
    name = _code(report.function or report.distribution_name)
    what = report.layout if report.kind is Kind.FUNCTION else "layer"
    parts = [
        [f"## {name}: {what}"],
        [*_facts(report, changes)],
        [*_alert(warnings)],
        [*_distributions(report)],
        [*_init(report)],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines) + "\n"


def _facts(report: Report, changes: Changes | None) -> Iterator[str]:
    yield "| | |"
    yield "|:--|:--|"
    if report.dry_run:
        yield f"| Dry run | {_prose(NOTHING_WRITTEN)} |"
    yield f"| Layout | {_prose(layout(report))} |"
    yield f"| Made for | {_prose('; '.join(made_for(report)))} |"
    yield f"| Unzipped | {_prose(unzipped(report))} |"
    yield f"| Zipped | {megabytes(report.output_bytes)} |"
    yield f"| CodeSha256 | {_code(code_sha256(report.sha256))} |"
    layer = report.own_layer
    if layer is not None:
        yield f"| Layer | {_prose(about_layer(layer))} |"
        yield f"| CodeSha256 of the layer | {_code(code_sha256(layer.sha256))} |"
    if report.handler_code is not None:
        yield f"| Code | {_prose(report.handler_code.described())} |"
    for text in left_out(report):
        yield f"| Left out | {_prose(text)} |"
    if report.aws_services is not None:
        yield f"| AWS services | {_prose(about_services(report.aws_services))} |"
    if report.passed_over:
        yield f"| Skipped | {_prose(skipped(report))} |"
    yield from _verified(report.verified, nested=report.nested is not None)
    if report.written_profile is not None:
        yield f"| Profile | {_prose(report.written_profile.text)} |"
    if changes is not None:
        yield f"| Compared | {_prose(format_changes(changes))} |"
        if of_init := changes_of_init(changes):
            yield f"| | {_prose(format_init_changes(of_init))} |"


def _verified(verified: Verified | None, *, nested: bool) -> Iterator[str]:
    if verified is None:
        return
    yield f"| Handler | {_code(verified.handler)} |"
    if verified.made_up:
        yield f"| Made-up values | {', '.join(map(_code, verified.made_up))} |"
    if not verified.is_complete:
        yield "| INIT | not measured: the handler was looked for by parsing |"
        return
    yield f"| INIT | {_prose(f'{about_init(verified)}, where it was packaged')} |"
    if verified.init is not None:
        where = phases(verified.init, nested=nested)
        yield f"| Where INIT goes | {_prose(where)} |"
        for statement in largest_statements(verified.init):
            yield f"| | {_prose(about(statement))} |"
    called = verified.event
    if called is not None and not called.unchecked:
        yield f"| Event | {_code(called.event)}: {_prose(about_call(called))} |"
        yield f"| Result | {_code(shortened(called.result))} |"
    if lines := printed(called, _MOST_PRINTED):
        yield f"| Printed | {'<br>'.join(map(_prose, lines))} |"
    if verified.unused:
        yield f"| Never imported | {', '.join(map(_code, verified.unused))} |"


def _alert(warnings: Iterable[str]) -> Iterator[str]:
    """Makes an alert of GitHub and GitLab, which is a quote for other readers."""
    items = [f"> - {_prose(warning)}" for warning in warnings]
    if items:
        yield "> [!WARNING]"
        yield from items


def _distributions(report: Report) -> Iterator[str]:
    """Makes a table of the largest, and one of the rest that has to be opened."""
    largest, rest = ranked(report)
    columns = _columns(report)
    if largest:
        yield from _table(largest, columns)
    if rest:
        count = f"{len(rest):,} more" if largest else counted(len(rest), "distribution")
        yield ""
        yield f"<details><summary>{count}</summary>"
        yield ""
        yield from _table(rest, columns)
        yield ""
        yield "</details>"


def _init(report: Report) -> Iterator[str]:
    """Makes a table of what takes INIT, and a list of all lines that import it.

    They have to be opened.
    """
    init = report.verified.init if report.verified else None
    if init is None:
        return
    largest, rest = ranked_costs(init)
    count = counted(len(largest) + len(rest), "distribution")
    yield f"<details><summary>INIT, by {count}</summary>"
    yield ""
    yield from _rows(table_of([*largest, *rest]))
    yield ""
    if lines := [f"- {_prose(about(each))}" for each in init.statements]:
        yield from lines
        yield ""
    yield "</details>"


_PLAIN_OWNERS: Final = (PYTHONS, NOBODYS)


def _rows(table: Table) -> Iterator[str]:
    """Writes a table that consoles have; what is a name in it is code."""
    columns = [each for each in table.columns if each.is_needed or each.says_something]
    yield f"| {' | '.join(each.header for each in columns)} |"
    yield f"|{'|'.join('--:' if each.is_number else ':--' for each in columns)}|"
    for cells in zip(*(each.cells for each in columns), strict=True):
        shown = (
            cell if column.is_number or cell in _PLAIN_OWNERS else _code(cell)
            for cell, column in zip(cells, columns, strict=True)
        )
        yield f"| {' | '.join(shown)} |"


class _Column(NamedTuple):
    """A column of both tables: its header, how it is aligned, and a cell of it."""

    header: str
    aligned: str
    cell: Callable[[DistributionSize], str]


def _columns(report: Report) -> list[_Column]:
    """Chooses the columns; what says the same in each row is none."""
    whole = report.uncompressed_bytes or 1
    always = [
        _Column(
            "Distribution",
            ":--",
            lambda each: _code(each.name) if each.name else NOBODYS,
        ),
        _Column("Version", ":--", lambda each: _code(each.version)),
        _Column("Unzipped", "--:", lambda each: megabytes(each.unzipped_bytes)),
        _Column("Zipped", "--:", lambda each: megabytes(each.zipped_bytes)),
        _Column("Share", "--:", lambda each: f"{each.unzipped_bytes / whole:.1%}"),
    ]
    others = [
        _Column("Layout", ":--", lambda each: place(each, report)),
        _Column(
            "Required by", ":--", lambda each: " → ".join(map(_code, each.path[:-1]))
        ),
    ]
    rows = report.distributions
    return [*always, *(each for each in others if len({*map(each.cell, rows)}) > 1)]


def _table(
    rows: Iterable[DistributionSize], columns: Sequence[_Column]
) -> Iterator[str]:
    yield f"| {' | '.join(each.header for each in columns)} |"
    yield f"|{'|'.join(each.aligned for each in columns)}|"
    for row in rows:
        yield f"| {' | '.join(each.cell(row) for each in columns)} |"


def _code(text: str) -> str:
    """Writes a name as code, in which nothing is a link, a mention or a formula.

    In a table a code span cannot hold each text: parsers differ on what a backslash
    before a pipe is. Such a name is written as text.
    """
    line = _one_line(text)
    if re.search(r"[`|\\]", line):
        return _prose(line)
    return f"`{line}`" if line else ""


_TRIGGER: Final = re.compile(r"(?<=[@#])(?=\w)|(?=://)|(?<=\bwww)(?=\.)", re.IGNORECASE)
_PLAIN: Final = frozenset(" ,.;:'\"()/%?=+-→…")


def _prose(text: str) -> str:
    """Writes a sentence: what Markdown or HTML could make of it is written as numbers.

    A reference stands for its character and never for markup
    (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references). What
    services look for in the finished page, as addresses and mentions, is cut by a space
    of no width.
    """
    line = _TRIGGER.sub("\u200b", _one_line(text))
    return "".join(
        character
        # Where a sentence starts, a digit or a dash could start a list.
        if character.isalpha() or (index and _is_plain(character))
        else f"&#{ord(character)};"
        for index, character in enumerate(line)
    )


def _is_plain(character: str) -> bool:
    return character.isalnum() or character in _PLAIN


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())
