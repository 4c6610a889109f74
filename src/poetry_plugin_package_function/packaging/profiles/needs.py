"""How much what is shipped is needed, as a profile says it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.modules import module_name


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.profiles.profile import Profile
    from poetry_plugin_package_function.packaging.profiles.profile import Used
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class Need(IntEnum):
    """What needs something; the most urgent is the greatest."""

    NOTHING = 0
    EVENT = 1
    INIT = 2


@dataclass(frozen=True)
class Needs:
    """Says what needs the parts of a tree.

    Attributes:
        profile: What handlers need.
        project_name: The project's own distribution.
    """

    profile: Profile
    project_name: NormalizedName | None = None

    def of_distributions(self, names: Iterable[str]) -> Need:
        """What needs anything of some distributions."""
        found = (self._owners.get(name, Need.NOTHING) for name in names)
        return max(found, default=Need.NOTHING)

    def of_modules(self, names: Iterable[str]) -> Need:
        """What needs any of some modules, or what is inside of them."""
        found = (self._packages.get(name, Need.NOTHING) for name in names)
        return max(found, default=Need.NOTHING)

    def of_bytecode(self, entry: Entry) -> Need:
        """What needs the bytecode of a module.

        The project's own is always needed, and the loader's.
        """
        if entry.included or entry.distribution in (None, self.project_name):
            return Need.INIT
        return self._modules.get(module_name(entry.name), Need.NOTHING)

    @cached_property
    def _owners(self) -> Mapping[str, Need]:
        return {name: need for need, used in self._in_order for name in used}

    @cached_property
    def _modules(self) -> Mapping[str, Need]:
        return {
            module: need
            for need, used in self._in_order
            for each in used.values()
            for module in each.modules
        }

    @cached_property
    def _packages(self) -> Mapping[str, Need]:
        """The modules, and all packages that they are in."""
        found: dict[str, Need] = {}
        for module, need in self._modules.items():
            name = module
            while name and found.get(name, Need.NOTHING) < need:
                found[name] = need
                name = name.rpartition(".")[0]
        return found

    @property
    def _in_order(self) -> Iterator[tuple[Need, Mapping[str, Used]]]:
        """The less urgent first: the others replace it."""
        yield Need.EVENT, self.profile.event
        yield Need.INIT, self.profile.init


@dataclass(frozen=True)
class Age:
    """What of a profile is not about what is shipped now.

    Attributes:
        others: Distributions that it knows in another version: name, version there,
            version here.
        unknown: Distributions that it does not know.
    """

    others: tuple[tuple[str, str, str], ...] = ()
    unknown: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to say."""
        return bool(self.others or self.unknown)


def age_of(profile: Profile, distributions: Iterable[Distribution]) -> Age:
    """Holds a profile against the distributions that are shipped, but for the project.

    What it knows and is not shipped is another function's, or another machine's.
    """
    known = profile.distributions
    shipped = sorted((each.name, each.version) for each in distributions)
    return Age(
        tuple(
            (name, known[name], version)
            for name, version in shipped
            if known.get(name, version) != version
        ),
        tuple(name for name, _ in shipped if name not in known),
    )
