"""Selects what is nested: what costs the least to extract, and no more than must be."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from itertools import compress
from itertools import product
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.nesting.knapsack import Candidate
from poetry_plugin_package_function.packaging.nesting.knapsack import cheapest


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.nesting.costs import ExtractionCosts
    from poetry_plugin_package_function.packaging.nesting.sums import Sums


_MAX_APART: Final = 4
"""Of how many units extension modules may be nested alone: each doubles the search."""


@dataclass(frozen=True)
class Selection:
    """What is nested.

    Attributes:
        units: Positions of units. Their tests and extension modules are nested, too.
        tests: Positions of units whose tests are nested.
        extensions: Positions of units, and of extension modules of theirs.
    """

    units: frozenset[int] = frozenset()
    tests: frozenset[int] = frozenset()
    extensions: frozenset[tuple[int, int]] = frozenset()

    def __and__(self, other: Selection) -> Selection:
        return Selection(
            self.units & other.units,
            self.tests & other.tests,
            self.extensions & other.extensions,
        )

    def without(
        self, place: int, extensions: Iterable[tuple[int, int]] = ()
    ) -> Selection:
        """Leaves out a unit, its tests and some extension modules."""
        return Selection(
            self.units - {place},
            self.tests - {place},
            self.extensions.difference(extensions),
        )


class _Piece(NamedTuple):
    """Something that may be nested.

    Attributes:
        place: A unit's.
        extension: Which extension module of it; None for all that it has.
        saved_bytes: See `Candidate`.
        cost_bytes: See `Candidate.extracted_bytes`.
    """

    place: int
    extension: int | None
    saved_bytes: int
    cost_bytes: int

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.saved_bytes, self.cost_bytes)


@dataclass(frozen=True)
class Selector:
    """Selects for one tree.

    Attributes:
        sums: What Lambda counts.
        costs: What is to be kept low.
        nested: Positions of units that the user wants nested.
        flat: Positions of units that stay flat: because they have to, or because the
            user wants it.
    """

    sums: Sums
    costs: ExtractionCosts
    nested: frozenset[int]
    flat: frozenset[int]

    def all_that_helps(self) -> Selection:
        """Selects all that may be nested and saves something.

        What the user wants nested is, whether it helps or not.
        """
        sums = self.sums
        selection = Selection()
        for place in set(range(len(sums.units))) - self.flat:
            apart = [
                each
                for each in sums.extensions(place)
                if sums.saved_by_extension(each) > 0
            ]
            saved_apart = sum(map(sums.saved_by_extension, apart))
            helps = sums.saved_with_tests(place) > max(0, saved_apart)
            is_nested = place in self.nested or helps
            if is_nested or sums.saved_by_tests(place) > 0:
                selection = replace(selection, tests=selection.tests | {place})
            if is_nested:
                apart = sums.extensions(place)
                selection = replace(selection, units=selection.units | {place})
            selection = replace(selection, extensions=selection.extensions.union(apart))
        return selection

    def select(self, over_bytes: int) -> Selection | None:
        """Selects the user's own first, then tests, then what costs the least.

        Args:
            over_bytes: What has to be saved.

        Returns:
            None if that is not possible.
        """
        sums, units, named = self.sums, self.sums.units, self.nested
        missing = over_bytes - sum(
            sums.saved_with_tests(place) + max(0, sums.saved_by_tests(place))
            for place in named
        )
        others = [
            place for place in range(len(units)) if place not in named | self.flat
        ]
        by_tests = {
            place: saved_bytes
            for place in others
            if (saved_bytes := sums.saved_by_tests(place)) > 0
        }
        selected: frozenset[_Piece] = frozenset()
        if missing > sum(by_tests.values()):
            found = self._cheapest(others, missing - sum(by_tests.values()))
            if found is None:
                return None
            selected = found
        wholes = {each.place for each in selected if each.extension is None} | named
        extensions = {each for place in wholes for each in sums.extensions(place)}
        for each in selected:
            missing -= each.saved_bytes
            if each.extension is not None:
                extensions.add((each.place, each.extension))
            else:
                missing -= by_tests.pop(each.place, 0)
        tests = {place for place in wholes if units[place].tests}
        for place in sorted(by_tests, key=lambda each: (-by_tests[each], each)):
            if missing <= 0:
                break
            missing -= by_tests[place]
            tests.add(place)
        return Selection(frozenset(wholes), frozenset(tests), frozenset(extensions))

    def _cheapest(
        self, others: Sequence[int], missing_bytes: int
    ) -> frozenset[_Piece] | None:
        """Selects units, or extension modules of theirs, as cheaply as can be."""
        sums = self.sums
        apart = [place for place in others if sums.units[place].extensions]
        apart.sort(key=lambda place: (-sums.units[place].size_bytes, place))
        best: tuple[int, frozenset[_Piece]] | None = None
        apart = apart[:_MAX_APART]
        for ways in product((True, False), repeat=len(apart)):
            those = set(compress(apart, ways))
            pieces = [
                piece
                for place in others
                for piece in (
                    self._extensions(place) if place in those else [self._whole(place)]
                )
            ]
            found = cheapest([each.candidate for each in pieces], missing_bytes)
            if found is not None:
                cost_bytes = sum(pieces[each].cost_bytes for each in found)
                if best is None or cost_bytes < best[0]:
                    best = cost_bytes, frozenset(pieces[each] for each in found)
        return best and best[1]

    def without_waste(self, selection: Selection, limit_bytes: int) -> Selection:
        """Takes out what is not needed after all, the most expensive first.

        Sums are estimated while selecting, but for some bytes of settings.
        """
        sums = self.sums
        room_bytes = (
            limit_bytes - sums.total(selection) + sums.settings_bytes(selection)
        )
        free = selection.units - self.nested
        lesser = []
        for place in sorted(free, key=lambda each: -self._whole(each).cost_bytes):
            saved_bytes = sums.saved(place) + sums.saved_by_tests(place)
            apart = sums.extensions(place)
            if saved_bytes + sum(map(sums.saved_inside, apart)) < room_bytes:
                lesser.append(selection.without(place, apart))
            if apart and saved_bytes < room_bytes:
                lesser.append(selection.without(place))
        lesser += [
            replace(selection, extensions=selection.extensions - {each})
            for each in sorted(selection.extensions)
            if sums.saved_by_extension(each) < room_bytes
        ]
        lesser += [
            replace(selection, tests=selection.tests - {place})
            for place in sorted(selection.tests - selection.units)
            if sums.saved_by_tests(place) < room_bytes
        ]
        for each in lesser:
            candidate = selection & each
            if _is_whole(candidate, sums) and sums.total(candidate) < limit_bytes:
                selection = candidate
        return selection

    def _whole(self, place: int) -> _Piece:
        sums, unit = self.sums, self.sums.units[place]
        cost_bytes = self.costs.expected_bytes(unit, unit.size_bytes) + sum(
            each.cost_bytes for each in self._extensions(place)
        )
        return _Piece(place, None, sums.saved_with_tests(place), cost_bytes)

    def _extensions(self, place: int) -> Iterator[_Piece]:
        sums, unit = self.sums, self.sums.units[place]
        for each, extension in zip(
            sums.extensions(place), unit.extensions, strict=True
        ):
            # Who imports the package needs it, or does not.
            cost_bytes = self.costs.expected_bytes(unit, extension.size_bytes) // 2
            yield _Piece(*each, sums.saved_by_extension(each), cost_bytes)


def _is_whole(selection: Selection, sums: Sums) -> bool:
    """Whether all that goes with a nested unit is nested."""
    return selection.extensions.issuperset(
        each for place in selection.units for each in sums.extensions(place)
    )
