"""Adds up what Lambda counts, to the byte, without writing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final
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

        def sizes(unit: Unit) -> _Sizes:
            left = (placed.entry for placed in placement.left_of(unit))
            inner = _Inner.of(unit.entries, zipped_bytes)
            return _Sizes(unit.size_bytes, inner, _size(left))

        self._units = [sizes(unit) for unit in units]
        self._tests = [sizes(unit.tests) if unit.tests else _NOTHING for unit in units]
        self._extensions = {
            (place, number): sizes(extension)
            for place, unit in enumerate(units)
            for number, extension in enumerate(unit.extensions)
        }
        self._fixed = _size(placement.parts.never_nested) + _size(placement.ours())
        if placement.parts.project not in units:
            self._fixed += placement.parts.project.size_bytes

    def saved(self, place: int) -> int:
        """What nesting a unit brings but for those inside of it, and a few bytes."""
        return self._units[place].saved_bytes

    def saved_by_tests(self, place: int) -> int:
        """What nesting a unit's tests brings, but for a few bytes."""
        return self._tests[place].saved_bytes

    def extensions(self, place: int) -> list[tuple[int, int]]:
        """The extension modules of a unit that may be nested without it."""
        return [(place, each) for each in range(len(self.units[place].extensions))]

    def saved_inside(self, extension: tuple[int, int]) -> int:
        """What nesting an extension module brings whose unit is nested, too."""
        sizes = self._extensions[extension]
        return sizes.saved_bytes + sizes.left_bytes

    def saved_by_extension(self, extension: tuple[int, int]) -> int:
        """What nesting an extension module brings whose unit stays flat."""
        return self._extensions[extension].saved_bytes

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
        inners = [self._units[place].inner for place in sorted(selection.units)]
        if self._placement.wishes.eager and inners:
            inners = [_Inner(*map(sum, zip(*inners, strict=True)))]
        inners += [
            self._extensions[each].inner for each in sorted(selection.extensions)
        ]
        inners += [
            self._tests[place].inner
            for place in sorted(selection.tests)
            if self.units[place].tests
        ]
        total = self._fixed
        for place, (unit, tests) in enumerate(
            zip(self._units, self._tests, strict=True)
        ):
            total += unit.outside_bytes(nested=place in selection.units)
            total += tests.outside_bytes(nested=place in selection.tests)
        for each, sizes in self._extensions.items():
            is_nested = each in selection.extensions
            if not is_nested or each[0] not in selection.units:  # which has its stub
                total += sizes.outside_bytes(nested=is_nested)
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
    """What a unit takes: flat, nested, and what of it is in the outer ZIP even then."""

    flat_bytes: int
    inner: _Inner
    left_bytes: int

    @property
    def saved_bytes(self) -> int:
        return self.flat_bytes - self.inner.total_bytes - self.left_bytes

    def outside_bytes(self, *, nested: bool) -> int:
        return self.left_bytes if nested else self.flat_bytes


_NOTHING: Final = _Sizes(0, _Inner(0, 0, 0), 0)


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
