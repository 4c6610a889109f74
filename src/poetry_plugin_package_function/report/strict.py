"""Warnings as errors, for those who want none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import StrictError
from poetry_plugin_package_function.report.counted import counted
from poetry_plugin_package_function.report.details import findings


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report


def refuse_warnings(warnings: Sequence[str], report: Report) -> None:
    """Refuses an archive that there is anything to be warned of.

    Args:
        warnings: All of them, whether they would be shown or not.
        report: What they are about: what a warning only counts is listed.

    Raises:
        StrictError: Has all of them.
    """
    if not warnings:
        return
    they_are = counted(len(warnings), "warning is an error", "warnings are errors")
    raise StrictError(
        (
            f"{they_are}, as --strict says; what was there before is untouched:",
            *(f"Warning: {each}" for each in warnings),
            *findings(report),
        ),
        "Do something about each, or leave --strict away.",
    )
