"""Adds up what Lambda counts, to the byte, without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.nested_zip import Directory
from poetry_plugin_package_function.packaging.nesting.nested_zip import settings


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.nesting.placement import Placement
    from poetry_plugin_package_function.packaging.nesting.selection import Selection
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
        self._flat = [unit.size_bytes for unit in units]
        self._flat_tests = [
            unit.tests.size_bytes if unit.tests else 0 for unit in units
        ]
        self._inner = [_Inner.of(unit.entries, zipped_bytes) for unit in units]
        self._inner_tests = [
            _Inner.of(unit.tests.entries if unit.tests else (), zipped_bytes)
            for unit in units
        ]
        self._extensions = {
            (place, number): _Sizes(
                extension.size_bytes,
                _Inner.of(extension.entries, zipped_bytes),
                _size(placed.entry for placed in placement.left_of(extension)),
            )
            for place, unit in enumerate(units)
            for number, extension in enumerate(unit.extensions)
        }
        self._left = [
            _size(placed.entry for placed in placement.left_of(unit)) for unit in units
        ]
        self._left_tests = [
            _size(placed.entry for placed in placement.left_of(unit.tests))
            if unit.tests
            else 0
            for unit in units
        ]
        self._fixed = _size(placement.parts.never_nested) + _size(placement.ours())
        if placement.parts.project not in units:
            self._fixed += placement.parts.project.size_bytes

    def saved(self, place: int) -> int:
        """What nesting a unit brings but for those inside of it, and a few bytes."""
        return self._flat[place] - self._inner[place].total_bytes - self._left[place]

    def saved_by_tests(self, place: int) -> int:
        """What nesting a unit's tests brings, but for a few bytes."""
        return (
            self._flat_tests[place]
            - self._inner_tests[place].total_bytes
            - self._left_tests[place]
        )

    def extensions(self, place: int) -> list[tuple[int, int]]:
        """The extension modules of a unit that may be nested without it."""
        return [(place, each) for each in range(len(self.units[place].extensions))]

    def saved_inside(self, extension: tuple[int, int]) -> int:
        """What nesting an extension module brings whose unit is nested, too."""
        sizes = self._extensions[extension]
        return sizes.flat_bytes - sizes.inner.total_bytes

    def saved_by_extension(self, extension: tuple[int, int]) -> int:
        """What nesting an extension module brings whose unit stays flat."""
        return self.saved_inside(extension) - self._extensions[extension].left_bytes

    def saved_with_tests(self, place: int) -> int:
        """What nesting a unit brings if what its tests save is counted elsewhere.

        They and its extension modules are nested with it, even if that costs something.
        """
        inside = sum(map(self.saved_inside, self.extensions(place)))
        return self.saved(place) + inside + min(0, self.saved_by_tests(place))

    def settings_bytes(self, selection: Selection) -> int:
        """The most that the loader's settings say of any unit."""
        nested = self._placement.extraction_units(self.units, selection)
        lengths = (len(settings([unit], [Directory(0, 0, 0)], "")) for unit in nested)
        return max(lengths, default=0)

    def total(self, selection: Selection) -> int:
        """What Lambda counts, to the byte."""
        nested = self._placement.extraction_units(self.units, selection)
        inners = [self._inner[place] for place in sorted(selection.units)]
        if self._placement.wishes.eager and inners:
            inners = [_Inner(*map(sum, zip(*inners, strict=True)))]
        inners += [
            self._extensions[each].inner for each in sorted(selection.extensions)
        ]
        inners += [
            self._inner_tests[place]
            for place in sorted(selection.tests)
            if self.units[place].tests
        ]
        total = self._fixed
        for place in range(len(self.units)):
            if place in selection.units:
                total += self._left[place]
            else:
                total += self._flat[place]
            if place in selection.tests:
                total += self._left_tests[place]
            else:
                total += self._flat_tests[place]
        for each, sizes in self._extensions.items():
            if each not in selection.extensions:
                total += sizes.flat_bytes
            elif each[0] not in selection.units:
                total += sizes.left_bytes
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

    @property
    def total_bytes(self) -> int:
        return self.local_bytes + self.directory_bytes


class _Sizes(NamedTuple):
    """What an extension module takes: flat, nested, and its stub in the outer ZIP."""

    flat_bytes: int
    inner: _Inner
    left_bytes: int


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
