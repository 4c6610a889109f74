"""What was made, in lines for a console."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.report.changes import format_changes
from poetry_plugin_package_function.report.json_report import code_sha256
from poetry_plugin_package_function.report.made_for import made_for


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Layer
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.writing import Nested
    from poetry_plugin_package_function.report.changes import Changes


NOTHING_WRITTEN: Final = "nothing has been written, and nothing replaced"
"""The result of a dry run."""


class Line(NamedTuple):
    """A label and what it is about, without any markup."""

    label: str
    text: str


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
    yield Line("Zipped", f"{report.output_bytes:,} bytes")
    yield Line(
        "SHA-256", f"{code_sha256(report.sha256)} (CodeSha256, source_code_hash)"
    )
    layer = report.own_layer
    if layer is not None:
        yield Line("Layer", shown_path(layer.output_file))
        yield Line("", about_layer(layer))
        yield Line("", f"{code_sha256(layer.sha256)} (CodeSha256 of the layer)")
    if report.verified is not None and report.verified.init_s is not None:
        yield Line(
            "Handler",
            f"{report.verified.handler} was imported in {report.verified.init_s:.2f} s,"
            f" with {report.verified.peak_bytes:,} bytes of memory and"
            f" {report.verified.tmp_bytes:,} in /tmp",
        )
    yield Line("Took", f"{elapsed_s:.1f} s")
    if changes is not None:
        yield Line("Compared", format_changes(changes))


def _contents(report: Report) -> Iterator[Line]:
    if report.handler_code is not None:
        yield Line("Code", report.handler_code.described())
    if report.provided.names:
        names = ", ".join(sorted(report.provided.names))
        yield Line("Provided", f"{names}: the runtime has them")
    stripped = report.stripped
    if stripped is not None:
        what = "library" if stripped.files == 1 else "libraries"
        yield Line(
            "Stripped",
            f"{stripped.files:,} {what}, {stripped.saved_bytes:,} bytes less, by"
            f" {stripped.tool}",
        )
    if report.left_out:
        yield Line("Left out", f"{', '.join(report.left_out)}: nothing requires them")
    if report.passed_over:
        yield Line("Skipped", f"{skipped(report)}: -v lists them")
    bytecode = report.bytecode
    if bytecode and bytecode.files:
        yield Line(
            "Bytecode",
            f"{bytecode.files:,} files, {bytecode.size_bytes:,} bytes, for CPython"
            f" {bytecode.python}",
        )
    if report.nested:
        yield Line("Nested", _nested(report.nested))


def skipped(report: Report) -> str:
    """Says how much `include` has passed over."""
    count = len(report.passed_over)
    what = "path" if count == 1 else "paths"
    return f"{count:,} {what} of `include`, ignored or hidden"


def unzipped(report: Report) -> str:
    """Says what the service counts, and of how much."""
    if report.limit_bytes is None or report.service is None:
        return f"{report.unzipped_bytes:,} bytes"
    share = report.unzipped_bytes / report.limit_bytes
    kept = (
        f", with {report.layers_size_bytes:,} kept for layers"
        if report.layers_size_bytes
        else ""
    )
    both = " with its layer" if report.own_layer else ""
    return (
        f"{report.unzipped_bytes:,} bytes{both}, {share:.1%} of the"
        f" {report.limit_bytes:,} that {report.service.name} allows{kept}"
    )


def about_layer(layer: Layer) -> str:
    """Says how large a layer is."""
    return (
        f"{layer.files:,} files, {layer.unzipped_bytes:,} bytes,"
        f" {layer.output_bytes:,} zipped"
    )


def layout(report: Report) -> str:
    """Says how the files are laid out in the archive, and what is extracted of them."""
    if report.kind is Kind.LAYER:
        return f"layer, {report.files:,} files"
    if report.layer:
        own = report.files - report.layer.files
        return f"flat, {own:,} files, and a layer"
    if report.nested is None:
        return f"flat, {report.files:,} files"
    extracted_bytes = report.nested.extracted_bytes
    if not extracted_bytes:
        return f"nested, {report.files:,} files: only tests are, which nothing imports"
    at_once = all(unit.at_init for unit in report.nested.units)
    when = "when the function starts" if at_once else "as they are imported"
    return (
        f"nested, {report.files:,} files: {extracted_bytes:,} bytes are extracted into"
        f" /tmp {when}"
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


def shown_path(path: Path) -> str:
    """Shortens a path that is below the current directory."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
