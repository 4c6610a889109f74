"""What a run is asked for, and what it has to show: the same for both front ends."""

from __future__ import annotations

import os
import time

from dataclasses import dataclass
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any

from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.changes import read_previous
from poetry_plugin_package_function.report.details import details
from poetry_plugin_package_function.report.details import sizes
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.outcome import Outcome
from poetry_plugin_package_function.report.strict import refuse_warnings
from poetry_plugin_package_function.report.summary import NOTHING_WRITTEN
from poetry_plugin_package_function.report.summary import Line
from poetry_plugin_package_function.report.summary import shown_path
from poetry_plugin_package_function.report.summary import summary
from poetry_plugin_package_function.report.summary import unused
from poetry_plugin_package_function.report.warned import runtime_warnings
from poetry_plugin_package_function.report.warned import warnings
from poetry_plugin_package_function.resolution import resolve


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.service import Pending
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.report.previous import PreviousReport
    from poetry_plugin_package_function.report.warned import Warned
    from poetry_plugin_package_function.settings import Settings


@dataclass(frozen=True)
class Request:
    """What a run is asked for.

    Attributes:
        project: Whose functions they are.
        functions: Their settings, in the order in which they are shown.
        timestamp: The time of all members.
        previous: The reports that they are compared with, by the archive's place.
        started_s: When the run has begun, on the monotonic clock.
    """

    project: Project
    functions: tuple[Settings, ...]
    timestamp: DosTime
    previous: Mapping[Path, PreviousReport | None]
    started_s: float

    def changes(self, settings: Settings, report: Report) -> Changes | None:
        """Compares a function's report with its previous one, if there is one."""
        return changes_since(self.previous[settings.output], report)

    def warnings(self, report: Report) -> list[Warned]:
        """Says what is to be known of a function before it is deployed."""
        requires_python = self.project.requires_python
        today = datetime.now(UTC).date()
        return [*warnings(report), *runtime_warnings(report, requires_python, today)]

    def complete(
        self, settings: Settings, pending: Pending, warned: Iterable[str] = ()
    ) -> Report:
        """Writes what describes a function's archive, and returns its report.

        Args:
            settings: The function's.
            pending: Its archive, not yet at its place.
            warned: What has been warned of on the way.

        Raises:
            StrictError: There are warnings, and none are wanted.
            OSError: It cannot be written.
        """
        report = pending.report
        if settings.strict:
            found = (each.text for each in self.warnings(report))
            refuse_warnings([*warned, *found], report)
        if settings.report is not None:
            content = as_json(report, self.changes(settings, report))
            pending.outputs[settings.report].write(content)
        if settings.sizes is not None:
            # Few ask for it, and each run would wait for what it imports.
            from poetry_plugin_package_function.report.treemap import as_html

            pending.outputs[settings.sizes].write(as_html(report, pending.files))
        return report


def read_request(
    pyproject: Path,
    flags: Mapping[str, Any],
    names: Sequence[str] | None,
    default_output_dir: Path,
    *,
    dry_run: bool = False,
) -> Request:
    """Reads and checks all that a run needs to know before it begins.

    Args:
        pyproject: The project's.
        flags: See `resolve`.
        names: See `resolve`.
        default_output_dir: See `resolve`.
        dry_run: Whether nothing is to be written.

    Raises:
        ConfigError: Something in pyproject.toml or on the command line is wrong.
        SourceDateEpochError: SOURCE_DATE_EPOCH is.
    """
    started_s = time.monotonic()
    timestamp = archive_time(os.environ)
    project = read_project(pyproject)
    found = resolve(flags, project, names, default_output_dir=default_output_dir)
    functions = tuple(replace(each, dry_run=dry_run) for each in found)
    previous = {each.output: read_previous(each) for each in functions}
    return Request(project, functions, timestamp, previous, started_s)


def outcomes(
    request: Request, packaged: Iterable[tuple[Settings, Report]], *, verbose: bool
) -> Iterator[Outcome]:
    """Puts into words what has been packaged.

    Args:
        request: What was asked for.
        packaged: What has become of it; each is asked for when the one before it has
            been shown.
        verbose: Whether all that is known is shown.
    """
    started_s = request.started_s
    template = _unused_template(request)
    for settings, report in packaged:
        elapsed_s = time.monotonic() - started_s
        changes = request.changes(settings, report)
        extra_outputs = [
            Line(label, shown_path(path))
            for label, path in (("Report", settings.report), ("Sizes", settings.sizes))
            if path is not None
        ]
        not_imported = unused(report, _way_out(settings))
        if not_imported:
            extra_outputs.insert(0, Line("Unused", not_imported))
        if settings.dry_run:
            extra_outputs.append(Line("Dry run", NOTHING_WRITTEN))
        yield Outcome(
            report,
            changes,
            [*summary(report, elapsed_s, changes), *extra_outputs, *template],
            sizes(report, all_of_them=verbose),
            [*details(report, changes)] if verbose else [],
            request.warnings(report),
            settings.is_declared,
        )
        started_s = time.monotonic()


def _unused_template(request: Request) -> list[Line]:
    """Says how to package the functions of a template that nobody has named.

    Whoever has named a handler, functions or another cloud has said what is wanted.
    """
    wants_more = (
        settings.function is None
        and settings.handler is None
        and settings.platform is None
        and not settings.layer_only
        for settings in request.functions
    )
    directory = request.project.directory
    if "functions" in request.project.table or not any(wants_more):
        return []
    from poetry_plugin_package_function.templates.template import find_template

    template = find_template(directory)
    if template is None:
        return []
    count = len(template.functions)
    functions = "1 function" if count == 1 else f"{count:,} functions"
    path = shown_path(directory / template.shown)
    return [Line("Template", f"{path} names {functions}: --template {path}")]


def _way_out(settings: Settings) -> str:
    """Says what could leave out what is not imported."""
    if settings.venv is not None:
        return "`exclude`?"
    if settings.all_groups or settings.with_groups:
        return "--only main?"
    if settings.extras or settings.all_extras:
        return "without --extras?"
    return "a dependency group, or `exclude`?"
