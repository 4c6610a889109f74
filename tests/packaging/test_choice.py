"""What is chosen saves enough, costs the least, and has nothing in vain."""

from __future__ import annotations

import random
import signal

from contextlib import contextmanager
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging.nesting.knapsack import Candidate
from poetry_plugin_package_function.packaging.nesting.knapsack import cheapest


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from types import FrameType


def saved(candidates: Sequence[Candidate], chosen: Iterable[int]) -> int:
    return sum(candidates[place].saved_bytes for place in chosen)


def cost(candidates: Sequence[Candidate], chosen: Iterable[int]) -> int:
    return sum(candidates[place].extracted_bytes for place in chosen)


def least_cost(candidates: Sequence[Candidate], needed_bytes: int) -> int | None:
    """Tries all choices; None if none is enough."""
    places = range(len(candidates))
    costs = [
        cost(candidates, chosen)
        for count in range(len(candidates) + 1)
        for chosen in combinations(places, count)
        if saved(candidates, chosen) >= needed_bytes
    ]
    return min(costs, default=None)


def assert_minimal(
    candidates: Sequence[Candidate], chosen: frozenset[int], needed_bytes: int
) -> None:
    """Without any one of them, too little is saved."""
    total = saved(candidates, chosen)
    assert total >= needed_bytes
    assert [] == [
        place
        for place in sorted(chosen)
        if total - candidates[place].saved_bytes >= needed_bytes
    ]


@contextmanager
def within(cpu_s: float) -> Iterator[None]:
    """Fails what takes longer, on a machine that others use as well."""

    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"more than {cpu_s} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


ALIKE = st.just(0)
SMALL = st.builds(Candidate, st.integers(-3, 30), st.integers(0, 30), ALIKE)
LARGE = st.builds(Candidate, st.integers(1, 10**9), st.integers(1 << 18, 10**9), ALIKE)
OF_ANY_URGENCY = st.builds(
    Candidate, st.integers(-3, 30), st.integers(0, 30), st.integers(0, 2)
)


# -- a few, against all choices -----------------------------------------------------


@given(st.lists(SMALL | LARGE, max_size=8) | st.lists(SMALL, max_size=10), st.data())
@example([Candidate(5, 5), Candidate(1, 1), Candidate(5, 6)], None)
def test_the_cheapest_choice(
    candidates: list[Candidate], data: st.DataObject | None
) -> None:
    """It costs as little as the best of all, and has nothing that is not needed."""
    positive = sum(max(each.saved_bytes, 0) for each in candidates)
    needed_bytes = data.draw(st.integers(-1, positive)) if data else 6

    found = cheapest(candidates, needed_bytes)

    assert found is not None
    assert least_cost(candidates, needed_bytes) == cost(candidates, found)
    assert_minimal(candidates, found, needed_bytes)


@given(st.lists(OF_ANY_URGENCY, max_size=9), st.data())
def test_the_least_of_what_is_most_urgent(
    candidates: list[Candidate], data: st.DataObject
) -> None:
    """No choice has less of it, however little that has of all else."""
    positive = sum(max(each.saved_bytes, 0) for each in candidates)
    needed_bytes = data.draw(st.integers(-1, positive))

    found = cheapest(candidates, needed_bytes)

    assert found is not None
    urgent = [
        each._replace(extracted_bytes=each.extracted_bytes * (each.urgency == 2))
        for each in candidates
    ]
    assert least_cost(urgent, needed_bytes) == cost(urgent, found)
    assert_minimal(candidates, found, needed_bytes)


def test_the_more_urgent_is_chosen_last() -> None:
    """If all else does not save enough; of that as much as is still needed."""
    candidates = [Candidate(9, 1, 1), Candidate(5, 900), Candidate(5, 800)]

    assert frozenset([2]) == cheapest(candidates, 5)
    assert frozenset([1, 2]) == cheapest(candidates, 10)
    assert frozenset([0, 2]) == cheapest(candidates, 14)
    assert frozenset([0, 1, 2]) == cheapest(candidates, 19)
    assert cheapest(candidates, 20) is None


@given(st.lists(SMALL, max_size=10), st.integers(1, 20))
def test_what_cannot_be_saved(candidates: list[Candidate], beyond_bytes: int) -> None:
    """There is no choice where all that save something do not suffice; else there is.

    What would cost more room than it saves is not counted against the others.
    """
    useful = {place for place, each in enumerate(candidates) if each.saved_bytes > 0}
    most_bytes = saved(candidates, useful)

    assert cheapest(candidates, most_bytes + beyond_bytes) is None
    assert frozenset(useful) == cheapest(candidates, most_bytes)


