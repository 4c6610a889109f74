"""Several measurements of one thing."""

from __future__ import annotations

import statistics

from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable


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
