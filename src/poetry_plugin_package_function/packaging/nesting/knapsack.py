"""Chooses what is nested: pure numbers in, a choice out."""

from __future__ import annotations

import math

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from typing import TypeAlias

    _Choice: TypeAlias = tuple[int, int, int, int, int, "_Choice | None"]


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
    useful.sort(key=lambda place: _rank(candidates[place]))
    found = _Search([candidates[place] for place in useful]).run(needed_bytes)
    if found is None:
        return None
    chosen = {useful[place] for place in found}
    spare_bytes = sum(candidates[place].saved_bytes for place in chosen) - needed_bytes
    for place in sorted(chosen, key=lambda each: -candidates[each].extracted_bytes):
        if candidates[place].saved_bytes <= spare_bytes:
            spare_bytes -= candidates[place].saved_bytes
            chosen.remove(place)
    return frozenset(chosen)


def _rank(candidate: Candidate) -> tuple[float, int]:
    """Those that save the most for a byte extracted come first."""
    saved_bytes, extracted_bytes = candidate
    return extracted_bytes / saved_bytes, -saved_bytes


class _Search:
    """Branch and bound among candidates in the order of `_rank`.

    No choice among the candidates from some place on is cheaper than to take them in
    this order and only a fraction of the last one, which bounds what is worth a look.

    A choice is a tuple, as thousands are made: the place of the first candidate that
    has not been looked at, what is still to be saved, what is extracted of those that
    are chosen, how many they are, the place of the last one, and the choice that it has
    been added to.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._saved = list(accumulate((each[0] for each in candidates), initial=0))
        self._cost = list(accumulate((each[1] for each in candidates), initial=0))

    def run(self, needed_bytes: int) -> list[int] | None:
        """Returns positions of a cheapest choice; None if there is none."""
        best: _Choice | None = None
        choices: list[_Choice] = [(0, needed_bytes, 0, 0, -1, None)]
        steps = 0
        while choices:
            choice = choices.pop()
            place, missing_bytes, cost_bytes, chosen, *_ = choice
            if missing_bytes <= 0:
                if best is None or (cost_bytes, chosen) < best[2:4]:
                    best = choice
                continue
            steps += 1
            if best is not None and steps > _STEPS:
                break
            least_bytes = self._least(place, missing_bytes, cost_bytes)
            if least_bytes == math.inf or (best is not None and least_bytes > best[2]):
                continue
            saved_bytes, extracted_bytes = self._candidates[place]
            choices.append((place + 1, *choice[1:]))
            choices.append(  # looked at first
                (
                    *(place + 1, missing_bytes - saved_bytes),
                    *(cost_bytes + extracted_bytes, chosen + 1),
                    *(place, choice if chosen else None),
                )
            )
        return None if best is None else [*_places(best)]

    def _least(self, place: int, missing_bytes: int, cost_bytes: int) -> float:
        """The least that it can cost to save so much, or infinity if it cannot."""
        target = self._saved[place] + missing_bytes
        if target > self._saved[-1]:
            return math.inf
        last = bisect_left(self._saved, target, place + 1) - 1
        saved_bytes, extracted_bytes = self._candidates[last]
        fraction = (target - self._saved[last]) / saved_bytes
        skipped = self._cost[last] - self._cost[place]
        return cost_bytes + skipped + extracted_bytes * fraction


def _places(choice: _Choice | None) -> Iterator[int]:
    while choice is not None and choice[3]:
        yield choice[4]
        choice = choice[5]
