"""What an archive is made for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.result import Report


def made_for(report: Report) -> tuple[str, ...]:
    """Says what will run it; then how that is known, if it follows from an interpreter.

    Who has named a runtime knows why it is that one.
    """
    target, python = report.target, report.python
    if target is None and report.is_derived:
        service = report.service.name if report.service else "no service"
        return (f"Python {python or '(unknown)'}, not for a runtime of {service}",)
    if target is None:
        what = f"this machine, Python {python}: what it has built, as it is"
        pinned = f'python = "{python}"'
    else:
        name = target.runtime.name if target.runtime else f"Python {target.python}"
        machine = target.architecture if target.service else target.machine
        where = target.service.name if target.service else target.system.name
        what = f"{', '.join(filter(None, (name, machine)))} ({where})"
        pinned = f'runtime = "{name}"'
    if report.chosen is None:
        return (what,)
    return what, f"by {report.chosen}", f"to pin it: {pinned}"
