"""What is taken apart has to find its libraries: what would not is kept together."""

from __future__ import annotations

import json

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceError


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.native.libraries import Native
    from poetry_plugin_package_function.packaging.native.linker import Link
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class _Piece(NamedTuple):
    """What would be in a directory of its own.

    Attributes:
        unit: The position of the unit that it is of.
        part: An extension module or the tests of that; or all the rest, the unit.
        is_rest: Whether it is the rest.
    """

    unit: int
    part: Unit
    is_rest: bool

    @property
    def names(self) -> Iterator[str]:
        """What it holds."""
        return (entry.name for entry in self.part.entries)


def loadable(parts: Parts, native: Native) -> Parts:
    """Takes nothing away from a library that it would not find any more.

    Extension modules and tests go back to their unit first; a unit that does not find
    all even then, or that something else needs by a path, stays flat: it is bound.
    """
    units = [*parts.units, parts.project]
    while faults := _faults(units, parts.never_nested, native):
        for piece, link in faults.items():
            unit = units[piece.unit]
            if piece.is_rest:
                why = f"{link.user} is linked to {link.file}"
                units[piece.unit] = replace(unit, bound=why)
            else:
                units[piece.unit] = _put_back(unit, piece.part)
    return replace(parts, units=tuple(units[:-1]), project=units[-1])


def _faults(
    units: Sequence[Unit], never_nested: Sequence[Entry], native: Native
) -> Mapping[_Piece, Link]:
    """Finds what lacks a library, or is lacking where it is needed."""
    flat = [*never_nested]
    pieces: list[_Piece] = []
    for number, unit in enumerate(units):
        if unit.bound:
            flat += unit.entries
        else:
            pieces.append(_Piece(number, unit, is_rest=True))
        pieces += (_Piece(number, part, is_rest=False) for part in unit.inside)
    places = [[entry.name for entry in flat]]
    places += ([*piece.names, *piece.part.links] for piece in pieces)
    faults: dict[_Piece, Link] = {}
    for lost in native.lost([{name: name for name in place} for place in places]):
        those = {pieces[lost.place - 1]} if lost.place else set()
        those.update(piece for piece in pieces if lost.link.file in piece.names)
        for piece in {each for each in those if not each.is_rest} or those:
            faults.setdefault(piece, lost.link)
    return faults


def _put_back(unit: Unit, part: Unit) -> Unit:
    """Gives a unit what has been a part of its own."""
    entries = sorted((*unit.entries, *part.entries), key=lambda entry: entry.name)
    return replace(
        unit,
        entries=tuple(entries),
        extensions=tuple(each for each in unit.extensions if each != part),
        tests=None if unit.tests == part else unit.tests,
    )


def check_loadable(nesting: NestedLayout, native: Native) -> None:
    """Refuses a result in which a library would not be loaded as in a flat one.

    Raises:
        SourceError: Names the first one, and what to do.
    """
    places = [*nesting.places()]
    lost = next(native.lost(places), None)
    if lost is None:
        return
    user, needed, file = lost.link
    place = lost.place or next(
        (place for place, names in enumerate(places) if file in names.values()), 0
    )
    raise SourceError(
        f"A nested result would not work: {user} needs {needed}, which is {file}, and"
        " would not find it.",
        f"Keep it flat: keep-flat = {json.dumps(nesting.units[place - 1].names)}."
        if place
        else f"Let {lost.file} be in a package: a nested result moves modules that are"
        " in none.",
    )
