"""Adds up what Lambda counts, to the byte, without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.nested_zip import Directory
from poetry_plugin_package_function.packaging.nesting.nested_zip import settings
from poetry_plugin_package_function.packaging.nesting.units import outside


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.nesting.placement import Placement
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class Sums:
    """Adds up what Lambda counts."""

    def __init__(
        self,
        placement: Placement,
        units: Sequence[Unit],
        zipped_bytes: Mapping[str, int],
    ) -> None:
        self.units = units
        self._placement = placement
        extensions = (each for unit in units for each in unit.extensions)
        tests = (unit.tests for unit in units if unit.tests)
        self._sizes = {
            unit: _Sizes(
                unit.size_bytes,
                _Inner.of(unit.entries, zipped_bytes),
                _size(placed.entry for placed in placement.left_of(unit)),
            )
            for unit in (*units, *extensions, *tests)  # as they are in the inner ZIP
        }
        self._fixed = _size(placement.parts.never_nested) + _size(placement.ours())
        if placement.parts.project not in units:
            self._fixed += placement.parts.project.size_bytes

    def saved(self, unit: Unit) -> int:
        """What nesting a unit brings but for those inside of it, and a few bytes."""
        return self._sizes[unit].saved_bytes

    def saved_by_tests(self, unit: Unit) -> int:
        """What nesting a unit's tests brings, but for a few bytes."""
        return self.saved(unit.tests) if unit.tests else 0

    def saved_with_extensions(self, unit: Unit) -> int:
        """What nesting a unit and its extension modules brings: these need no stubs."""
        inside = (self._sizes[each] for each in unit.extensions)
        return self.saved(unit) + sum(
            each.saved_bytes + each.left_bytes for each in inside
        )

    def saved_with_tests(self, unit: Unit) -> int:
        """What nesting a unit brings if what its tests save is counted elsewhere.

        They and its extension modules are nested with it, even if that costs something.
        """
        return self.saved_with_extensions(unit) + min(0, self.saved_by_tests(unit))

    def settings_bytes(self, selection: frozenset[Unit]) -> int:
        """The most that the loader's settings say of any unit."""
        nested = self._placement.extraction_units(selection)
        lengths = (len(settings([unit], [Directory(0, 0, 0)], "")) for unit in nested)
        return max(lengths, default=0)

    def total(self, selection: frozenset[Unit]) -> int:
        """What Lambda counts, to the byte."""
        nested = self._placement.extraction_units(selection)
        inners = [
            sizes.inner for each, sizes in self._sizes.items() if each in selection
        ]
        if self._placement.wishes.eager and inners:
            inners = [_Inner(*map(sum, zip(*inners, strict=True)))]
        total = self._fixed
        for each in outside(self.units, selection):
            sizes = self._sizes[each]
            total += sizes.left_bytes if each in selection else sizes.flat_bytes
        return total + _inner_bytes(nested, inners)


class _Inner(NamedTuple):
    """What entries take in the inner ZIP, and in its directory; how many they are."""

    local_bytes: int
    directory_bytes: int
    members: int

    @classmethod
    def of(cls, entries: Iterable[Entry], zipped_bytes: Mapping[str, int]) -> _Inner:
        data_bytes = names_bytes = members = 0
        for entry in entries:
            name = entry.name
            data_bytes += zipped_bytes[name]
            names_bytes += len(name) if name.isascii() else len(name.encode())
            members += 1
        return cls(
            data_bytes + names_bytes + members * Archive.LOCAL_BYTES,
            names_bytes + members * Archive.DIRECTORY_BYTES,
            members,
        )


class _Sizes(NamedTuple):
    """What a unit takes: flat, nested, and what of it is in the outer ZIP even then."""

    flat_bytes: int
    inner: _Inner
    left_bytes: int

    @property
    def saved_bytes(self) -> int:
        inner_bytes = self.inner.local_bytes + self.inner.directory_bytes
        return self.flat_bytes - inner_bytes - self.left_bytes


def _inner_bytes(nested: Sequence[ExtractionUnit], inners: Sequence[_Inner]) -> int:
    """Adds up the inner ZIP and the loader's settings."""
    offset = sum(inner.local_bytes for inner in inners)
    directories = []
    for inner in inners:
        directories.append(Directory(offset, inner.directory_bytes, inner.members))
        offset += inner.directory_bytes
    end_bytes = Archive.end_bytes(sum(inner.members for inner in inners))
    return offset + end_bytes + len(settings(nested, directories, "0" * 64))


def _size(entries: Iterable[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)