@pytest.mark.parametrize("needed_bytes", [0, -1, -(10**9)])
def test_nothing_is_needed(needed_bytes: int) -> None:
    """Then nothing is chosen, though there would be something to save for nothing."""
    assert frozenset() == cheapest([Candidate(9, 0)], needed_bytes)
    assert frozenset() == cheapest([], needed_bytes)


@pytest.mark.parametrize("useless", [0, -1, -(10**9)])
def test_what_saves_nothing(useless: int) -> None:
    """It is never chosen, however little it costs."""
    candidates = [Candidate(useless, 0), Candidate(10, 99), Candidate(useless, 0)]

    assert frozenset([1]) == cheapest(candidates, 10)
    assert cheapest(candidates, 11) is None
    assert cheapest(candidates[:1], 1) is None


def test_the_first_in_order_are_not_always_the_cheapest() -> None:
    """What saves the most for a byte may be in vain beside a large one."""
    candidates = [Candidate(10, 10), Candidate(60, 66), Candidate(100, 120)]

    assert frozenset([2]) == cheapest(candidates, 100)
    assert frozenset([0, 2]) == cheapest(candidates, 110)
    assert frozenset([0, 1]) == cheapest(candidates, 70)


@given(st.lists(LARGE, min_size=1, max_size=30), st.data())
def test_the_same_each_time(candidates: list[Candidate], data: st.DataObject) -> None:
    """The choice depends on numbers and their order only."""
    needed_bytes = data.draw(st.integers(1, saved(candidates, range(len(candidates)))))

    found = [cheapest(candidates, needed_bytes) for _ in range(2)]

    assert found[0] == found[1]
    assert found[0] == cheapest(tuple(candidates), needed_bytes)


@pytest.mark.parametrize("needed_bytes", [1, 5, 10])
def test_of_equals_the_first(needed_bytes: int) -> None:
    """Where nothing else tells them apart, their order does."""
    candidates = [Candidate(2, 7)] * 6
    count = -(-needed_bytes // 2)

    assert frozenset(range(count)) == cheapest(candidates, needed_bytes)


# -- many ---------------------------------------------------------------------------


def equal(_: random.Random) -> Candidate:
    return Candidate(1000, 1 << 18)


def nearly_equal(numbers: random.Random) -> Candidate:
    return Candidate(1000 + numbers.randrange(3), 1000 + numbers.randrange(3))


def alike(numbers: random.Random) -> Candidate:
    size = numbers.randrange(100_000, 110_000)
    return Candidate(size * 2 // 3, (1 << 18) + size)


def any_size(numbers: random.Random) -> Candidate:
    saved_bytes = numbers.randrange(1, 10 ** numbers.randrange(2, 9))
    extracted_bytes = numbers.randrange(10 ** numbers.randrange(2, 9))
    return Candidate(saved_bytes, (1 << 18) + extracted_bytes)


@pytest.mark.parametrize("kind", [equal, nearly_equal, alike, any_size])
@pytest.mark.parametrize("part", [0.01, 0.3, 0.5, 0.9, 1])
def test_hundreds(kind: Callable[[random.Random], Candidate], part: float) -> None:
    """The search ends soon, and what it has found is enough, with nothing in vain."""
    candidates = [kind(random.Random(number)) for number in range(300)]
    needed_bytes = int(saved(candidates, range(300)) * part)

    with within(cpu_s=5):
        found = cheapest(candidates, needed_bytes)

    assert found is not None
    assert_minimal(candidates, found, needed_bytes)


@pytest.mark.parametrize("seed", [192, 727, 22746, 24716])
def test_nothing_in_vain_where_the_search_is_cut_off(seed: int) -> None:
    """A choice that may not be the cheapest has nothing that is not needed, either."""
    numbers = random.Random(seed)
    candidates = [any_size(numbers) for _ in range(numbers.choice([30, 60, 200, 400]))]
    needed_bytes = numbers.randrange(1, saved(candidates, range(len(candidates))))

    found = cheapest(candidates, needed_bytes)

    assert found is not None
    assert_minimal(candidates, found, needed_bytes)


@pytest.mark.parametrize("count", [500, 2000])
def test_nearly_all_are_needed(count: int) -> None:
    """There may be more of them than Python allows calls."""
    candidates = [Candidate(1000 + number, 1 << 18) for number in range(count)]
    needed_bytes = saved(candidates, range(count)) - 10_000

    with within(cpu_s=5):
        found = cheapest(candidates, needed_bytes)

    assert found is not None
    assert_minimal(candidates, found, needed_bytes)
    assert count - 9 == len(found)
