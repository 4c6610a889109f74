"""What the user should know before deploying, and how grave it is."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier
from packaging.specifiers import SpecifierSet

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.sources.patterns import exclude_line
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.services import Feature


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from datetime import date

    from poetry_plugin_package_function.packaging.audit.findings import Finding
    from poetry_plugin_package_function.packaging.result import Compiled
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
    from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.services import Service


_TMP_RESERVE_MIB: Final = 16
"""For directories, bytecode, and what the file system keeps for itself."""


_PATCHES: Final = 60
"""More than a minor version of Python has ever had."""


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


def warnings(report: Report) -> Iterator[Warned]:
    """Says what the user should know before deploying."""
    yield from _doubts(report)
    yield from _verdicts(report)
    if report.provided.why_not:
        yield Warned(report.provided.why_not)
    if report.bytecode and report.bytecode.left_out:
        yield Warned(_without_bytecode(report, report.bytecode))
    if report.layer and report.layer.unread:
        yield Warned(
            "Python does not obey .pth files of layers:"
            f" {', '.join(report.layer.unread)}. If something needs them, package"
            " without a layer."
        )
    if report.service is not None:
        yield from _limits_of(report.service, report)


def _limits_of(service: Service, report: Report) -> Iterator[Warned]:
    """Says what has to be set, or done otherwise, because of a service's limits."""
    limit_bytes = service.direct_upload_limit_bytes
    if limit_bytes is not None:
        if report.layer and report.layer.output_bytes > limit_bytes:
            yield Warned(_through_s3("The layer's ZIP", limit_bytes))
        if report.kind is Kind.FUNCTION and report.output_bytes > limit_bytes:
            yield Warned(_through_s3("The ZIP", limit_bytes))
    tmp_bytes = report.nested.tmp_bytes if report.nested else 0
    needed_mib = -(-tmp_bytes // MIB) + _TMP_RESERVE_MIB
    most_bytes = service.max_ephemeral_storage_bytes
    has_bytes = service.ephemeral_storage_bytes
    if report.ephemeral_storage_mb is not None:
        has_bytes = report.ephemeral_storage_mb * MIB
    if most_bytes is not None and needed_mib * MIB > most_bytes:
        yield Warned(
            f"The extracted files take up to {megabytes(tmp_bytes)}, which do not fit"
            f" into the {limit(most_bytes)} that /tmp can have at most.",
            Severity.DEFECT,
        )
    elif has_bytes is not None and needed_mib * MIB > has_bytes:
        yield Warned(
            f"The extracted files take up to {megabytes(tmp_bytes)} of /tmp, which has"
            f" {limit(has_bytes)}: set the function's ephemeral storage"
            f" (EphemeralStorage.Size) to at least {needed_mib} MB."
        )


def _doubts(report: Report) -> Iterator[Warned]:
    """Says why what is in the archive may not be what is meant to run.

    The import of the handler proves that it runs all the same.
    """
    is_proven = report.verified is not None and report.verified.is_complete
    severity = Severity.ADVICE if is_proven else Severity.DEFECT
    if report.no_code:
        yield Warned(report.no_code, severity)
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
        else f"Leave {them} out: {exclude_line(*shadow.modules)} in [tool.{TABLE}]."
    )
    return (
        f"{who} has {', '.join(shadow.modules)}, which Lambda finds before Python's own"
        f" {', '.join(names)}: all code that imports {them} gets the wrong one."
        f" {way_out}"
    )


def _overlapping(overlap: Overlap) -> str:
    which = f"that of {overlap.shipped} is shipped"
    if not overlap.shipped:
        which = "what is shipped is neither's"
    return (
        f"{' and '.join(overlap.distributions)} have different files of one name, and"
        f" {which}: {listed(overlap.files, 1)}. Depend on one of them only."
    )


def _through_s3(what: str, limit_bytes: int) -> str:
    return (
        f"{what} is larger than {limit(limit_bytes)}: it has to be uploaded through S3."
    )


def runtime_warnings(
    report: Report, requires_python: str | None, today: date
) -> Iterator[Warned]:
    """Says if the Python is none of the service's, or will not be for long.

    Args:
        report: What has been packaged.
        requires_python: What the project says of itself.
        today: What "not any more" is measured by.
    """
    service = report.service
    if service is None:
        return  # another cloud's
    runtime = service.runtime(report.python)
    if _allows_none(requires_python, service):
        yield Warned(
            f"`requires-python` is {requires_python!r}, which allows none of"
            f" {service.name}'s runtimes: {service.runtime_names}.",
            Severity.DEFECT,
        )
    elif report.python is not None and runtime is None:
        yield Warned(
            f"{service.name} has no runtime for Python {report.python}; it has"
            f" {service.runtime_names}. Choose one: --runtime; for a runtime of your"
            " own, or another cloud, give its --platform.",
            Severity.DEFECT,
        )
    elif runtime and runtime.deprecated_on and runtime.deprecated_on <= today:
        yield Warned(
            f"{runtime.name} has been deprecated since {runtime.deprecated_on}: it gets"
            " no security patches any more. Choose a newer one: --runtime."
        )
    elif runtime and runtime.is_preview:
        yield Warned(
            f"{runtime.name} is a preview at {service.name}, which may still change: it"
            " is not for production."
        )


