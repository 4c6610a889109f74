"""Why a distribution is in the package: who requires it, up to the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.requiring import shortest_paths


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
