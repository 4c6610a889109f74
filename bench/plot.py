"""Lines as an SVG, without a library.

Nothing is filled behind it, and its colours are in the middle: they are readable on
white and on black, whatever the page's theme is.
"""

from __future__ import annotations

import math

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final
from xml.sax.saxutils import escape


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence


_COLOURS: Final = ("#d9772b", "#3b8ad9", "#2c9f5c")
_INK: Final = "#7d8590"
_WIDTH: Final = 430
_HEIGHT: Final = 300
_LEFT: Final = 52
_RIGHT: Final = 18
_TOP: Final = 34
_BOTTOM: Final = 46
_LEGEND: Final = 30
_TICKS: Final = 5


@dataclass(frozen=True)
class Line:
    """One tool's points, x and seconds, from left to right."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Panel:
    """One plot; `unit` is that of x. All panels have the same lines."""

    title: str
    unit: str
    lines: tuple[Line, ...]


def svg(panels: Sequence[Panel]) -> str:
    """The panels side by side, with one legend below."""
    width, height = _WIDTH * len(panels), _HEIGHT + _LEGEND
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12"'
        f' fill="{_INK}" role="img">'
    )
    return "\n".join(
        (
            head,
            "<title>Seconds to package, by size and by number of files</title>",
            *(
                line
                for number, panel in enumerate(panels)
                for line in _panel(panel, number * _WIDTH)
            ),
            *_legend([line.name for line in panels[0].lines]),
            "</svg>\n",
        )
    )


def _panel(panel: Panel, left: int) -> Iterator[str]:
    points = [point for line in panel.lines for point in line.points]
    x_step, x_end = _scale(max(x for x, _ in points))
    y_step, y_end = _scale(max(y for _, y in points))
    across, down = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[str, str]:
        return (
            f"{_LEFT + across * x / x_end:.1f}",
            f"{_TOP + down * (1 - y / y_end):.1f}",
        )

    yield f'<g transform="translate({left} 0)">'
    yield f'<text x="{_LEFT}" y="18" font-weight="bold">{escape(panel.title)}</text>'
    for number in range(round(y_end / y_step) + 1):
        x, y = at(0, number * y_step)
        end, _ = at(x_end, 0)
        unit = " s" if number else ""
        yield (
            f'<path d="M{x} {y}H{end}" stroke="{_INK}" stroke-opacity=".3"/>'
            f'<text x="{_LEFT - 6}" y="{y}" dy=".35em" text-anchor="end">'
            f"{number * y_step:g}{unit}</text>"
        )
    for number in range(round(x_end / x_step) + 1):
        x, y = at(number * x_step, 0)
        yield (
            f'<text x="{x}" y="{y}" dy="1.5em" text-anchor="middle">'
            f"{number * x_step:,.10g}</text>"
        )
    middle, y = at(x_end / 2, 0)
    yield (
        f'<text x="{middle}" y="{y}" dy="3em" text-anchor="middle">'
        f"{escape(panel.unit)}</text>"
    )
    for line, colour in zip(panel.lines, _COLOURS, strict=True):
        placed = [at(*point) for point in line.points]
        path = "L".join(f"{x} {y}" for x, y in placed)
        if len(placed) > 1:
            yield f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for x, y in placed:
            yield f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>'
    yield "</g>"


def _scale(highest: float) -> tuple[float, float]:
    """A round step, and the first multiple of it that is not below the highest."""
    rough = highest / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(
        factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough
    )
    return step, step * math.ceil(highest / step)


def _legend(names: Sequence[str]) -> Iterator[str]:
    for number, (name, colour) in enumerate(zip(names, _COLOURS, strict=True)):
        x, y = _LEFT + number * 250, _HEIGHT + 8
        yield (
            f'<path d="M{x} {y}h22" stroke="{colour}" stroke-width="2"/>'
            f'<circle cx="{x + 11}" cy="{y}" r="3.5" fill="{colour}"/>'
            f'<text x="{x + 30}" y="{y}" dy=".35em">{escape(name)}</text>'
        )
