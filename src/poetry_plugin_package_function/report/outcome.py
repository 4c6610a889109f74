"""All that is shown of a finished package, whoever prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.report.warned import Severity


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.report.changes import Changes
    from poetry_plugin_package_function.report.summary import Line
    from poetry_plugin_package_function.report.warned import Warned


class Outcome(NamedTuple):
    """What is shown, as lines without any markup; who shows them makes them printable.

    Attributes:
        report: What it is about.
        changes: What is different from the previous report.
        summary: What was made.
        sizes: A table of the largest distributions, or of all.
        details: What only those want to know who ask for it.
        warnings: What is to be known before it is deployed, and how grave it is.
    """

    report: Report
    changes: Changes | None
    summary: Sequence[Line]
    sizes: Sequence[str]
    details: Sequence[str]
    warnings: Sequence[Warned]

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
