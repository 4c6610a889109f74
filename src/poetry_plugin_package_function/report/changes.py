"""What has changed since an earlier report: why a hash is another one."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.settings import Settings


class Update(NamedTuple):
    """A distribution in another version.

    Attributes:
        name: The distribution's.
        before: Its version in the earlier report.
        now: Its version.
    """

    name: str
    before: str
    now: str


class Changes(NamedTuple):
    """What is different from an earlier report; names in order.

    Attributes:
        unchanged: Whether the archive is the same, byte for byte.
        added: Distributions that were not there.
        removed: Distributions that are not there any more.
        updated: Those in another version.
        changed: Those of the same version with other files; "" for files that are no
            distribution's.
    """

    unchanged: bool
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    updated: tuple[Update, ...] = ()
    changed: tuple[str, ...] = ()


class Earlier(NamedTuple):
    """What is compared of an earlier report.

    Attributes:
        sha256: Of the archive.
        distributions: Version and digest, by name.
    """

    sha256: str
    distributions: Mapping[str, tuple[str, str]]


def read_earlier(settings: Settings) -> Earlier | None:
    """Reads the report that is to be compared, before it is replaced.

    That is the one that the user names, or else the one at the place of the new one,
    as far as it is a report that has digests.

    Raises:
        ConfigError: There is no such report where the user names it.
    """
    if settings.compare is not None:
        return _read(settings.compare)
    try:
        return _read(settings.report) if settings.report else None
    except ConfigError:
        return None


def _read(path: Path) -> Earlier:
    try:
        document = json.loads(path.read_bytes())
        return Earlier(
            str(document["sha256"]),
            {
                each["name"] or "": (str(each["version"]), str(each["digest"]))
                for each in document["distributions"]
            },
        )
    except OSError as error:
        problem = f"compare: {path} cannot be read: {error.strerror}."
    except (ValueError, LookupError, TypeError):
        problem = f"compare: {path} is no report, or one without digests."
    raise ConfigError([problem], "Write one with --report, and name it.")


def changes_since(earlier: Earlier | None, report: Report) -> Changes | None:
    """Compares a report with an earlier one; None if there is none."""
    if earlier is None:
        return None
    before = earlier.distributions
    now = {each.name: (each.version, each.digest) for each in report.distributions}
    both = sorted(before.keys() & now.keys())
    return Changes(
        earlier.sha256 == report.sha256,
        tuple(sorted(now.keys() - before.keys())),
        tuple(sorted(before.keys() - now.keys())),
        tuple(
            Update(name, before[name][0], now[name][0])
            for name in both
            if before[name][0] != now[name][0]
        ),
        tuple(
            name
            for name in both
            if before[name][0] == now[name][0] and before[name] != now[name]
        ),
    )


def as_document(changes: Changes) -> dict[str, Any]:
    """Makes what stands of it in JSON."""
    return {
        "unchanged": changes.unchanged,
        "added": [name or None for name in changes.added],
        "removed": [name or None for name in changes.removed],
        "updated": [each._asdict() for each in changes.updated],
        "changed": [name or None for name in changes.changed],
    }


def told(changes: Changes) -> str:
    """Tells it in a line."""
    if changes.unchanged:
        return "unchanged: the same archive, byte for byte"
    updated = [f"{each.name} {each.before} -> {each.now}" for each in changes.updated]
    parts = [
        f"{what} {', '.join(name or 'files of no distribution' for name in names)}"
        for what, names in (
            ("updated", updated),
            ("added", changes.added),
            ("removed", changes.removed),
            ("other files in", changes.changed),
        )
        if names
    ]
    return "; ".join(parts) or "the same files, packaged in another way"
