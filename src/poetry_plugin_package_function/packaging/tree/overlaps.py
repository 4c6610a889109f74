"""Finds files that several distributions have, each with a content of its own."""

from __future__ import annotations

import hashlib

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.distributions import record_hash


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.distributions import RecordRow
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


class Overlap(NamedTuple):
    """Files of which the archive can have but one distribution's.

    Attributes:
        distributions: Which ones have them, with their versions: "six 1.17.0".
        shipped: Whose are shipped; "" if they are as no RECORD has them.
        files: Their names in the archive, in order.
    """

    distributions: tuple[str, ...]
    shipped: str
    files: tuple[str, ...]


class _Claim(NamedTuple):
    """What a distribution's RECORD says of a file."""

    distribution: Distribution
    row: RecordRow

    @property
    def name(self) -> str:
        return f"{self.distribution.name} {self.distribution.version}"


def overlaps(tree: Tree) -> tuple[Overlap, ...]:
    """Finds them by the RECORDs, and by the file itself whose it is.

    Who was installed last has won, and so it may be another one for each file.
    """
    rows = [each.rows or () for each in tree.distributions]
    paths = set[str]().union(*((row.path for row in those) for those in rows))
    if len(paths) == sum(map(len, rows)):
        return ()  # as it is nearly always
    entries = {entry.name: entry for entry in tree.entries}
    claims: dict[str, list[_Claim]] = defaultdict(list)
    for each in tree.distributions:
        for path, row in {row.path: row for row in each.rows or ()}.items():
            if path in entries:
                claims[path].append(_Claim(each, row))
    found: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for path, those in sorted(claims.items()):
        if len(those) > 1 and _differ([claim.row for claim in those]):
            names = tuple(claim.name for claim in those)
            found[names, _winner(those, entries[path])].append(path)
    return tuple(
        Overlap(names, winner, tuple(files))
        for (names, winner), files in sorted(found.items())
    )


def _differ(rows: Sequence[RecordRow]) -> bool:
    """Whether rows are of different contents; what says nothing is of any."""
    digests: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        algorithm, _, value = row.hash.partition("=")
        digests[algorithm].add(value)
    sizes = {row.size for row in rows if row.size}
    return len(sizes) > 1 or any(len(values) > 1 for values in digests.values())


def _winner(claims: Iterable[_Claim], entry: Entry) -> str:
    """Finds whose file it is: among wheels that is settled, on the disk it shows."""
    for claim in claims:
        if (
            claim.distribution.name == entry.distribution
            if isinstance(entry.content, ZipMember)
            else _is_as_recorded(claim.row, read(entry.content))
        ):
            return claim.name
    return ""


def _is_as_recorded(row: RecordRow, content: bytes) -> bool:
    if row.size and row.size != str(len(content)):
        return False
    algorithm = row.hash.partition("=")[0]
    if algorithm not in hashlib.algorithms_available:
        return False
    digest = hashlib.new(algorithm, content).digest()
    return row.hash == record_hash(digest, algorithm)
