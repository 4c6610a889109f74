"""The report as lines for a console."""

from __future__ import annotations

import os

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier
from packaging.specifiers import SpecifierSet

from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.sources.patterns import exclude_line
from poetry_plugin_package_function.report.changes import format_changes
from poetry_plugin_package_function.report.json_report import code_sha256
from poetry_plugin_package_function.runtimes import DEFAULT_EPHEMERAL_STORAGE_BYTES
from poetry_plugin_package_function.runtimes import DIRECT_UPLOAD_LIMIT_BYTES
from poetry_plugin_package_function.runtimes import MAX_EPHEMERAL_STORAGE_BYTES
from poetry_plugin_package_function.runtimes import MIB
from poetry_plugin_package_function.runtimes import RUNTIMES


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from poetry_plugin_package_function.packaging.native.strip import Stripped
    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.result import Compiled
    from poetry_plugin_package_function.packaging.result import Layer
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
    from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Nested
    from poetry_plugin_package_function.report.changes import Changes


_TMP_RESERVE_MIB: Final = 16
"""For directories, bytecode, and what the file system keeps for itself."""


_PATCHES: Final = 60
"""More than a minor version of Python has ever had."""


_NOTHING: Final[Mapping[str, Path | None]] = MappingProxyType({})


class Severity(StrEnum):
    """What a warning means for the archive."""

    ADVICE = "advice"
    """It works, or it does once the function is set up as the warning says."""

    DEFECT = "defect"
    """It will not work as it is: not even who wants to read nothing may miss that."""


class Warned(NamedTuple):
    """A warning, without any markup."""

    text: str
    severity: Severity = Severity.ADVICE


class Line(NamedTuple):
    """A label and what it is about, without any markup."""

    label: str
    text: str


