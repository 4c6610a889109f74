"""Who requires what, as a graph of names."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName


def shortest_paths(
    roots: Iterable[NormalizedName],
    required: Mapping[NormalizedName, AbstractSet[NormalizedName]],
) -> dict[NormalizedName, tuple[NormalizedName, ...]]:
    """Finds a shortest way from a root to each that is required.

    Args:
        roots: Where ways start: of two as short, that of the first is taken.
        required: What each requires; what is not in here is passed over.
    """
    paths: dict[NormalizedName, tuple[NormalizedName, ...]] = {
        name: (name,) for name in roots if name in required
    }
    pending = deque(paths)
    while pending:
        name = pending.popleft()
        for found in sorted(required.keys() & required[name] - paths.keys()):
            paths[found] = (*paths[name], found)
            pending.append(found)
    return paths
