"""What has changed since a previous report: why a hash is another one."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.report.init_changes import as_init_document
from poetry_plugin_package_function.report.init_changes import init_changes
from poetry_plugin_package_function.report.previous import read_report


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.report.init_changes import InitChanges
    from poetry_plugin_package_function.report.previous import Known
    from poetry_plugin_package_function.report.previous import PreviousReport
    from poetry_plugin_package_function.settings import Settings


_MOST_NAMED: Final = 3
_DERIVED: Final = (".pyc", ".dist-info/RECORD")
"""What changes with other files is named after them."""


class Update(NamedTuple):
    """A distribution in another version.

    Attributes:
        name: The distribution's.
        before: Its version in the previous report.
        now: Its version.
    """

    name: str
    before: str
    now: str


class FileChanges(NamedTuple):
    """Which files are different: their names in the archive, in order.

    Attributes:
        added: Those that were not there.
        removed: Those that are not there any more.
        changed: Those with another content, or that are executable or not any more.
    """

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    def in_order(self) -> list[tuple[str, str]]:
        """Names all of them, with what has become of each; by name, causes first."""
        found = [
            (name, what) for what, names in self._asdict().items() for name in names
        ]
        return sorted(found, key=lambda each: (each[0].endswith(_DERIVED), each))


class ServiceChanges(NamedTuple):
    """Of which of AWS's services the data is shipped; names in order.

    Attributes:
        before: Those of the previous report; None for all that botocore had.
        now: The same now.
    """

    before: tuple[str, ...] | None
    now: tuple[str, ...] | None

    @property
    def text(self) -> str:
        """Says what has changed."""
        before, now = self
        if before is None or now is None:
            return f"{_all_or(before)} -> {_all_or(now)}"
        return ", ".join(
            (
                *(f"{name} (added)" for name in now if name not in before),
                *(f"{name} (removed)" for name in before if name not in now),
            )
        )


def _all_or(names: tuple[str, ...] | None) -> str:
    return "all" if names is None else ", ".join(names)


class Changes(NamedTuple):
    """What is different from a previous report; names in order.

    Attributes:
        unchanged: Whether the archive is the same, byte for byte.
        added: Distributions that were not there.
        removed: Distributions that are not there any more.
        updated: Those in another version.
        changed: Those of the same version with other files; "" for files that are no
            distribution's.
        other_wheels: Those of them that come out of another wheel.
        files: The files, as far as both reports have them one by one.
        layer_unchanged: Whether the layer's archive is the same; None if one of the
            reports has none.
        aws_services: Those whose data is shipped, if they are not the same.
        init: What is different of INIT; None if one of the reports has not measured it.
    """

    unchanged: bool
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    updated: tuple[Update, ...] = ()
    changed: tuple[str, ...] = ()
    other_wheels: tuple[str, ...] = ()
    files: FileChanges = FileChanges()
    layer_unchanged: bool | None = None
    aws_services: ServiceChanges | None = None
    init: InitChanges | None = None


def read_previous(settings: Settings) -> PreviousReport | None:
    """Reads the report that is to be compared, before it is replaced.

    That is the one that the user names, or else the one at the place of the new one,
    as far as it is a report that has digests.

    Raises:
        ConfigError: There is no such report where the user names it.
    """
    if settings.compare is not None:
        return read_report(settings.compare)
    if settings.report is None or not os.path.isfile(settings.report):
        return None  # to read a pipe or a device may have no end
    try:
        return read_report(settings.report)
    except ConfigError:
        return None


def changes_since(previous: PreviousReport | None, report: Report) -> Changes | None:
    """Compares a report with the previous one; None if there is none."""
    if previous is None:
        return None
    before = previous.distributions
    now = {each.name: each for each in report.distributions}
    updated, changed, other_wheels = [], [], []
    for name in sorted(before.keys() & now.keys()):
        old, new = before[name], now[name]
        if old.version != new.version:
            updated.append(Update(name, old.version, new.version))
        elif old.digest != new.digest:
            changed.append(name)
            if old.wheel and new.wheel and old.wheel != new.wheel:
                other_wheels.append(name)
    return Changes(
        previous.sha256 == report.sha256,
        tuple(sorted(now.keys() - before.keys())),
        tuple(sorted(before.keys() - now.keys())),
        tuple(updated),
        tuple(changed),
        tuple(other_wheels),
        _files(before, now),
        report.layer.sha256 == previous.layer_sha256
        if report.layer and previous.layer_sha256
        else None,
        _services(previous, report),
        init_changes(previous.init, report.verified.init if report.verified else None),
    )


def _services(previous: PreviousReport, report: Report) -> ServiceChanges | None:
    found = report.aws_services
    now = None if found is None or found.why_not else found.names
    if previous.aws_services == now:
        return None
    return ServiceChanges(previous.aws_services, now)


def _files(
    before: Mapping[str, Known], now: Mapping[str, DistributionSize]
) -> FileChanges:
    """Compares files one by one, whichever distribution they belong to."""
    old: dict[str, str] = {}
    new: dict[str, str] = {}
    # If there are no files of no distribution, that is known, too.
    for name in before.keys() & now.keys() | {""}:
        previous = before[name].contents if name in before else {}
        ours = now[name].contents if name in now else {}
        if previous is not None and ours is not None:
            old |= previous
            new |= ours
    return FileChanges(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(
            sorted(name for name in old.keys() & new.keys() if old[name] != new[name])
        ),
    )


def as_document(changes: Changes) -> dict[str, Any]:
    """Makes what a report has of them."""
    return {
        "unchanged": changes.unchanged,
        "layer_unchanged": changes.layer_unchanged,
        "added": [name or None for name in changes.added],
        "removed": [name or None for name in changes.removed],
        "updated": [each._asdict() for each in changes.updated],
        "changed": [name or None for name in changes.changed],
        "other_wheels": changes.other_wheels,
        "files": changes.files._asdict(),
        "aws_services": changes.aws_services and changes.aws_services._asdict(),
        "init": changes.init and as_init_document(changes.init),
    }


def format_changes(changes: Changes) -> str:
    """Writes them in a line, but for what is different of INIT."""
    if changes.unchanged and changes.layer_unchanged is not False:
        return "unchanged: the same archive, byte for byte"
    same = [
        *(["the function"] if changes.unchanged else []),
        *(["the layer"] if changes.layer_unchanged else []),
    ]
    updated = [f"{each.name} {each.before} -> {each.now}" for each in changes.updated]
    files = [f"{name} ({what})" for name, what in changes.files.in_order()]
    others = [name for name in changes.changed if name not in changes.other_wheels]
    parts = [
        f"{what} {', '.join(name or NOBODYS for name in names)}"
        for what, names in (
            ("unchanged", same),
            ("updated", updated),
            ("added", changes.added),
            ("removed", changes.removed),
            ("another wheel of", changes.other_wheels),
            ("other files in", others),
            ("files:", [listed(files, _MOST_NAMED)] if files else []),
            (
                "AWS services:",
                [changes.aws_services.text] if changes.aws_services else [],
            ),
        )
        if names
    ]
    return "; ".join(parts) or "the same files, packaged in another way"


def changes_of_init(changes: Changes) -> InitChanges | None:
    """What is to be said of INIT: nothing, if it is that of the same archives."""
    is_same = changes.unchanged and changes.layer_unchanged is not False
    return None if is_same else changes.init
