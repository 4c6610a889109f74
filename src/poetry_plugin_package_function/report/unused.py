"""What a handler's import has not used of an archive, and what could leave it out."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.megabytes import megabytes


if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


_MOST_NAMED: Final = 3
_WORTH_TELLING_BYTES: Final = MIB


def unused(report: Report, settings: Settings, project: Project) -> str:
    """Names the largest distributions that are not imported with the handler.

    Args:
        report: What has been packaged.
        settings: What could have left them out.
        project: What its groups and extras ask for.

    Returns:
        "" if there are none, or if they hardly count.
    """
    names = report.verified.unused if report.verified else ()
    found = sorted(
        (each for each in report.distributions if each.name in names),
        key=lambda each: (-each.unzipped_bytes, each.name),
    )
    size_bytes = sum(each.unzipped_bytes for each in found)
    if size_bytes < _WORTH_TELLING_BYTES:
        return ""
    shown = [f"{each.name} {megabytes(each.unzipped_bytes)}" for each in found]
    verb = "is" if len(shown) == 1 else "are"
    way_out = _way_out(report, settings, project)
    return f"{listed(shown, _MOST_NAMED)} {verb} never imported: {way_out}"


def _way_out(report: Report, settings: Settings, project: Project) -> str:
    """Says what leaves out what is not imported, and nothing that is."""
    if settings.venv is not None:
        return "`exclude`?"
    not_imported = report.verified.unused if report.verified else ()
    imported = {
        canonicalize_name(each.name)
        for each in report.distributions
        if each.name not in not_imported
    }
    of_groups = imported & _asked_for(project.groups) - project.dependencies
    if (settings.all_groups or settings.with_groups) and not of_groups:
        return "--only main?"
    of_extras = imported & _asked_for(project.extras)
    if (settings.extras or settings.all_extras) and not of_extras:
        return "without --extras?"
    return "a dependency group, or `exclude`?"


def _asked_for(tables: Mapping[str, frozenset[NormalizedName]]) -> set[NormalizedName]:
    return {name for names in tables.values() for name in names}
