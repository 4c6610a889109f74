"""Markdown: sections, tables, marks."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from bench.spread import Spread


def section(title: str, *blocks: str) -> Iterator[str]:
    """A heading and what is under it."""
    yield f"### {title}\n"
    for block in blocks:
        if block:
            yield block


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Heads and rows."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def spread(measured: Spread, digits: int, *, unit: float = 1) -> str:
    """The median, with the lowest and the highest behind it."""
    median, low, high = (
        f"{value / unit:,.{digits}f}"
        for value in (measured.median, measured.low, measured.high)
    )
    return median if low == high else f"{median} ({low}\N{EN DASH}{high})"


def mark(text: str, *, met: bool) -> str:
    """A line that says whether something is as it has to be."""
    return f"- {text}: **mark {'met' if met else 'missed'}**\n"
