"""What was made, in lines for a console."""

from __future__ import annotations

from itertools import chain
from itertools import repeat
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.report.aws_services import about_services
from poetry_plugin_package_function.report.aws_services import asking_dependencies
from poetry_plugin_package_function.report.changes import changes_of_init
from poetry_plugin_package_function.report.changes import format_changes
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.init import init_lines
from poetry_plugin_package_function.report.init_changes import format_init_changes
from poetry_plugin_package_function.report.json_report import code_sha256
from poetry_plugin_package_function.report.made_for import made_for
from poetry_plugin_package_function.screen import fitted
from poetry_plugin_package_function.screen import shown_path


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.result import Layer
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.event_call import Called
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Nested
    from poetry_plugin_package_function.report.changes import Changes


_LABEL_WIDTH: Final = len("CodeSha256") + 2
_INDENT: Final = "  "
_MOST_OF_RESULT: Final = 240
"""Characters: three lines of 80, seven of 40."""

NOTHING_WRITTEN: Final = "nothing has been written, and nothing replaced"
"""The result of a dry run."""


class Line(NamedTuple):
    """A label and what it is about, without any markup."""

    label: str
    text: str

    def fitted(self, columns: int | None) -> Iterator[Line]:
        """Breaks what does not fit; labels are padded, so that texts are in line.

        Args:
            columns: How many there are for both; None to break nothing.
        """
        room = None if columns is None else columns - _LABEL_WIDTH
        if room is not None and max(map(len, self.text.split()), default=0) > room:
            # A path or a digest: it needs a line of its own, if that is enough.
            if self.label:
                yield Line(self.label, "")
            for piece in fitted(self.text, columns, first=_INDENT, others=_INDENT):
                yield Line(_INDENT, piece.removeprefix(_INDENT))
            return
        for number, piece in enumerate(fitted(self.text, room, others="")):
            label = "" if number else self.label
            yield Line(label.ljust(_LABEL_WIDTH), piece)


def summary(
    report: Report, elapsed_s: float, changes: Changes | None = None
) -> Iterator[Line]:
    """Says what was made, how large it is, and by what name Lambda will know it.

    Args:
        report: What has been packaged.
        elapsed_s: How long that took.
        changes: What is different from a previous report.
    """
    yield Line("File", shown_path(report.output_file))
    yield Line("Layout", layout(report))
    for label, text in zip(("Made for", "", ""), made_for(report), strict=False):
        yield Line(label, text)
    yield from _contents(report)
    yield Line("Unzipped", unzipped(report))
    yield Line("Zipped", megabytes(report.output_bytes))
    yield Line("CodeSha256", code_sha256(report.sha256))
    layer = report.own_layer
    if layer is not None:
        yield Line("Layer", shown_path(layer.output_file))
        yield Line("", about_layer(layer))
        yield Line("", f"CodeSha256 {code_sha256(layer.sha256)}")
    yield from _verified(report.verified, nested=report.nested is not None)
    yield Line("Took", f"{elapsed_s:.1f} s")
    if changes is not None:
        yield Line("Compared", format_changes(changes))
        if of_init := changes_of_init(changes):
            yield Line("", format_init_changes(of_init))


def _contents(report: Report) -> Iterator[Line]:
    if report.handler_code is not None:
        yield Line("Code", report.handler_code.described())
    if report.provided.names:
        names = ", ".join(sorted(report.provided.names))
        yield Line("Provided", f"{names}: the runtime has them")
    services = report.aws_services
    if services is not None:
        yield Line("Services", about_services(services))
        if askers := asking_dependencies(services):
            yield Line("", askers)
    stripped = report.stripped
    if stripped is not None:
        libraries = counted(stripped.files, "library", "libraries")
        saved = megabytes(stripped.saved_bytes)
        yield Line("Stripped", f"{libraries}, {saved} less, by {stripped.tool}")
    for label, text in zip(("Left out", ""), left_out(report), strict=False):
        yield Line(label, text)
    if report.passed_over:
        yield Line("Skipped", f"{skipped(report)}: -v lists them")
    bytecode = report.bytecode
    if bytecode and bytecode.files:
        yield Line(
            "Bytecode",
            f"{counted(bytecode.files, 'file')}, {megabytes(bytecode.size_bytes)}, for"
            f" CPython {bytecode.python}",
        )
    if report.nested:
        yield Line("Nested", _nested(report.nested))


