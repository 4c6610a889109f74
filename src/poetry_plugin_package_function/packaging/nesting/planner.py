"""Plans a nested result: no more is nested than must be, and what costs the least."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.nesting.costs import ExtractionCosts
from poetry_plugin_package_function.packaging.nesting.loadable import check_loadable
from poetry_plugin_package_function.packaging.nesting.loadable import loadable
from poetry_plugin_package_function.packaging.nesting.placement import Placement
from poetry_plugin_package_function.packaging.nesting.selection import Selector
from poetry_plugin_package_function.packaging.nesting.splitting import split
from poetry_plugin_package_function.packaging.nesting.stubs import home_of
from poetry_plugin_package_function.packaging.nesting.sums import Sums
from poetry_plugin_package_function.packaging.nesting.units import need_of
from poetry_plugin_package_function.packaging.nesting.units import with_tests
from poetry_plugin_package_function.packaging.nesting.wishes import refuse
from poetry_plugin_package_function.packaging.profiles.needs import Need


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.job import Wishes
    from poetry_plugin_package_function.packaging.native.libraries import Native
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.profiles.needs import Needs
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


class NestingPlanner:
    """Plans for one tree.

    Attributes:
        parts: What may be nested.
        placement: Where files are.
        costs: What it costs to extract them.
    """

    def __init__(
        self, tree: Tree, entries: Sequence[Entry], native: Native, wishes: Wishes
    ) -> None:
        """Finds out what belongs together.

        Args:
            tree: What is shipped.
            entries: Its entries, with bytecode if there is some.
            native: What they are linked to.
            wishes: What the user wants.

        Raises:
            SourceError: The project has no module that a stub could take the place
                of, or a wish cannot be granted.
        """
        home = home_of(tree)
        apart, needs = not wishes.eager, wishes.needs
        parts = split(tree, entries, native, apart=apart, needs=needs)
        parts = loadable(parts, native)
        self.parts = _with_needed_tests(parts, wishes.needs) if wishes.needs else parts
        self.placement = Placement(home, tree, self.parts, wishes)
        self.costs = ExtractionCosts(
            self.parts, tree.distributions, wishes.eager, wishes.needs
        )
        self._wishes = wishes
        self._native = native
        refuse(wishes, self.parts, tree)

    @property
    def nestable(self) -> Iterator[Entry]:
        """All entries that may be nested, but for the project's."""
        for unit in self.parts.units:
            for each in (unit, *unit.inside):
                yield from each.entries

    def plan(
        self, zipped_bytes: Mapping[str, int], limit_bytes: int, *, with_project: bool
    ) -> NestedLayout | None:
        """Plans what is nested.

        Args:
            zipped_bytes: What each entry that may be nested takes compressed.
            limit_bytes: What Lambda's count of the result has to stay below.
            with_project: Whether the project's own modules may be nested as well.

        Returns:
            Where each file is; None if it does not fit.

        Raises:
            SourceError: A library would not be found where it would be.
        """
        selector = self._selector(zipped_bytes, with_project=with_project)
        sums = selector.sums
        over_bytes = sums.total(frozenset()) - limit_bytes + 1
        while True:
            selection = selector.select(over_bytes)
            if selection is None:
                return None
            missing_bytes = sums.total(selection) - limit_bytes + 1
            if missing_bytes <= 0:
                break
            over_bytes += missing_bytes
        selection = selector.without_waste(selection, limit_bytes)
        layout = self.placement.layout(selection)
        check_loadable(layout, self._native)
        return layout

    def least_bytes(self, zipped_bytes: Mapping[str, int]) -> int:
        """What Lambda would count if all were nested that may be and that helps."""
        selector = self._selector(zipped_bytes, with_project=True)
        return selector.sums.total(selector.all_that_helps())

    def needed_bytes(self, layout: NestedLayout) -> tuple[int, int]:
        """What INIT extracts of a layout, and what the event does beside that.

        Nobody needs anything if what is needed is not known, but what is extracted when
        the function starts.
        """
        found = {Need.INIT: 0, Need.EVENT: 0}
        for unit in layout.units:
            need = Need.INIT if unit.at_init else self.placement.need(unit)
            if need:
                found[need] += unit.size_bytes
        return found[Need.INIT], found[Need.EVENT]

    def _selector(
        self, zipped_bytes: Mapping[str, int], *, with_project: bool
    ) -> Selector:
        units = (*self.parts.units, *((self.parts.project,) if with_project else ()))
        bound = {unit for unit in units if unit.bound}
        return Selector(
            Sums(self.placement, units, zipped_bytes),
            self.costs,
            _named(units, self._wishes.nest),
            _named(units, self._wishes.keep_flat) | bound,
        )


def _with_needed_tests(parts: Parts, needs: Needs) -> Parts:
    """Leaves tests that something needs where they are: with their unit."""
    return replace(
        parts,
        units=tuple(
            with_tests(each) if each.tests and need_of(each.tests, needs) else each
            for each in parts.units
        ),
    )


def _named(units: Sequence[Unit], names: frozenset[NormalizedName]) -> frozenset[Unit]:
    return frozenset(unit for unit in units if not names.isdisjoint(unit.names))
