"""Several measurements of one thing."""

from __future__ import annotations

import statistics

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence


@dataclass(frozen=True)
class Spread:
    """The middle of several measurements, and how far they lie apart."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Sums up one measurement or more."""
        measured = sorted(values)
        return cls(statistics.median(measured), measured[0], measured[-1])


def ratio_by_rounds(
    elapsed_s: Mapping[str, Sequence[float]], one: str, other: str
) -> float | None:
    """How many times as long one thing takes as another: the median of all rounds.

    A machine may change its speed from round to round. None if one has not been done.

    Args:
        elapsed_s: Round by round; what is slow may be in the first rounds only.
        one: The name of one of them.
        other: That of the other one.
    """
    rounds = zip(elapsed_s.get(one, ()), elapsed_s.get(other, ()), strict=False)
    found = [one_s / other_s for one_s, other_s in rounds]
    return statistics.median(found) if found else None
