"""What there is to say of a profile: what it is not right about, or would bring."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.project import TABLE
from poetry_plugin_package_function.report.warned import Warned
from poetry_plugin_package_function.screen import shown_path


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.settings import Settings


_WORTH_TELLING_BYTES: Final = MIB
_MOST_NAMED: Final = 3


def profile_warnings(report: Report, settings: Settings) -> Iterator[Warned]:
    """Says what a profile that has been used is not right about any more.

    Nothing of one that this run writes anew.

    Args:
        report: What has been packaged.
        settings: What was asked for.
    """
    if report.guided is None or settings.profile is None:
        return
    if settings.profile == settings.profile_output:
        return
    age, place = report.guided.age, shown_path(settings.profile)
    parts = []
    if age.others:
        those = [f"{name} {was} (now {now})" for name, was, now in age.others]
        parts.append(f"is of {listed(those, _MOST_NAMED)}")
    if age.unknown:
        parts.append(f"does not know {listed(age.unknown, _MOST_NAMED)}")
    if report.guided.missing:
        missing = listed(report.guided.missing, _MOST_NAMED)
        parts.append(f"does not have that INIT needs {missing}")
    if parts:
        yield Warned(
            f"{place} {', and '.join(parts)}: it was used as far as it goes. Write it"
            f" anew: --profile {place}."
        )


def spared(report: Report, path: str = "profile.json") -> str:
    """Says what a profile would spare INIT, if there is none; "" if hardly anything.

    Args:
        report: What has been packaged.
        path: Where it could be.
    """
    if report.spared_bytes < _WORTH_TELLING_BYTES:
        return ""
    return (
        f"{megabytes(report.spared_bytes)} of what INIT extracts could be flat: run"
        f' --profile {path}, and set profile = "{path}" in [tool.{TABLE}]'
    )
