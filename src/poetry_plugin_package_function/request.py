"""What a run is asked for, and what it has to show: the same for both front ends."""

from __future__ import annotations

import os
import time

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.packaging.archive.output import check_targets
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.profiling import Observed
from poetry_plugin_package_function.profiling import read_profiles
from poetry_plugin_package_function.profiling import refuse_incomplete
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.changes import read_previous
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.details import details
from poetry_plugin_package_function.report.details import sizes
from poetry_plugin_package_function.report.init import init_table
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.line_ends import line_end_warnings
from poetry_plugin_package_function.report.outcome import Outcome
from poetry_plugin_package_function.report.profiled import profile_warnings
from poetry_plugin_package_function.report.profiled import spared
from poetry_plugin_package_function.report.strict import refuse_warnings
from poetry_plugin_package_function.report.summary import NOTHING_WRITTEN
from poetry_plugin_package_function.report.summary import Line
from poetry_plugin_package_function.report.summary import summary
from poetry_plugin_package_function.report.unused import unused
from poetry_plugin_package_function.report.warned import runtime_warnings
from poetry_plugin_package_function.report.warned import warnings
from poetry_plugin_package_function.screen import shown_path


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.profiles.profile import Profile
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.service import Pending
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.report.previous import PreviousReport
    from poetry_plugin_package_function.report.warned import Warned
    from poetry_plugin_package_function.settings import Settings


class Packaged(NamedTuple):
    """A function whose archives are written.

    Attributes:
        settings: What it was to be.
        report: What has become of it.
        changes: What is different from its previous report; None if there is none.
        warnings: What is to be known before it is deployed.
        observed: The profile that can be written now; None if there is none.
    """

    settings: Settings
    report: Report
    changes: Changes | None
    warnings: tuple[Warned, ...]
    observed: Observed | None = None


@dataclass(frozen=True)
class Request:
    """What a run is asked for.

    Attributes:
        project: Whose functions they are.
        functions: Their settings, in the order in which they are shown.
        timestamp: The time of all members.
        previous: The reports that they are compared with, by the archive's place.
        started_s: When the run has begun, on the monotonic clock.
        profiles: What handlers need, by the place of the file that says it.
        seen: What has been seen of functions until now, by the profile that is to be
            written of them.
    """

    project: Project
    functions: tuple[Settings, ...]
    timestamp: DosTime
    previous: Mapping[Path, PreviousReport | None]
    started_s: float
    profiles: Mapping[Path, Profile] = field(default_factory=dict)
    seen: dict[Path, list[tuple[Settings, Report]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def profile_for(self, settings: Settings) -> Profile | None:
        """The profile that a function's archive depends on, if it has one."""
        return self.profiles.get(settings.profile) if settings.profile else None

    def complete(
        self, settings: Settings, pending: Pending, warned: Iterable[str] = ()
    ) -> Packaged:
        """Judges a function's archive, and writes what describes it.

        Args:
            settings: The function's.
            pending: Its archive, not yet at its place.
            warned: What has been warned of on the way.

        Raises:
            StrictError: There are warnings, and none are wanted.
            VerifyError: A profile is to be written, and what it has was not all seen.
            OSError: It cannot be written.
        """
        report = pending.report
        refuse_incomplete(settings, report)
        found = (
            *self._warnings(report, settings),
            *line_end_warnings(self.project.directory, pending.measured.files()),
        )
        if settings.strict:
            refuse_warnings([*warned, *(each.text for each in found)], report)
        observed = self._observed(settings, report)
        if observed is not None:
            written = observed.described(self.project.directory)
            report = replace(report, written_profile=written)
        changes = changes_since(self.previous[settings.output], report)
        if settings.report is not None:
            pending.outputs[settings.report].write(as_json(report, changes))
        if settings.sizes is not None:
            # Few ask for it, and each run would wait for what it imports.
            from poetry_plugin_package_function.report.treemap import as_html

            files = tuple(pending.measured.files())
            pending.outputs[settings.sizes].write(as_html(report, files))
        return Packaged(settings, report, changes, found, observed)

    def _observed(self, settings: Settings, report: Report) -> Observed | None:
        """Finds what goes into a profile, once the last function of it is known."""
        path = settings.profile_output
        if path is None:
            return None
        self.seen[path].append((settings, report))
        if len(self.seen[path]) < sum(e.profile_output == path for e in self.functions):
            return None
        return Observed(path, tuple(self.seen[path]), self.profiles.get(path))

    def _warnings(self, report: Report, settings: Settings) -> tuple[Warned, ...]:
        requires_python = self.project.requires_python
        today = datetime.now(UTC).date()
        return (
            *warnings(report),
            *runtime_warnings(report, requires_python, today),
            *profile_warnings(report, settings),
        )


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
        OutputError: A result cannot be written.
    """
    started_s = time.monotonic()
    timestamp = archive_time(os.environ)
    project = read_project(pyproject)
    found = resolve(flags, project, names, default_output_dir=default_output_dir)
    functions = tuple(replace(each, dry_run=dry_run) for each in found)
    for each in functions:
        with naming(each.function):
            check_targets(*each.targets)
    previous = {each.output: read_previous(each) for each in functions}
    profiles = read_profiles(functions)
    return Request(project, functions, timestamp, previous, started_s, profiles)


def outcomes(
    request: Request, packaged: Iterable[Packaged], *, verbose: bool
) -> Iterator[Outcome]:
    """Puts into words what has been packaged.

    Args:
        request: What was asked for.
        packaged: What has become of it; each is asked for when the one before it has
            been shown.
        verbose: Whether all that is known is shown.
    """
    started_s = request.started_s
    template = unused_template(request)
    for each in packaged:
        if each.observed is not None:
            each.observed.write()
        elapsed_s = time.monotonic() - started_s
        yield Outcome(
            each.report,
            each.changes,
            [
                *_summary(each, request.project, elapsed_s),
                *_profile(each),
                *template,
            ],
            sizes(each.report, all_of_them=verbose),
            [*details(each.report, each.changes)] if verbose else [],
            each.warnings,
            each.settings.is_declared,
            init_table(each.report, all_of_them=verbose),
        )
        started_s = time.monotonic()


def _profile(packaged: Packaged) -> Iterator[Line]:
    """Says what has become of a profile, or what one would bring."""
    report = packaged.report
    if report.written_profile is not None:
        yield Line("Profile", report.written_profile.text)
    elif packaged.settings.profile_output is None and (line := spared(report)):
        yield Line("Profile", line)


def _summary(packaged: Packaged, project: Project, elapsed_s: float) -> Iterator[Line]:
    settings, report, changes = packaged.settings, packaged.report, packaged.changes
    yield from summary(report, elapsed_s, changes)
    if not_imported := unused(report, settings, project):
        yield Line("Unused", not_imported)
    for label, path in (("Report", settings.report), ("Sizes", settings.sizes)):
        if path is not None:
            yield Line(label, shown_path(path))
    if settings.dry_run:
        yield Line("Dry run", NOTHING_WRITTEN)


def unused_template(request: Request) -> list[Line]:
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
    functions = counted(len(template.functions), "function")
    path = shown_path(directory / template.shown)
    return [Line("Template", f"{path} names {functions}: --template {path}")]
