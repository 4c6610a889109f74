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


_STEPS: Final = 20_000
"""A bound on the search. Real trees need some hundred; a time would not give the same
choice on each machine."""


class Candidate(NamedTuple):
    """What nesting something brings, and what it costs.

    Attributes:
        saved_bytes: What is saved of Lambda's limit.
        extracted_bytes: What is extracted when it is imported, or a multiple of that.
        urgency: How much it is to stay. What has a greater one is chosen only if all
            that has less does not save enough, and then as little of it as can be.
    """

    saved_bytes: int
    extracted_bytes: int
    urgency: int = 0


def cheapest(
    candidates: Sequence[Candidate], needed_bytes: int
) -> frozenset[int] | None:
    """Chooses so that enough is saved and as little as possible is extracted.

    That is: of the most urgent, then of the less urgent.

    No choice has one more than is needed: without any of them too little is saved.

    Args:
        candidates: What there is to choose from.
        needed_bytes: What has to be saved.

    Returns:
        Their positions; None if all of them together do not save enough.
    """
    useful = [place for place, each in enumerate(candidates) if each.saved_bytes > 0]
    useful.sort(key=lambda place: _rank(candidates[place]))
    chosen: set[int] = set()
    missing_bytes = needed_bytes
    for urgency in sorted({candidates[each].urgency for each in useful}, reverse=True):
        here = [each for each in useful if candidates[each].urgency == urgency]
        less_urgent_bytes = sum(
            candidates[each].saved_bytes
            for each in useful
            if candidates[each].urgency < urgency
        )
        search = _Search([candidates[place] for place in here])
        found = search.run(missing_bytes - less_urgent_bytes)
        if found is None:
            return None
        chosen.update(here[place] for place in found)
        missing_bytes -= sum(candidates[here[place]].saved_bytes for place in found)
    if missing_bytes > 0:  # there is nothing useful
        return None
    spare_bytes = -missing_bytes
    for place in sorted(chosen, key=lambda each: -candidates[each].extracted_bytes):
        if candidates[place].saved_bytes <= spare_bytes:
            spare_bytes -= candidates[place].saved_bytes
            chosen.remove(place)
    return frozenset(chosen)


def _rank(candidate: Candidate) -> tuple[float, int]:
    """Those that save the most for a byte extracted come first."""
    saved_bytes, extracted_bytes, _ = candidate
    return extracted_bytes / saved_bytes, -saved_bytes


class _Node(NamedTuple):
    """A choice among the candidates before some place.

    Attributes:
        place: The first that has not been looked at.
        needed_bytes: What is still to be saved.
        cost_bytes: What is extracted of those that are chosen.
        chosen: How many they are.
        last: The place of the last one.
        before: The choice that it has been added to.
    """

    place: int
    needed_bytes: int
    cost_bytes: int = 0
    chosen: int = 0
    last: int = -1
    before: _Node | None = None


class _Search:
    """Branch and bound among candidates in the order of `_rank`.

    No choice among the candidates from some place on is cheaper than to take them in
    this order and only a fraction of the last one, which bounds what is worth a look.
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._saved = list(accumulate((each[0] for each in candidates), initial=0))
        self._cost = list(accumulate((each[1] for each in candidates), initial=0))

    def run(self, needed_bytes: int) -> list[int] | None:
        """Returns positions of a cheapest choice; None if there is none."""
        best: _Node | None = None
        nodes = [_Node(0, needed_bytes)]
        steps = 0
        while nodes:
            node = nodes.pop()
            if node.needed_bytes <= 0:
                if best is None or node[2:4] < best[2:4]:
                    best = node
                continue
            steps += 1
            if best is not None and steps > _STEPS:
                break
            least_bytes = self._least(node)
            if least_bytes == math.inf or (
                best is not None and least_bytes > best.cost_bytes
            ):
                continue
            # The last one is looked at first.
            nodes += [node._replace(place=node.place + 1), self._with_next(node)]
        return None if best is None else [*_places(best)]

    def _with_next(self, node: _Node) -> _Node:
        saved_bytes, extracted_bytes, _ = self._candidates[node.place]
        return _Node(
            node.place + 1,
            node.needed_bytes - saved_bytes,
            node.cost_bytes + extracted_bytes,
            node.chosen + 1,
            node.place,
            node if node.chosen else None,
        )

    def _least(self, node: _Node) -> float:
        """The least that it can cost to save so much, or infinity if it cannot."""
        target = self._saved[node.place] + node.needed_bytes
        if target > self._saved[-1]:
            return math.inf
        last = bisect_left(self._saved, target, node.place + 1) - 1
        saved_bytes, extracted_bytes, _ = self._candidates[last]
        fraction = (target - self._saved[last]) / saved_bytes
        skipped = self._cost[last] - self._cost[node.place]
        return node.cost_bytes + skipped + extracted_bytes * fraction


def _places(node: _Node | None) -> Iterator[int]:
    while node is not None and node.chosen:
        yield node.last
        node = node.before
