"""Why a distribution is in the package: who requires it, up to the project."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )


def dependency_paths(
    distributions: Iterable[Distribution],
    project: NormalizedName | None,
    direct: AbstractSet[NormalizedName],
) -> Mapping[str, tuple[NormalizedName, ...]]:
    """Finds for each distribution a shortest way that it is required by.

    What is required without any extra comes first: nobody has written down which extras
    were asked for, so a way through one is taken for what has no other.

    Args:
        distributions: All that are shipped.
        project: The project's own, where ways start, if it is one of them.
        direct: What the project itself asks for, in groups and extras, too.

    Returns:
        The names from the project, or from what it asks for, to the distribution, both
        included. What nothing requires is its own way.
    """
    required = {each.name: each.requirements for each in distributions}
    with_extras = {each.name: each.all_required for each in distributions}
    if project in required:
        roots = {project}
        required[project] |= direct
        with_extras[project] |= direct
    else:
        roots = direct & required.keys()
    plain, others = (
        shortest_paths(sorted(roots), each) for each in (required, with_extras)
    )
    return {name: plain.get(name) or others.get(name, (name,)) for name in required}


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