def _allows_none(requires_python: str | None, service: Service) -> bool:
    try:
        allowed = SpecifierSet(requires_python or "")
    except InvalidSpecifier:
        return False  # that is for Poetry to say
    return not any(
        allowed.contains(f"{runtime.python}.{patch}", prereleases=True)
        for runtime in service.runtimes
        for patch in range(_PATCHES)
    )


_LIMITS: Final = {
    "init": Warned(
        "INIT took {measured} here, and {service}: import less at the top of modules,"
        " or add bytecode (--compile)."
    ),
    "tmp": Warned(
        "The handler left {measured} in /tmp, which has {allowed}: set"
        " EphemeralStorage.Size."
    ),
    "memory": Warned(
        "The handler took {measured} of memory before its first event; the function is"
        " to have {allowed}.",
        Severity.DEFECT,
    ),
    "event-memory": Warned(
        "The handler took {measured} of memory with its event; the function is to have"
        " {allowed}.",
        Severity.DEFECT,
    ),
}
"""INIT that takes too long is run again; a process without memory is killed."""


def _verdicts(report: Report) -> Iterator[Warned]:
    """Says what the audit and the handler's import have found."""
    if errors := [each for each in report.findings if not each.is_warning]:
        names, count = _owners(errors)
        them = "it" if count == 1 else "them"
        yield Warned(
            f"{counted(count, 'file')} cannot work on {report.target} ({names}): -v"
            f" lists {them}. If the function has another runtime or architecture, name"
            " it: --runtime, --architecture.",
            Severity.DEFECT,
        )
    if doubtful := [each for each in report.findings if each.is_warning]:
        names, count = _owners(doubtful)
        them = "it" if count == 1 else "them"
        yield Warned(
            f"{counted(count, 'file does', 'files do')} not fit the target, and may not"
            f" be needed there ({names}): -v lists {them}."
        )
    verified = report.verified
    if verified is None:
        return
    if doubts := " ".join(filter(None, (verified.unchecked, _made_up(verified)))):
        yield Warned(f"{verified.handler}: {doubts}")
    if verified.event and verified.event.unchecked:
        yield Warned(
            f"{verified.handler} was called with {verified.event.event}, and did not"
            f" get to its end here. {verified.event.unchecked}"
        )
    for each in verified.judgements:
        if not each.holds:
            text, severity = _LIMITS[each.limit]
            measured, allowed = megabytes(int(each.measured)), limit(int(each.allowed))
            if each.limit == "init":
                measured, allowed = f"{each.measured:.1f} s", f"{each.allowed:.0f} s"
            service = report.service or LAMBDA
            beyond = service.beyond_init_limit.format(allowed=allowed)
            yield Warned(
                text.format(
                    measured=measured,
                    allowed=allowed,
                    service=f"{service.name} {beyond}",
                ),
                severity,
            )


def _made_up(verified: Verified) -> str:
    """Says which variables the import has had made-up values for, and what to write."""
    if not verified.made_up:
        return verified.advice
    is_one = len(verified.made_up) == 1
    return (
        f"{', '.join(verified.made_up)} had"
        f" {'a made-up value' if is_one else 'made-up values'}, as nothing here sets"
        f" {'it' if is_one else 'them'}. {verified.advice}"
    )


def _owners(findings: Sequence[Finding]) -> tuple[str, int]:
    """Names whose files have been found, and counts the files."""
    names = sorted({each.distribution or NOBODYS for each in findings})
    return ", ".join(names), len({each.file for each in findings})


def _without_bytecode(report: Report, bytecode: Compiled) -> str:
    names = ", ".join(name or NOBODYS for name in bytecode.left_out)
    nests = report.service is None or Feature.NESTING in report.service.features
    if report.layer or not nests:
        return f"The bytecode was left out ({names}): with it nothing would fit."
    if report.layout is Layout.FLAT:
        return (
            f"The bytecode was left out ({names}): with it the result would not be flat"
            " any more, and start more slowly than it does without."
        )
    return f"There is no room for the bytecode of {names}."