def summary(
    report: Report,
    elapsed_s: float,
    *,
    changes: Changes | None = None,
    extra_outputs: Mapping[str, Path | None] = _NOTHING,
) -> list[Line]:
    """Tells what was made, how large it is, and by what name Lambda will know it.

    Args:
        report: What has been packaged.
        elapsed_s: How long that took.
        changes: What is different from a previous report.
        extra_outputs: What else has been written, by what it is called.
    """
    lines = [
        Line("File", shown_path(report.output_file)),
        Line("Layout", layout(report)),
        Line("Unzipped", unzipped(report)),
        Line("Zipped", f"{report.output_bytes:,} bytes"),
        Line("SHA-256", f"{code_sha256(report.sha256)} (CodeSha256, source_code_hash)"),
        Line("Took", f"{elapsed_s:.1f} s"),
    ]
    layer = report.own_layer
    if layer is not None:
        lines[-1:-1] = [
            Line("Layer", shown_path(layer.output_file)),
            Line("", about_layer(layer)),
            Line("", f"{code_sha256(layer.sha256)} (CodeSha256 of the layer)"),
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
    if report.verified is not None and report.verified.init_s is not None:
        lines.insert(-1, Line("Handler", _handler(report.verified)))
    if report.stripped is not None:
        lines.insert(2, Line("Stripped", _stripped(report.stripped)))
    if report.provided.names:
        names = ", ".join(sorted(report.provided.names))
        lines.insert(2, Line("Provided", f"{names}: the runtime has them"))
    return [*lines, *_lines_of(changes, extra_outputs)]


def unzipped(report: Report) -> str:
    """Tells what Lambda counts, and of how much."""
    share = report.unzipped_bytes / report.limit_bytes
    kept = (
        f", with {report.layers_size_bytes:,} kept for layers"
        if report.layers_size_bytes
        else ""
    )
    both = " with its layer" if report.own_layer else ""
    return (
        f"{report.unzipped_bytes:,} bytes{both}, {share:.1%} of the"
        f" {report.limit_bytes:,} that Lambda allows{kept}"
    )


def about_layer(layer: Layer) -> str:
    """Tells how large a layer is."""
    return (
        f"{layer.files:,} files, {layer.unzipped_bytes:,} bytes,"
        f" {layer.output_bytes:,} zipped"
    )


def _lines_of(
    changes: Changes | None, extra_outputs: Mapping[str, Path | None]
) -> Iterator[Line]:
    if changes is not None:
        yield Line("Compared", format_changes(changes))
    for label, path in extra_outputs.items():
        if path is not None:
            yield Line(label, shown_path(path))


def warnings(report: Report) -> list[Warned]:
    """Tells what the user should know before deploying."""
    found = [*_doubts(report), *_verdicts(report)]
    if report.provided.why_not:
        found.append(Warned(report.provided.why_not))
    if report.bytecode and report.bytecode.left_out:
        found.append(Warned(_without_bytecode(report, report.bytecode)))
    found += map(Warned, _warnings_of(report.layer) if report.layer else ())
    if report.kind is Kind.FUNCTION and report.output_bytes > DIRECT_UPLOAD_LIMIT_BYTES:
        found.append(Warned(_through_s3("The ZIP")))
    tmp_bytes = report.nested.tmp_bytes if report.nested else 0
    needed_mib = -(-tmp_bytes // MIB) + _TMP_RESERVE_MIB
    if needed_mib * MIB > MAX_EPHEMERAL_STORAGE_BYTES:
        found.append(
            Warned(
                f"The extracted files take up to {tmp_bytes:,} bytes, which do not fit"
                f" into the {MAX_EPHEMERAL_STORAGE_BYTES:,} that /tmp can have at"
                " most.",
                Severity.DEFECT,
            )
        )
    elif needed_mib * MIB > DEFAULT_EPHEMERAL_STORAGE_BYTES:
        found.append(
            Warned(
                f"The extracted files take up to {tmp_bytes:,} bytes of /tmp: set the"
                " function's ephemeral storage (EphemeralStorage.Size) to at least"
                f" {needed_mib} MB."
            )
        )
    return found


def _doubts(report: Report) -> Iterator[Warned]:
    """Tells why what is in the archive may not be what is meant to run.

    The import of the handler proves that it runs all the same.
    """
    is_proven = report.verified is not None and report.verified.is_complete
    severity = Severity.ADVICE if is_proven else Severity.DEFECT
    if report.kind is Kind.FUNCTION and not report.entry_modules:
        yield Warned(
            "The archive has no code of the project. Add it: `packages` in"
            ' [tool.poetry], or include = ["lambda_function.py"] in'
            " [tool.poetry-plugin-package-function].",
            severity,
        )
    for shadow in report.shadows:
        yield Warned(_shadowing(report, shadow), severity)
    yield from (Warned(_overlapping(each)) for each in report.overlaps)


def _shadowing(report: Report, shadow: Shadow) -> str:
    names = [name.removesuffix("/").partition(".")[0] for name in shadow.modules]
    is_own = set(names) <= {*report.entry_modules}
    versions = {each.name: each.version for each in report.distributions}
    owner = shadow.distribution
    who = f"{owner} {versions.get(owner, '')}".rstrip() or "The environment"
    if is_own:
        who = "The project"
    them = "it" if len(names) == 1 else "them"
    way_out = (
        f"Rename {them}."
        if is_own
        else f"Leave {them} out: {exclude_line(*shadow.modules)} in"
        " [tool.poetry-plugin-package-function]."
    )
    return (
        f"{who} has {', '.join(shadow.modules)}, which Lambda finds before Python's own"
        f" {', '.join(names)}: all code that imports {them} gets the wrong one."
        f" {way_out}"
    )


def _overlapping(overlap: Overlap) -> str:
    first, *others = overlap.files
    more = f" and {len(others):,} more" if others else ""
    which = f"that of {overlap.shipped} is shipped"
    if not overlap.shipped:
        which = "what is shipped is neither's"
    return (
        f"{' and '.join(overlap.distributions)} have different files of one name, and"
        f" {which}: {first}{more}. Depend on one of them only."
    )


def _through_s3(what: str) -> str:
    return (
        f"{what} is larger than {DIRECT_UPLOAD_LIMIT_BYTES:,} bytes (50 MB): it has to"
        " be uploaded through S3."
    )


def _warnings_of(layer: Layer) -> Iterator[str]:
    if layer.output_bytes > DIRECT_UPLOAD_LIMIT_BYTES:
        yield _through_s3("The layer's ZIP")
    if layer.unread:
        yield (
            f"Python does not obey .pth files of layers: {', '.join(layer.unread)}."
            " If something needs them, package without a layer."
        )


def runtime_warnings(
    report: Report, requires_python: str | None, today: date
) -> Iterator[Warned]:
    """Tells if the Python is none of Lambda's, or will not be for long.

    Args:
        report: What has been packaged.
        requires_python: What the project says of itself.
        today: What "not any more" is measured by.
    """
    if report.target is not None and report.target.runtime is None:
        return  # another cloud's
    runtime = RUNTIMES.get(f"python{report.python}")
    if _allows_none(requires_python):
        yield Warned(
            f"`requires-python` is {requires_python!r}, which allows none of Lambda's"
            f" runtimes: {', '.join(RUNTIMES)}.",
            Severity.DEFECT,
        )
    elif report.python is not None and runtime is None:
        yield Warned(
            f"Lambda has no runtime for Python {report.python}; it has"
            f" {', '.join(RUNTIMES)}. Choose one: --runtime; for a runtime of your own,"
            " or another cloud, give its --platform.",
            Severity.DEFECT,
        )
    elif runtime and runtime.deprecated_on and runtime.deprecated_on <= today:
        yield Warned(
            f"{runtime.name} has been deprecated since {runtime.deprecated_on}: it gets"
            " no security patches any more. Choose a newer one: --runtime."
        )
    elif runtime and runtime.is_preview:
        yield Warned(
            f"{runtime.name} is a preview at Lambda, which may still change: it is not"
            " for production."
        )


def _allows_none(requires_python: str | None) -> bool:
    try:
        allowed = SpecifierSet(requires_python or "")
    except InvalidSpecifier:
        return False  # that is for Poetry to tell
    return not any(
        allowed.contains(f"{runtime.python}.{patch}", prereleases=True)
        for runtime in RUNTIMES.values()
        for patch in range(_PATCHES)
    )


_MOST: Final = 8
_SMALLEST_SHARE: Final = 0.01


def ranked(
    report: Report,
) -> tuple[list[DistributionSize], list[DistributionSize]]:
    """Sorts distributions by size: the largest, and the rest.

    Those that take less than a hundredth are not among the largest.
    """
    rows = sorted(
        report.distributions, key=lambda each: (-each.unzipped_bytes, each.name)
    )
    least_bytes = report.uncompressed_bytes * _SMALLEST_SHARE
    largest = [each for each in rows[:_MOST] if each.unzipped_bytes >= least_bytes]
    return largest, rows[len(largest) :]


def sizes(report: Report, *, all_of_them: bool) -> list[str]:
    """Makes a table of the largest distributions, or of all."""
    largest, rest = ranked(report)
    rows = [*largest, *rest] if all_of_them else largest
    names = [each.name or "(no distribution)" for each in rows]
    width = max(map(len, names), default=0)
    lines = [
        f"{'':<{width}}  {'unzipped':>13}  {'zipped':>13}  share            required by"
    ]
    for each, name in zip(rows, names, strict=True):
        share = each.unzipped_bytes / (report.uncompressed_bytes or 1)
        lines.append(
            f"{name:<{width}}  {each.unzipped_bytes:>13,}  {each.zipped_bytes:>13,}"
            f"  {share:>5.1%}  {place(each, report):<8}"
            f"  {' > '.join(each.path[:-1])}"
        )
    return [line.rstrip() for line in lines] if rows else []


def place(distribution: DistributionSize, report: Report) -> str:
    """Tells where the files of a distribution are."""
    if distribution.nested:
        return "nested"
    if report.layer:
        return "layer" if distribution.layer else "function"
    return "flat"


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
    left = report.stripped.left if report.stripped else ()
    if left:
        lines.append(f"Not stripped, as it would not be safe: {', '.join(left)}")
    for each in report.findings:
        owner = each.distribution or "no distribution"
        lines.append(f"Audit: {each.file} of {owner} {each.what}. {each.hint}")
    if report.verified and report.verified.unused:
        unused = ", ".join(report.verified.unused)
        lines.append(f"The handler's import has used nothing of: {unused}")
    skipped = report.bytecode.skipped if report.bytecode else ()
    if skipped:
        what = "file does" if len(skipped) == 1 else "files do"
        lines.append(f"{len(skipped):,} {what} not compile: {', '.join(skipped)}")
    return lines


def changed_files(changes: Changes | None) -> Iterator[str]:
    """Names all files that are different from those of a previous report."""
    for name, what in changes.files.in_order() if changes else ():
        yield f"File {what}: {name}"


def _stripped(stripped: Stripped) -> str:
    what = "library" if stripped.files == 1 else "libraries"
    return (
        f"{stripped.files:,} {what}, {stripped.saved_bytes:,} bytes less, by"
        f" {stripped.tool}"
    )


def _handler(verified: Verified) -> str:
    return (
        f"{verified.handler} was imported in {verified.init_s:.2f} s, with"
        f" {verified.peak_bytes:,} bytes of memory and {verified.tmp_bytes:,} in /tmp"
    )


_LIMITS: Final = {
    "init": Warned(
        "INIT took {measured:.1f} s here, and Lambda ends it after {allowed:.0f} s on"
        " demand: import less at the top of modules, or add bytecode (--compile)."
    ),
    "tmp": Warned(
        "The handler left {measured:,} bytes in /tmp, which has {allowed:,}: set"
        " EphemeralStorage.Size."
    ),
    "memory": Warned(
        "The handler took {measured:,} bytes of memory before its first event; the"
        " function is to have {allowed:,}.",
        Severity.DEFECT,
    ),
}
"""INIT that takes too long is run again; a process without memory is killed."""


def _verdicts(report: Report) -> Iterator[Warned]:
    """Tells what the audit and the handler's import have found."""
    if report.findings:
        names = sorted({each.distribution or "others" for each in report.findings})
        count = len({each.file for each in report.findings})
        files, them = ("file does", "it") if count == 1 else ("files do", "them")
        yield Warned(
            f"{count:,} {files} not fit the target, and may not be needed there"
            f" ({', '.join(names)}): -v lists {them}."
        )
    verified = report.verified
    if verified is None:
        return
    if not verified.is_complete:
        yield Warned(f"{verified.handler}: {verified.unchecked}")
    for each in verified.judgements:
        if not each.holds:
            text, severity = _LIMITS[each.limit]
            yield Warned(
                text.format(measured=each.measured, allowed=each.allowed), severity
            )


def shown_path(path: Path) -> str:
    """Shortens a path that is below the current directory."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative


def _without_bytecode(report: Report, bytecode: Compiled) -> str:
    names = ", ".join(name or "files of no distribution" for name in bytecode.left_out)
    if report.layer:
        return f"The bytecode was left out ({names}): with it nothing would fit."
    if report.layout is Layout.FLAT:
        return (
            f"The bytecode was left out ({names}): with it the result would not be flat"
            " any more, and start more slowly than it does without."
        )
    return f"There is no room for the bytecode of {names}."


def layout(report: Report) -> str:
    """Tells how the files stand in the archive, and what is extracted of them."""
    if report.kind is Kind.LAYER:
        return f"layer, {report.files:,} files"
    if report.layer:
        own = report.files - report.layer.files
        return f"flat, {own:,} files, and a layer"
    if report.layout is Layout.FLAT:
        return f"flat, {report.files:,} files"
    nested = report.nested
    at_once = nested is not None and all(unit.at_init for unit in nested.units)
    when = "when the function starts" if at_once else "as they are imported"
    extracted_bytes = nested.extracted_bytes if nested else 0
    if not extracted_bytes:
        return f"nested, {report.files:,} files: only tests are, which nothing imports"
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
