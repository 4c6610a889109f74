"""Selects what is nested: what costs the least to extract, and no more than must be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress
from itertools import product
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.nesting.knapsack import Candidate
from poetry_plugin_package_function.packaging.nesting.knapsack import cheapest


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.nesting.costs import ExtractionCosts
    from poetry_plugin_package_function.packaging.nesting.sums import Sums
    from poetry_plugin_package_function.packaging.nesting.units import Unit


_MAX_APART: Final = 4
"""Of how many units extension modules may be nested alone: each doubles the search."""


@dataclass(frozen=True)
class Selector:
    """Selects for one tree.

    Attributes:
        sums: What Lambda counts.
        costs: What is to be kept low.
        nested: Units that the user wants nested.
        flat: Units that stay flat: because they have to, or because the user wants it.
    """

    sums: Sums
    costs: ExtractionCosts
    nested: frozenset[Unit]
    flat: frozenset[Unit]

    def all_that_helps(self) -> frozenset[Unit]:
        """Selects all that may be nested and saves something.

        What the user wants nested is, whether it helps or not.
        """
        sums = self.sums
        selection: set[Unit] = set()
        for unit in sums.units:
            if unit in self.flat:
                continue
            saved_apart = sum(max(0, sums.saved(each)) for each in unit.extensions)
            if unit in self.nested or sums.saved_with_tests(unit) > saved_apart:
                selection.update((unit, *unit.inside))
            else:
                selection.update(each for each in unit.inside if sums.saved(each) > 0)
        return frozenset(selection)

    def select(self, over_bytes: int) -> frozenset[Unit] | None:
        """Selects the user's own first, then tests, then what costs the least.

        Args:
            over_bytes: What has to be saved.

        Returns:
            None if that is not possible.
        """
        sums = self.sums
        missing = over_bytes - sum(
            sums.saved_with_tests(unit) + max(0, sums.saved_by_tests(unit))
            for unit in self.nested
        )
        settled = self.nested | self.flat
        others = [unit for unit in sums.units if unit not in settled]
        by_tests = {
            unit.tests: sums.saved(unit.tests)
            for unit in others
            if unit.tests and sums.saved(unit.tests) > 0
        }
        selected = set(self.nested)
        if missing > sum(by_tests.values()):
            found = self._cheapest(others, missing - sum(by_tests.values()))
            if found is None:
                return None
            selected.update(found)
            missing -= sum(each.saved_bytes for each in found.values())
        for unit in [*selected]:
            selected.update(unit.inside)
            missing -= sum(by_tests.pop(each, 0) for each in unit.inside)
        for tests in sorted(by_tests, key=lambda each: -by_tests[each]):
            if missing <= 0:
                break
            missing -= by_tests[tests]
            selected.add(tests)
        return frozenset(selected)

    def _cheapest(
        self, others: Sequence[Unit], missing_bytes: int
    ) -> Mapping[Unit, Candidate] | None:
        """Selects units, or extension modules of theirs, as cheaply as can be."""
        apart = sorted(
            (unit for unit in others if unit.extensions),
            key=lambda unit: -unit.size_bytes,
        )[:_MAX_APART]
        choices = []
        for ways in product((True, False), repeat=len(apart)):
            those = set(compress(apart, ways))
            candidates: dict[Unit, Candidate] = {}
            for unit in others:
                if unit in those:
                    candidates.update(self._extensions(unit))
                else:
                    candidates[unit] = self._whole(unit)
            found = cheapest(tuple(candidates.values()), missing_bytes)
            if found is not None:
                in_order = tuple(candidates.items())
                choices.append(dict(in_order[place] for place in found))
        return min(choices, key=_extracted_bytes, default=None)

    def without_waste(
        self, selection: frozenset[Unit], limit_bytes: int
    ) -> frozenset[Unit]:
        """Takes out what is not needed after all, the most expensive first.

        Sums are estimated while selecting, but for some bytes of settings.
        """
        sums = self.sums
        room_bytes = (
            limit_bytes - sums.total(selection) + sums.settings_bytes(selection)
        )
        may_stay_flat = selection - self.nested
        free = [unit for unit in sums.units if unit in may_stay_flat]
        free.sort(key=lambda unit: -self._whole(unit).extracted_bytes)
        dispensable: list[set[Unit]] = []
        for unit in free:
            by_tests = sums.saved_by_tests(unit)
            if sums.saved_with_extensions(unit) + by_tests < room_bytes:
                dispensable.append({unit, *unit.inside})
            if unit.extensions and sums.saved(unit) + by_tests < room_bytes:
                dispensable.append({unit, *unit.inside}.difference(unit.extensions))
        extensions = (each for unit in sums.units for each in unit.extensions)
        tests = (
            unit.tests for unit in sums.units if unit.tests and unit not in selection
        )
        dispensable += (
            {each}
            for each in (*extensions, *tests)
            if each in selection and sums.saved(each) < room_bytes
        )
        for those in dispensable:
            candidate = selection - those
            if self._is_whole(candidate) and sums.total(candidate) < limit_bytes:
                selection = candidate
        return selection

    def _is_whole(self, selection: frozenset[Unit]) -> bool:
        """Whether all extension modules of nested units are nested."""
        units = (unit for unit in self.sums.units if unit in selection)
        return all(selection.issuperset(unit.extensions) for unit in units)

    def _whole(self, unit: Unit) -> Candidate:
        cost_bytes = self.costs.expected_bytes(unit) + _extracted_bytes(
            self._extensions(unit)
        )
        saved_bytes = self.sums.saved_with_tests(unit)
        return Candidate(saved_bytes, cost_bytes, self.costs.need(unit))

    def _extensions(self, unit: Unit) -> Mapping[Unit, Candidate]:
        return {
            each: Candidate(
                self.sums.saved(each),
                self.costs.expected_bytes_apart(each),
                self.costs.need(each),
            )
            for each in unit.extensions
        }


def _extracted_bytes(candidates: Mapping[Unit, Candidate]) -> int:
    return sum(each.extracted_bytes for each in candidates.values())
