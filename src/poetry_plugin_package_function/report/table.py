"""Tables for a console: without what says nothing new, and made to fit."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.screen import USUAL_COLUMNS


if TYPE_CHECKING:
    from collections.abc import Sequence


_GAP: Final = "  "
_STEP: Final = " > "
"""What is between the names of a way: it is shortened there."""
_FEWEST: Final = 12
"""A last column of texts that has less room is left out."""


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        header: What is above it.
        cells: What is in it, row by row.
        is_number: Whether it is aligned to the right.
        is_needed: Whether it stays if all rows say the same, or the room is scarce.
    """

    header: str
    cells: Sequence[str]
    is_number: bool = False
    is_needed: bool = False

    @property
    def width(self) -> int:
        """How many characters it takes."""
        return max(map(len, (self.header, *self.cells)))

    @property
    def says_something(self) -> bool:
        """Whether two rows differ in it, or it is all that there is to a single one."""
        return len({*self.cells}) > 1 or (len(self.cells) == 1 and self.cells[0] != "")


@dataclass(frozen=True)
class Table:
    """Columns of the same number of rows."""

    columns: tuple[Column, ...] = ()

    def lines(self, columns: int | None = None) -> list[str]:
        """Writes it, with a header.

        Args:
            columns: How many characters a line may have.
        """
        if not self.columns or not self.columns[0].cells:
            return []
        wanted = [
            each for each in self.columns if each.is_needed or each.says_something
        ]
        shown = _fitting(wanted, columns or USUAL_COLUMNS)
        rows = zip(*((each.header, *each.cells) for each in shown), strict=True)
        return [_GAP.join(map(_aligned, shown, row)).rstrip() for row in rows]


def _aligned(column: Column, cell: str) -> str:
    return cell.rjust(column.width) if column.is_number else cell.ljust(column.width)


def _fitting(wanted: Sequence[Column], room: int) -> list[Column]:
    """Leaves out columns from the right, and shortens the texts that stay."""
    shown = [*wanted]
    while (excess := _width(shown) - room) > 0:
        last = shown[-1]
        if not last.is_number and last.width - excess >= _FEWEST and len(shown) > 1:
            shown[-1] = _narrowed(last, last.width - excess, at_start=True)
        elif droppable := [each for each in shown if not each.is_needed]:
            shown.remove(droppable[-1])
        else:
            first = shown[0]
            width = max(_FEWEST, first.width - excess)
            shown[0] = _narrowed(first, width, at_start=False)
            break
    return shown


def _width(columns: Sequence[Column]) -> int:
    return sum(each.width for each in columns) + len(_GAP) * (len(columns) - 1)


def _narrowed(column: Column, width: int, *, at_start: bool) -> Column:
    cells = [_shortened(each, width, at_start=at_start) for each in column.cells]
    return replace(column, header=column.header[:width], cells=cells)


def _shortened(text: str, width: int, *, at_start: bool) -> str:
    while at_start and len(text) > width and _STEP in text:
        text = f"…{_STEP}{text.removeprefix(f'…{_STEP}').partition(_STEP)[2]}"
        if text.count(_STEP) == 1:
            break
    if len(text) <= width:
        return text
    return f"…{text[1 - width :]}" if at_start else f"{text[: width - 1]}…"
