"""What to do with a finished archive: lines to copy."""

from __future__ import annotations

import shlex

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.aws.data import services_line
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.report.warned import Severity
from poetry_plugin_package_function.screen import fitted
from poetry_plugin_package_function.screen import shown_path
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.aws.data import AwsServices
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.report.outcome import Outcome


_MOST_CANDIDATES: Final = 3
_MOST_NAMED: Final = 3
_INDENT: Final = "    "
_GOES_ON: Final = " \\"
_LAYER: Final = "aws lambda publish-layer-version", "--layer-name NAME"
_CONFIGURATION: Final = "aws lambda update-function-configuration"
"""A function's layers are a part of it: they name a version of each layer."""


class Step(NamedTuple):
    """Something to do next.

    Attributes:
        what: A sentence.
        commands: What to type for it: of each command the parts that stay together.
    """

    what: str
    commands: tuple[tuple[str, ...], ...] = ()

    def lines(self, columns: int | None) -> Iterator[str]:
        """Writes it; a command that does not fit goes on in the next line.

        Args:
            columns: How many there are; None to break nothing.
        """
        yield from fitted(f"- {self.what}", columns)
        for parts in self.commands:
            yield from _command_lines(_apart(parts, columns), columns)


def _apart(parts: Sequence[str], columns: int | None) -> list[str]:
    """Parts an option from its value where both do not fit into a line of their own."""
    room = None if columns is None else columns - len(_INDENT) * 2 - len(_GOES_ON)
    found: list[str] = []
    for part in parts:
        is_too_long = room is not None and len(part) > room
        found += part.split(" ", 1) if is_too_long else [part]
    return found


def _command_lines(parts: Sequence[str], columns: int | None) -> Iterator[str]:
    """Breaks a command as a shell reads it: a backslash is the last of a line."""
    line = f"{_INDENT}{parts[0]}"
    for part in parts[1:]:
        longer = f"{line} {part}"
        if columns is None or len(longer) + len(_GOES_ON) <= columns:
            line = longer
        else:
            yield f"{line}{_GOES_ON}"
            line = f"{_INDENT * 2}{part}"
    yield line


def next_steps(outcomes: Sequence[Outcome]) -> list[Step]:
    """Says what to do with what a run has packaged.

    Nothing, if it will not work, has not been written, or is for a cloud of which we
    do not know how it is deployed there.

    Args:
        outcomes: All of it, in order.
    """
    found = [each for each in outcomes if _can_work(each)]
    steps = [step for each in found for step in _handler(each.report)]
    steps += _services(found)
    changed = [each for each in found if not _is_deployed(each.changes)]
    if found and not changed:
        one = "it is what the earlier report describes"
        all_of_them = "all are what the earlier reports describe"
        what = one if len(outcomes) == 1 else all_of_them
        return [*steps, Step(f"There is nothing to deploy: {what}.")]
    if changed:
        first, *others = changed
        what = _sentence(first, has_others=bool(others))
        steps.append(Step(what, tuple(_deployment(first))))
    return steps


def _can_work(outcome: Outcome) -> bool:
    report = outcome.report
    return (
        report.service is not None
        and not report.dry_run
        and all(each.severity is not Severity.DEFECT for each in outcome.warnings)
    )


def _is_deployed(changes: Changes | None) -> bool:
    """Whether it is what the previous report is about."""
    return (
        changes is not None
        and changes.unchanged
        and changes.layer_unchanged is not False
    )


def _handler(report: Report) -> Iterator[Step]:
    if report.verified is not None or report.kind is Kind.LAYER:
        return
    if report.service is not LAMBDA:
        return  # others run a file, and import no function of it
    about = f"{report.function}: see" if report.function else "See"
    shown = report.handler_candidates[:_MOST_CANDIDATES]
    names = " or --handler ".join(shown) or "MODULE.FUNCTION"
    yield Step(f"{about} whether it imports, as on Lambda: --handler {names}")


def _services(outcomes: Iterable[Outcome]) -> Iterator[Step]:
    """Says what could be left out of botocore's data, where that is known.

    Functions that share their code share the line.
    """
    found: dict[AwsServices, list[str]] = {}
    for report in (each.report for each in outcomes):
        if report.aws_suggestion is not None:
            found.setdefault(report.aws_suggestion, []).append(report.function or "")
    for services, functions in found.items():
        names = listed(functions, _MOST_NAMED)
        about = f"{names}: " if names else ""
        yield Step(
            f"{about}{services_line(services.names)} would leave out"
            f" {megabytes(services.left_out_bytes)}: data of services that no code asks"
            " for."
        )


def _sentence(first: Outcome, *, has_others: bool) -> str:
    report = first.report
    what = report.function or "it"
    others = ", and the others in the same way" if has_others else ""
    if report.service is not None and report.service is not LAMBDA:
        return f"Upload {what} for {report.service.name}{others}:"
    if first.is_declared:
        return f"Deploy {what} with the template, or its code alone{others}:"
    return f"Deploy {what}{others}:"


def _deployment(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    """Lists the commands that bring the archives to the service."""
    report, changes = outcome.report, outcome.changes
    if report.service is not LAMBDA:
        yield _to_bucket(report.output_file)  # where the service takes it from
        return
    name = "NAME"
    if report.function is not None and not outcome.is_declared:
        name = report.function
    function = f"--function-name {name}"
    layer = report.layer
    layer_is_new = changes is None or not changes.layer_unchanged
    if layer is not None and layer_is_new:
        content = ("--content S3Bucket=BUCKET,S3Key={}",)
        yield from _upload(_LAYER, layer.output_file, layer.output_bytes, content)
        if report.kind is Kind.FUNCTION:
            yield _CONFIGURATION, function, "--layers LAYER_VERSION_ARN"
    is_new = changes is None or not changes.unchanged
    if report.kind is Kind.FUNCTION and is_new:
        command = "aws lambda update-function-code", function
        code = "--s3-bucket BUCKET", "--s3-key {}"
        yield from _upload(command, report.output_file, report.output_bytes, code)


def _upload(
    command: tuple[str, ...],
    path: Path,
    size_bytes: int,
    options: tuple[str, ...],
) -> Iterator[tuple[str, ...]]:
    """Lists the commands for an archive: directly, or through S3.

    Args:
        command: What takes it.
        path: Where it is.
        size_bytes: Its size.
        options: What names an object in a bucket, where "{}" stands for its key.
    """
    shown = shown_path(path)
    limit_bytes = LAMBDA.direct_upload_limit_bytes
    if limit_bytes is None or size_bytes <= limit_bytes:
        yield (*command, f"--zip-file {shlex.quote(f'fileb://{shown}')}")
        return
    key = shlex.quote(path.name)
    yield _to_bucket(path)
    yield (*command, *(each.format(key) for each in options))


def _to_bucket(path: Path) -> tuple[str, ...]:
    key = shlex.quote(f"s3://BUCKET/{path.name}")
    return "aws s3 cp", shlex.quote(shown_path(path)), key
