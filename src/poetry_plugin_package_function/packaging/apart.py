"""What is taken apart has to find its libraries: what would not is kept together."""

from __future__ import annotations

import json

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceError


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.linker import Link
    from poetry_plugin_package_function.packaging.native import Native
    from poetry_plugin_package_function.packaging.nested import Nesting
    from poetry_plugin_package_function.packaging.scan import Entry
    from poetry_plugin_package_function.packaging.units import Parts
    from poetry_plugin_package_function.packaging.units import Unit


class _Piece(NamedTuple):
    """What would be in a directory of its own.

    Attributes:
        unit: The position of a unit.
        part: An extension module of it, or its tests; None for all the rest of it.
    """

    unit: int
    part: Unit | None


def sound(parts: Parts, native: Native) -> Parts:
    """Takes nothing away from a library that it would not find any more.

    Extension modules and tests go back to their unit first; a unit that does not find
    all even then, or that something else needs by a path, stays flat: it is bound.
    """
    units = [*parts.units, parts.project]
    while faults := _faults(units, parts.staying, native):
        for (place, part), link in faults.items():
            unit = units[place]
            if part is None:
                why = f"{link.user} is linked to {link.file}"
                units[place] = replace(unit, bound=why)
            else:
                units[place] = _put_back(unit, part)
    return replace(parts, units=tuple(units[:-1]), project=units[-1])


def _faults(
    units: Sequence[Unit], staying: Sequence[Entry], native: Native
) -> Mapping[_Piece, Link]:
    """Finds what lacks a library, or is lacking where it is needed."""
    flat = [*staying]
    pieces: list[_Piece] = []
    places: list[dict[str, str]] = []
    for number, unit in enumerate(units):
        if unit.bound:
            flat += unit.entries
        for part in (*(() if unit.bound else (None,)), *_parts(unit)):
            pieces.append(_Piece(number, part))
            places.append(_names(unit if part is None else part))
    homes = {
        entry.name: piece
        for piece in pieces
        for entry in (piece.part or units[piece.unit]).entries
    }
    faults: dict[_Piece, Link] = {}
    for lost in native.lost([{entry.name: entry.name for entry in flat}, *places]):
        those = {pieces[lost.place - 1]} if lost.place else set()
        those |= {homes[lost.link.file]} if lost.link.file in homes else set()
        parts = {each for each in those if each.part is not None}
        faults = dict.fromkeys(parts or those, lost.link) | faults
    return faults


def _parts(unit: Unit) -> tuple[Unit, ...]:
    return (*unit.extensions, *((unit.tests,) if unit.tests else ()))


def _names(unit: Unit) -> dict[str, str]:
    names = (*(entry.name for entry in unit.entries), *unit.links)
    return dict(zip(names, names, strict=True))


def _put_back(unit: Unit, part: Unit) -> Unit:
    """Gives a unit what has been a part of its own."""
    entries = sorted((*unit.entries, *part.entries), key=lambda entry: entry.name)
    return replace(
        unit,
        entries=tuple(entries),
        extensions=tuple(each for each in unit.extensions if each != part),
        tests=None if unit.tests == part else unit.tests,
    )


def check(nesting: Nesting, native: Native) -> None:
    """Refuses a result in which a library would not be loaded as in a flat one.

    Raises:
        SourceError: Names the first one, and what to do.
    """
    lost = next(native.lost([*nesting.places()]), None)
    if lost is None:
        return
    user, needed, file = lost.link
    names = nesting.units[lost.place - 1].names if lost.place else ()
    raise SourceError(
        f"A nested result would not work: {user} needs {needed}, which is {file}, and"
        " would not find it from where it is extracted to.",
        f"Keep it flat: keep-flat = {json.dumps(names)}."
        if names
        else f"Let {lost.file} be in a package: a nested result moves modules that are"
        " in none.",
    )
