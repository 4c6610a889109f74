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
    by_name = {each.name: each for each in distributions}
    paths: dict[NormalizedName, tuple[NormalizedName, ...]] = {
        name: (name,) for name in sorted(by_name) if name in roots
    }
    pending = deque(paths)
    while pending:
        name = pending.popleft()
        required = by_name[name].requirements
        for found in sorted(by_name.keys() & required - paths.keys()):
            paths[found] = (*paths[name], found)
            pending.append(found)
    return {name: paths.get(name, (name,)) for name in by_name}
