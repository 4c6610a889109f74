"""Why a distribution is in the package: who requires it, up to the project."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.distributions import Distribution


def dependency_paths(
    distributions: Iterable[Distribution], roots: AbstractSet[str]
) -> Mapping[NormalizedName, tuple[NormalizedName, ...]]:
    """Finds for each distribution a shortest way that it is required by.

    Args:
        distributions: All that are shipped.
        roots: The names that ways start at: the project's, or what it requires.

    Returns:
        The names from a root to the distribution, both included. What nothing
        requires, as with extras, is its own way.
    """
    required = {each.name: each.requirements for each in distributions}
    paths = shortest_paths(
        (each for each in sorted(required) if each in roots), required
    )
    return {name: paths.get(name, (name,)) for name in required}


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
