"""What it costs to extract a unit: on the average, or as a profile says it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.nesting.units import need_of
from poetry_plugin_package_function.packaging.nesting.units import requirers
from poetry_plugin_package_function.packaging.profiles.needs import Need


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.profiles.needs import Needs
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )


UNIT_BYTES: Final = 1 << 18
"""What locking, listing and finding a unit costs, in bytes that are extracted in that
time: a dozen small distributions are not cheaper than one of their size."""

_ONE_IN: Final = 4
"""How many handlers there are to each that imports a distribution by itself. From 3 on
what is required by most others stays flat if that is not much dearer (docs/design.md);
the larger it is, the dearer it may be."""

_WEIGHTS: Final = {Need.EVENT: 1 << 12, Need.INIT: 1 << 24}
"""A byte that INIT extracts weighs as much as 4,096 that an event does, and each of
these as much as 4,096 of what nobody has asked for: one small unit that INIT needs is
not nested to keep a gigabyte of others flat."""


@dataclass(frozen=True)
class ExtractionCosts:
    """Says what units of one tree cost.

    Attributes:
        parts: What may be nested.
        distributions: Those that are shipped.
        eager: Whether all that is nested is extracted when the function starts.
        needs: What is needed of it; None if that is not known.
    """

    parts: Parts
    distributions: tuple[Distribution, ...]
    eager: bool
    needs: Needs | None = None

    def expected_bytes(self, unit: Unit) -> int:
        """What is extracted of it on the average.

        Each unit is imported by one in `_ONE_IN` handlers, and with whatever requires
        it. So what many others require is not cheap, even if it is small. What is known
        to be needed is extracted each time, and weighs more than all that is not.
        """
        cost_bytes = UNIT_BYTES + unit.size_bytes
        if need := self.need(unit):
            return cost_bytes * _WEIGHTS[need]
        if self.eager:
            return cost_bytes
        spared_bytes = cost_bytes
        for _ in range(1 + self._users[unit.names]):
            spared_bytes -= spared_bytes // _ONE_IN
        return cost_bytes - spared_bytes

    def expected_bytes_apart(self, extension: Unit) -> int:
        """The same for an extension module that is nested apart.

        Who imports the package needs it, or does not.
        """
        found = self.expected_bytes(extension)
        return found if self.need(extension) else found // 2

    def need(self, unit: Unit) -> Need:
        """What is known to need a unit, where that makes a difference."""
        if self.needs is None or self.eager:
            return Need.NOTHING
        # What would be extracted when the function starts is needed there.
        if unit is self.parts.project or unit.has_pth or unit.has_more:
            return Need.INIT
        return need_of(unit, self.needs)

    @cached_property
    def _users(self) -> Mapping[tuple[str, ...], int]:
        """How many other units require one, directly or through others."""
        units = (*self.parts.units, self.parts.project)
        own = set(self.parts.project.names)
        unit_of = {name: unit.names for unit in units for name in unit.names}
        required_by = requirers(self.distributions)
        users: dict[tuple[str, ...], int] = {}
        for unit in units:
            found: set[str] = set()
            pending = set(unit.names)
            while pending:
                name = pending.pop()
                found.add(name)
                pending |= required_by.get(name, frozenset()) - found - own
            those = {unit_of.get(name, (name,)) for name in found}
            users[unit.names] = len(those - {unit.names})
        return users
