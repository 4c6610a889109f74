"""What is taken apart has to find its libraries: what would not is kept together."""

from __future__ import annotations

import json

from dataclasses import replace
from typing import TYPE_CHECKING

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


def loadable(parts: Parts, native: Native) -> Parts:
    """Takes nothing away from a library that it would not find any more.

    Extension modules and tests go back to their unit first; a unit that does not find
    all even then, or that something else needs by a path, stays flat: it is bound.
    """
    units = [*parts.units, parts.project]
    while faults := _faults(units, parts.never_nested, native):
        units = [_kept_together(unit, faults) for unit in units]
    return replace(parts, units=tuple(units[:-1]), project=units[-1])


def _faults(
    units: Sequence[Unit], never_nested: Sequence[Entry], native: Native
) -> Mapping[Unit, Link]:
    """Finds what lacks a library, or is lacking where it is needed.

    These are units, and those inside of them: what is in a directory of its own.
    """
    flat = [
        *never_nested,
        *(entry for each in units if each.bound for entry in each.entries),
    ]
    apart = [part for unit in units for part in unit.inside]
    pieces = [*(unit for unit in units if not unit.bound), *apart]
    places = [[entry.name for entry in flat]]
    places += ([*_names(piece), *piece.links] for piece in pieces)
    faults: dict[Unit, Link] = {}
    for lost in native.lost([{name: name for name in place} for place in places]):
        those = {pieces[lost.place - 1]} if lost.place else set()
        those.update(piece for piece in pieces if lost.link.file in _names(piece))
        for piece in those.intersection(apart) or those:
            faults.setdefault(piece, lost.link)
    return faults


def _names(unit: Unit) -> Iterator[str]:
    return (entry.name for entry in unit.entries)


def _kept_together(unit: Unit, faults: Mapping[Unit, Link]) -> Unit:
    """Gives a unit back those inside of it that are at fault; binds it if it is."""
    back = [part for part in unit.inside if part in faults]
    entries = [*unit.entries, *(entry for part in back for entry in part.entries)]
    link = faults.get(unit)
    return replace(
        unit,
        entries=tuple(sorted(entries, key=lambda entry: entry.name)),
        extensions=tuple(each for each in unit.extensions if each not in faults),
        tests=None if unit.tests in faults else unit.tests,
        bound=f"{link.user} is linked to {link.file}" if link else unit.bound,
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
