"""The report as lines for a console."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.report.json_report import code_sha256
from poetry_plugin_package_function.runtimes import DEFAULT_EPHEMERAL_STORAGE_BYTES
from poetry_plugin_package_function.runtimes import DIRECT_UPLOAD_LIMIT_BYTES
from poetry_plugin_package_function.runtimes import MAX_EPHEMERAL_STORAGE_BYTES
from poetry_plugin_package_function.runtimes import MIB


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.service import Compiled
    from poetry_plugin_package_function.packaging.service import Report
    from poetry_plugin_package_function.packaging.writing import Nested


_TMP_RESERVE_MIB: Final = 16
"""For directories, bytecode, and what the file system keeps for itself."""


class Line(NamedTuple):
    """A label and what it is about, without any markup."""

    label: str
    text: str


def summary(report: Report, elapsed_s: float) -> list[Line]:
    """Tells what was made, how large it is, and by what name Lambda will know it."""
    share = report.unzipped_bytes / report.limit_bytes
    layers = (
        f", with {report.layers_size_bytes:,} kept for layers"
        if report.layers_size_bytes
        else ""
    )
    lines = [
        Line("File", shown_path(report.output_file)),
        Line("Layout", _layout(report)),
        Line(
            "Unzipped",
            f"{report.unzipped_bytes:,} bytes, {share:.1%} of the"
            f" {report.limit_bytes:,} that Lambda allows{layers}",
        ),
        Line("Zipped", f"{report.output_bytes:,} bytes"),
        Line("SHA-256", f"{code_sha256(report)} (CodeSha256, source_code_hash)"),
        Line("Took", f"{elapsed_s:.1f} s"),
    ]
    if report.nested:
        lines.insert(2, Line("Nested", _nested(report.nested)))
    bytecode = report.bytecode
    if bytecode and bytecode.files:
        lines.insert(
            2,
            Line(
                "Bytecode",
                f"{bytecode.files:,} files, {bytecode.size_bytes:,} bytes, for CPython"
                f" {bytecode.python}",
            ),
        )
    if report.left_out:
        lines.insert(
            2, Line("Left out", f"{', '.join(report.left_out)}: nothing requires them")
        )
    return lines


def warnings(report: Report) -> list[str]:
    """Tells what the user should know before deploying."""
    found = []
    if not report.entry_modules:
        found.append(
            "The archive has no code of the project. Add it: `packages` in"
            ' [tool.poetry], or include = ["lambda_function.py"] in'
            " [tool.poetry-plugin-package-function]."
        )
    if report.bytecode and report.bytecode.left_out:
        found.append(_without_bytecode(report, report.bytecode))
    if report.output_bytes > DIRECT_UPLOAD_LIMIT_BYTES:
        found.append(
            f"The ZIP is larger than {DIRECT_UPLOAD_LIMIT_BYTES:,} bytes (50 MB): it"
            " has to be uploaded through S3."
        )
    tmp_bytes = report.nested.tmp_bytes if report.nested else 0
    needed_mib = -(-tmp_bytes // MIB) + _TMP_RESERVE_MIB
    if needed_mib * MIB > MAX_EPHEMERAL_STORAGE_BYTES:
        found.append(
            f"The extracted files take up to {tmp_bytes:,} bytes, which do not fit"
            f" into the {MAX_EPHEMERAL_STORAGE_BYTES:,} that /tmp can have at most."
        )
    elif needed_mib * MIB > DEFAULT_EPHEMERAL_STORAGE_BYTES:
        found.append(
            f"The extracted files take up to {tmp_bytes:,} bytes of /tmp: set the"
            " function's ephemeral storage (EphemeralStorage.Size) to at least"
            f" {needed_mib} MB."
        )
    return found


def details(report: Report) -> list[str]:
    """Tells what only those want to know who ask for it."""
    lines = []
    for unit in report.nested.units if report.nested else ():
        names = ", ".join(unit.names)
        if unit.tests:
            names = f"tests of {names}"
        elif unit.extension:
            names = f"{unit.extension} of {names}"
        when = ", when the function starts" if unit.at_init else ""
        lines.append(f"Nested: {names}, {unit.size_bytes:,} bytes{when}: {unit.why}")
    skipped = report.bytecode.skipped if report.bytecode else ()
    if skipped:
        what = "file does" if len(skipped) == 1 else "files do"
        lines.append(f"{len(skipped):,} {what} not compile: {', '.join(skipped)}")
    return lines


def shown_path(path: Path) -> str:
    """Shortens a path that is below the current directory."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _without_bytecode(report: Report, bytecode: Compiled) -> str:
    names = ", ".join(name or "files of no distribution" for name in bytecode.left_out)
    if report.layout is Layout.FLAT:
        return (
            f"The bytecode was left out ({names}): with it the result would not be flat"
            " any more, and start more slowly than it does without."
        )
    return f"There is no room for the bytecode of {names}."


def _layout(report: Report) -> str:
    if report.layout is Layout.FLAT:
        return f"flat, {report.files:,} files"
    nested = report.nested
    at_once = nested is not None and all(unit.at_init for unit in nested.units)
    when = "when the function starts" if at_once else "as they are imported"
    extracted_bytes = nested.extracted_bytes if nested else 0
    return (
        f"nested, {report.files:,} files: {extracted_bytes:,} bytes are extracted into"
        f" /tmp {when}"
    )


def _nested(nested: Nested) -> str:
    """Names what is nested, the largest first, and whose tests are."""
    units = sorted(nested.units, key=lambda unit: (-unit.size_bytes, unit.names))
    names = [
        name
        for unit in units
        if not unit.tests and unit.part_of is None
        for name in ((unit.extension,) if unit.extension else unit.names)
    ]
    tests = [name for unit in units if unit.tests for name in unit.names]
    tests_of = [f"tests of {', '.join(tests)}"] if tests else []
    return "; ".join([*([", ".join(names)] if names else []), *tests_of])
