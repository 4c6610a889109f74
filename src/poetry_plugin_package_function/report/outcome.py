"""All that is told of a finished package, whoever prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.report.text import Line
from poetry_plugin_package_function.report.text import Severity
from poetry_plugin_package_function.report.text import Warned
from poetry_plugin_package_function.report.text import changed_files
from poetry_plugin_package_function.report.text import details
from poetry_plugin_package_function.report.text import runtime_warnings
from poetry_plugin_package_function.report.text import sizes
from poetry_plugin_package_function.report.text import summary
from poetry_plugin_package_function.report.text import warnings


if TYPE_CHECKING:
    from datetime import date

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.settings import Settings


class Outcome(NamedTuple):
    """What is told, as lines without any markup; who shows them makes them printable.

    Attributes:
        report: What it is told of.
        changes: What is different from an earlier report.
        summary: What was made.
        sizes: A table of the largest distributions, or of all.
        details: What only those want to know who ask for it.
        warnings: What is to be known before it is deployed, and how grave it is.
    """

    report: Report
    changes: Changes | None
    summary: tuple[Line, ...]
    sizes: tuple[str, ...]
    details: tuple[str, ...]
    warnings: tuple[Warned, ...]

    def warning_lines(self, *, quiet: bool) -> list[str]:
        """Writes the warnings for a console, with the function that they are about.

        Args:
            quiet: Whether only those are wanted that mean that it will not work.
        """
        function = self.report.function
        about = f"{function}: " if function is not None else ""
        return [
            f"Warning: {about}{each.text}"
            for each in self.warnings
            if not quiet or each.severity is Severity.DEFECT
        ]


def outcome(
    report: Report,
    changes: Changes | None,
    settings: Settings,
    *,
    elapsed_s: float,
    requires_python: str | None,
    today: date,
    verbose: bool,
) -> Outcome:
    """Puts together what is told.

    Args:
        report: What has been packaged.
        changes: What is different from an earlier report.
        settings: What was asked for.
        elapsed_s: How long that took.
        requires_python: What the project says of itself.
        today: What "not any more" is measured by.
        verbose: Whether all of it is told.
    """
    beside = {"Report": settings.report, "Sizes": settings.sizes}
    told = summary(report, elapsed_s, changes=changes, beside=beside)
    more = (*details(report), *changed_files(changes)) if verbose else ()
    return Outcome(
        report,
        changes,
        tuple(told),
        tuple(sizes(report, all_of_them=verbose)),
        tuple(more),
        (*warnings(report), *runtime_warnings(report, requires_python, today)),
    )