def left_out(report: Report) -> Iterator[str]:
    """Says what is not shipped of the environment, and why."""
    if report.left_out:
        yield f"{', '.join(report.left_out)}: nothing requires them"
    if report.superseded:
        versions = {each.name: each.version for each in report.distributions}
        names = ", ".join(
            f"{', '.join(each.modules)} of {each.distribution}"
            f" {versions.get(each.distribution, '')}".rstrip()
            for each in report.superseded
        )
        yield f"{names}: Python {report.python or ''}".rstrip() + " has its own"


def skipped(report: Report) -> str:
    """Says how much `include` has passed over."""
    return f"{counted(len(report.passed_over), 'path')} of `include`, ignored or hidden"


def _verified(verified: Verified | None, *, nested: bool) -> Iterator[Line]:
    if verified is not None and verified.is_complete:
        text = f"{verified.handler} was imported in {about_init(verified)}"
        yield Line("Handler", text)
        if verified.init is not None:
            labels = chain(("INIT",), repeat(""))
            texts = init_lines(verified.init, nested=nested)
            yield from map(Line, labels, texts)

    called = verified.event if verified else None
    if called is not None and not called.unchecked:
        yield Line("Event", f"{called.event}: {about_call(called)}")
        yield Line("Result", shortened(called.result))
    for label, text in zip(("Printed", "", ""), printed(called, 3), strict=False):
        yield Line(label, text)


def about_call(called: Called) -> str:
    """Says what the call of a handler has taken."""
    left = megabytes(called.tmp_bytes) if called.tmp_bytes else "nothing"
    return (
        f"returned after {called.duration_s or 0:.2f} s, with"
        f" {megabytes(called.peak_bytes or 0)} of memory and {left} more in /tmp"
    )


def shortened(result: str) -> str:
    """The beginning of a result."""
    more = len(result) > _MOST_OF_RESULT
    return f"{result[: _MOST_OF_RESULT - 1]}…" if more else result


def printed(called: Called | None, most: int) -> list[str]:
    """The last lines that a handler has written while it was called.

    Args:
        called: The call; None if there was none.
        most: How many are shown.
    """
    lines = [each for each in called.output.splitlines() if each] if called else []
    more = len(lines) - most + 1
    if more > 1:
        lines = [f"… {more:,} lines before", *lines[more:]]
    return [*map(shortened, lines)]


def about_init(verified: Verified) -> str:
    """Says what the import of a handler has taken."""
    left = megabytes(verified.tmp_bytes) if verified.tmp_bytes else "nothing"
    return (
        f"{verified.init_s or 0:.2f} s, with {megabytes(verified.peak_bytes or 0)} of"
        f" memory and {left} in /tmp"
    )


def unzipped(report: Report) -> str:
    """Says what the service counts, and of how much."""
    if report.limit_bytes is None or report.service is None:
        return megabytes(report.unzipped_bytes)
    share = report.unzipped_bytes / report.limit_bytes
    kept = (
        f", with {megabytes(report.layers_size_bytes)} kept for layers"
        if report.layers_size_bytes
        else ""
    )
    both = ", with its layer" if report.own_layer else ""
    return (
        f"{megabytes(report.unzipped_bytes)} of {limit(report.limit_bytes)},"
        f" {share:.1%}{both}{kept}"
    )


def about_layer(layer: Layer) -> str:
    """Says how large a layer is."""
    return (
        f"{counted(layer.files, 'file')}, {megabytes(layer.unzipped_bytes)},"
        f" {megabytes(layer.output_bytes)} zipped"
    )


def layout(report: Report) -> str:
    """Says how the files are laid out in the archive, and what is extracted of them."""
    files = counted(report.files, "file")
    if report.kind is Kind.LAYER:
        return f"layer, {files}"
    if report.layer:
        own = counted(report.files - report.layer.files, "file")
        return f"flat, {own}, and a layer"
    if report.nested is None:
        return f"flat, {files}"
    extracted_bytes = report.nested.extracted_bytes
    if not extracted_bytes:
        return f"nested, {files}: only tests are, which nothing imports"
    at_once = all(unit.at_init for unit in report.nested.units)
    when = "when the function starts" if at_once else "as they are imported"
    return (
        f"nested, {files}: {megabytes(extracted_bytes)} are extracted into /tmp {when}"
    )


def _nested(nested: Nested) -> str:
    """Names what is nested, the largest first, and whose tests are."""
    units = sorted(nested.units, key=lambda unit: (-unit.size_bytes, unit.names))
    names = ", ".join(
        name
        for unit in units
        if not unit.tests and unit.part_of is None
        for name in ((unit.extension,) if unit.extension else unit.names)
    )
    tests = ", ".join(name for unit in units if unit.tests for name in unit.names)
    return "; ".join(filter(None, (names, tests and f"tests of {tests}")))
