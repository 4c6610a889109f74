"""What a command wrote to a terminal, as a picture of that terminal.

The picture is one SVG file of plain text: it names fonts that machines have and loads
none, and each run of characters says how wide it is, so that columns stand below each
other in any of them.
"""

from __future__ import annotations

import re

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import pyte


if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyte.screens import Char


_FONTS = "ui-monospace,SFMono-Regular,Menlo,Consolas,DejaVu Sans Mono,monospace"
_FONT_PX = 14.0
_CELL_PX = 8.4
_LINE_PX = 20.0
_MARGIN_PX = 18.0
_BAR_PX = 38.0

_BACKGROUND, _BAR, _EDGE, _TITLE = "#0d1117", "#161b22", "#30363d", "#8b949e"
_BUTTONS = ("#ff5f57", "#febc2e", "#28c840")
_COLOURS = {
    "default": "#d1d7e0",
    "black": "#6e7681",
    "red": "#ff7b72",
    "green": "#56d364",
    "brown": "#e3b341",  # the terminal's name of its dark yellow
    "blue": "#79c0ff",
    "magenta": "#d2a8ff",
    "cyan": "#56d4dd",
    "white": "#f0f6fc",
}


@dataclass(frozen=True)
class Run:
    """Characters of one style, side by side.

    Attributes:
        row: Their line, from 0.
        column: The first one's place in it, from 0.
        text: What they are. No two of them in a row are blanks.
        colour: Their colour's name in a terminal.
        bold: Whether they are.
    """

    row: int
    column: int
    text: str
    colour: str
    bold: bool


def runs(raw: str, columns: int) -> tuple[Run, ...]:
    """What stands on the screen after all has been written to it.

    Args:
        raw: What has been written, with its control sequences.
        columns: How many characters are in a line.
    """
    # As high as it can get: nothing scrolls away.
    height = sum(1 + len(line) // columns for line in raw.split("\n"))
    screen = pyte.Screen(columns, height)
    pyte.Stream(screen).feed(raw)
    found: list[Run] = []
    for row in range(height):
        line = screen.buffer[row]
        found += _runs_of(row, [line[column] for column in range(columns)])
    return tuple(found)


def _runs_of(row: int, cells: list[Char]) -> Iterator[Run]:
    start = 0
    while start < len(cells):
        style = (cells[start].fg, cells[start].bold)
        end = start
        while end < len(cells) and (cells[end].fg, cells[end].bold) == style:
            end += 1
        text = "".join(cell.data for cell in cells[start:end])
        for match in re.finditer(r"\S+(?: \S+)*", text):
            yield Run(row, start + match.start(), match[0], *style)
        start = end


def as_svg(raw: str, columns: int, title: str, description: str) -> str:
    """Draws the terminal.

    Args:
        raw: What has been written to it, with its control sequences.
        columns: How many characters are in a line.
        title: What stands in the window's bar.
        description: What screen readers say that it is.
    """
    shown = runs(raw, columns)
    rows = 1 + max((run.row for run in shown), default=0)
    width = columns * _CELL_PX + 2 * _MARGIN_PX
    height = _BAR_PX + rows * _LINE_PX + 2 * _MARGIN_PX
    size = f'width="{width:g}" height="{height:g}"'
    inside = f'x=".5" y=".5" width="{width - 1:g}" height="{height - 1:g}"'
    top = (
        f"M.5 {_BAR_PX:g}V9.5a9 9 0 0 1 9-9H{width - 9.5:g}a9 9 0 0 1 9 9V{_BAR_PX:g}z"
    )
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}"',
        f'{size} font-family="{_FONTS}" font-size="{_FONT_PX:g}" role="img">',
        f"<title>{escape(description)}</title>",
        f'<rect {inside} rx="9" fill="{_BACKGROUND}" stroke="{_EDGE}"/>',
        f'<path d="{top}" fill="{_BAR}" stroke="{_EDGE}"/>',
    ]
    lines += [
        f'<circle cx="{22 + 20 * number}" cy="{_BAR_PX / 2:g}" r="6" fill="{colour}"/>'
        for number, colour in enumerate(_BUTTONS)
    ]
    lines.append(
        f'<text x="{width / 2:g}" y="{_BAR_PX / 2:g}" dy=".35em" text-anchor="middle"'
        f' font-size="13" fill="{_TITLE}">{escape(title)}</text>'
    )
    lines += [_drawn(run) for run in shown]
    return "\n".join([*lines, "</svg>", ""])


def _drawn(run: Run) -> str:
    x = _MARGIN_PX + run.column * _CELL_PX
    y = _BAR_PX + _MARGIN_PX + run.row * _LINE_PX + _FONT_PX
    weight = ' font-weight="bold"' if run.bold else ""
    # A colour that is not here is an error: somebody has to choose one that is read
    # well on this background.
    return (
        f'<text x="{x:g}" y="{y:g}" textLength="{len(run.text) * _CELL_PX:g}"'
        f' fill="{_COLOURS[run.colour]}"{weight}>{escape(run.text)}</text>'
    )
