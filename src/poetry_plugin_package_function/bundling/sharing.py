"""Builds one environment for several functions, as far as they can share it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import TypeVar

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.bundling.preflight import wanted_packages


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.plan import Bundle


_Name = TypeVar("_Name", bound=str)


@dataclass(frozen=True)
class Share:
    """An environment, and for whom it is built.

    Attributes:
        bundle: All that it holds.
        users: What each of its users takes of it, by position.
    """

    bundle: Bundle
    users: dict[int, Bundle]


def shares(poetry: Poetry, bundles: Sequence[Bundle]) -> list[Share]:
    """Finds out who can share an environment.

    Those of one interpreter and target can: then what they have in common is downloaded
    and installed once. But if the lock has something in several versions, it depends on
    groups and extras which of them is taken; and only newer locks say what is of which
    group. Then those share that take the same.

    Args:
        poetry: Whose lock file it is.
        bundles: What each user takes.

    Returns:
        Environments, in the order of their first users.
    """
    can_merge = _is_merged_lock(poetry)
    users: dict[Bundle, dict[int, Bundle]] = defaultdict(dict)
    for position, bundle in enumerate(bundles):
        alike = replace(bundle, stand_ins=False)
        if can_merge:
            alike = replace(alike, groups=(), extras=())
        users[alike][position] = bundle
    return [_share(alike, of_one) for alike, of_one in users.items()]


def _share(alike: Bundle, users: Mapping[int, Bundle]) -> Share:
    """Makes what all users can take; what stands in is none's, so it is there for all.

    Then who takes everything still has the same bundle as it.
    """
    stand_ins = any(each.stand_ins for each in users.values())
    whole = replace(
        alike,
        groups=_all_of(each.groups for each in users.values()),
        extras=_all_of(each.extras for each in users.values()),
        stand_ins=stand_ins,
    )
    of_all = {at: replace(own, stand_ins=stand_ins) for at, own in users.items()}
    return Share(whole, of_all)


def _is_merged_lock(poetry: Poetry) -> bool:
    if not poetry.locker.is_locked_groups_and_markers():
        return False
    packages = poetry.locker.lock_data.get("package", [])
    names = [canonicalize_name(each["name"]) for each in packages]
    return len(set(names)) == len(names)


def _all_of(names: Iterable[tuple[_Name, ...]]) -> tuple[_Name, ...]:
    found = {name for each in names for name in each}
    return tuple(sorted(found, key=canonicalize_name))  # as one bundle has them


def taken_by(
    poetry: Poetry, bundle: Bundle, markers: Mapping[str, object]
) -> frozenset[NormalizedName]:
    """Names the distributions that would be in an environment of a bundle alone.

    Args:
        poetry: Whose lock file it is.
        bundle: What is taken.
        markers: The values of environment markers.
    """
    found = wanted_packages(poetry, bundle, markers)
    return frozenset((poetry.package.name, *(each.name for each in found)))
