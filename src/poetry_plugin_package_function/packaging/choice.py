"""Chooses what is nested: pure numbers in, a choice out."""

from __future__ import annotations

import math

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Sequence


_STEPS: Final = 20_000
"""A bound on the search. Real trees need some hundred; a time would not give the same
choice on each machine."""


class Candidate(NamedTuple):
    """What nesting something brings, and what it costs.

    Attributes:
        saved_bytes: What is saved of Lambda's limit.
        extracted_bytes: What is extracted when it is imported.
    """

    saved_bytes: int
    extracted_bytes: int


def cheapest(
    candidates: Sequence[Candidate], needed_bytes: int
) -> frozenset[int] | None:
    """Chooses so that enough is saved and as little as possible is extracted.

    No choice has one more than is needed: without any of them too little is saved.

    Args:
        candidates: What there is to choose from.
        needed_bytes: What has to be saved.

    Returns:
        Their positions; None if all of them together do not save enough.
    """
    useful = [place for place, each in enumerate(candidates) if each.saved_bytes > 0]
    search = _Search([candidates[place] for place in useful])
    found = search.run(needed_bytes)
    return None if found is None else frozenset(useful[place] for place in found)


class _Search:
    """Branch and bound: those that save the most for a byte extracted come first.

    No choice among the candidates from some place on is cheaper than to take them in
    this order and only a fraction of the last one, which bounds what is worth a look.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._order = sorted(
            range(len(candidates)),
            key=lambda place: (
                candidates[place].extracted_bytes / candidates[place].saved_bytes,
                -candidates[place].saved_bytes,
                place,
            ),
        )
        self._sorted = [candidates[place] for place in self._order]
        self._saved = list(accumulate((each[0] for each in self._sorted), initial=0))
        self._cost = list(accumulate((each[1] for each in self._sorted), initial=0))
        self._steps = 0
        self._best: tuple[float, tuple[int, ...]] = (math.inf, ())

    def run(self, needed_bytes: int) -> tuple[int, ...] | None:
        if self._saved[-1] < needed_bytes:
            return None
        self._look(0, needed_bytes, 0, ())
        return tuple(self._order[place] for place in self._best[1])

    def _look(
        self, place: int, needed: int, cost: int, chosen: tuple[int, ...]
    ) -> None:
        while True:
            if needed <= 0:
                if (cost, len(chosen)) < (self._best[0], len(self._best[1])):
                    self._best = (cost, chosen)
                return
            self._steps += 1
            if self._saved[-1] - self._saved[place] < needed:
                return
            if cost + self._least(place, needed) > self._best[0]:
                return
            if self._steps > _STEPS and self._best[1]:
                return
            saved, extracted = self._sorted[place]
            self._look(place + 1, needed - saved, cost + extracted, (*chosen, place))
            place += 1

    def _least(self, place: int, needed: int) -> float:
        """The least that it can cost to save so much from a place on."""
        target = self._saved[place] + needed
        last = bisect_left(self._saved, target, place + 1) - 1
        saved, extracted = self._sorted[last]
        fraction = (target - self._saved[last]) / saved
        return self._cost[last] - self._cost[place] + extracted * fraction
