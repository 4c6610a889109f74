"""Finds files that several distributions have, each with a content of its own."""

from __future__ import annotations

import base64
import hashlib

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.distributions import RecordRow
    from poetry_plugin_package_function.packaging.tree.scan import Tree


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
    shipped = {entry.name for entry in tree.entries}
    claims: dict[str, list[_Claim]] = defaultdict(list)
    for each in tree.distributions:
        for path, row in {row.path: row for row in each.rows or ()}.items():
            if path in shipped:
                claims[path].append(_Claim(each, row))
    found: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for path, those in sorted(claims.items()):
        if len(those) > 1 and _differ([claim.row for claim in those]):
            names = tuple(claim.name for claim in those)
            found[names, _winner(those)].append(path)
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


def _winner(claims: Iterable[_Claim]) -> str:
    for claim in claims:
        try:
            if _is_as_recorded(claim):
                return claim.name
        except OSError:  # who packages it, finds out why
            return ""
    return ""


def _is_as_recorded(claim: _Claim) -> bool:
    path = claim.distribution.directory / claim.row.path
    if claim.row.size and claim.row.size != str(path.stat().st_size):
        return False
    algorithm, _, expected = claim.row.hash.partition("=")
    if algorithm not in hashlib.algorithms_available:
        return False
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, algorithm).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == expected
