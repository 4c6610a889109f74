"""Decides what is nested: no more than must be, and what costs the least to extract."""

from __future__ import annotations

import os
import posixpath

from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from itertools import compress
from itertools import product
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.native.libraries import Native
from poetry_plugin_package_function.packaging.nesting.apart import check
from poetry_plugin_package_function.packaging.nesting.apart import sound
from poetry_plugin_package_function.packaging.nesting.knapsack import Candidate
from poetry_plugin_package_function.packaging.nesting.knapsack import cheapest
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.nesting.nested_zip import Directory
from poetry_plugin_package_function.packaging.nesting.nested_zip import NestedUnit
from poetry_plugin_package_function.packaging.nesting.nested_zip import Nesting
from poetry_plugin_package_function.packaging.nesting.nested_zip import Placed
from poetry_plugin_package_function.packaging.nesting.nested_zip import join
from poetry_plugin_package_function.packaging.nesting.nested_zip import settings
from poetry_plugin_package_function.packaging.nesting.nested_zip import starter
from poetry_plugin_package_function.packaging.nesting.nested_zip import stub
from poetry_plugin_package_function.packaging.nesting.units import merged
from poetry_plugin_package_function.packaging.nesting.units import requirers
from poetry_plugin_package_function.packaging.nesting.units import split
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.sources.modules import MODULE_SUFFIXES


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
    from poetry_plugin_package_function.packaging.tree.tree import Tree


UNIT_BYTES: Final = 1 << 18
"""What locking, listing and finding a unit costs, in bytes that are extracted in that
time: a dozen small distributions are not cheaper than one of their size."""

_ONE_IN: Final = 4
"""How many handlers there are to each that imports a distribution by itself. From 3 on
what is required by most others stays flat if that is not much dearer (docs/design.md);
the larger it is, the dearer it may be."""

_MAX_APART: Final = 4
"""Of how many units extension modules may be nested alone: each doubles the search."""


@dataclass(frozen=True)
class Wishes:
    """What the user wants to have nested.

    Attributes:
        nest: Distributions that are nested before all others.
        keep_flat: Distributions that are never nested.
        eager: Whether all that is nested is extracted when the function starts.
    """

    nest: frozenset[NormalizedName] = frozenset()
    keep_flat: frozenset[NormalizedName] = frozenset()
    eager: bool = False


@dataclass(frozen=True)
class Choice:
    """What is nested.

    Attributes:
        units: Positions of units. Their tests and extension modules are nested, too.
        tests: Positions of units whose tests are nested.
        extensions: Positions of units, and of extension modules of theirs.
    """

    units: frozenset[int] = frozenset()
    tests: frozenset[int] = frozenset()
    extensions: frozenset[tuple[int, int]] = frozenset()

    def __and__(self, other: Choice) -> Choice:
        return Choice(
            self.units & other.units,
            self.tests & other.tests,
            self.extensions & other.extensions,
        )

    def without(self, place: int, extensions: Iterable[tuple[int, int]] = ()) -> Choice:
        """Leaves out a unit, its tests and some extension modules."""
        return Choice(
            self.units - {place},
            self.tests - {place},
            self.extensions.difference(extensions),
        )


class _Piece(NamedTuple):
    """Something that may be nested.

    Attributes:
        place: A unit's.
        extension: Which extension module of it; None for all that it has.
        saved_bytes: See `Candidate`.
        cost_bytes: See `Candidate.extracted_bytes`.
    """

    place: int
    extension: int | None
    saved_bytes: int
    cost_bytes: int

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.saved_bytes, self.cost_bytes)


class Nester:
    """Decides for one tree.

    Attributes:
        tree: What is shipped.
        wishes: What the user wants.
        home: See `Nesting`.
        parts: What there is to choose from.
    """

    def __init__(
        self, tree: Tree, entries: Sequence[Entry], native: Native, wishes: Wishes
    ) -> None:
        """Finds out what belongs together.

        Args:
            tree: What is shipped.
            entries: Its entries, with bytecode if there is some.
            native: What they are linked to.
            wishes: What the user wants.

        Raises:
            SourceError: The project has no module that a stub could stand for, or a
                wish cannot be granted.
        """
        self.tree = tree
        self.wishes = wishes
        self.home = home_of(tree)
        self.parts = sound(split(tree, entries, native, apart=not wishes.eager), native)
        self._native = native
        _check(wishes, self.parts, tree)

    @property
    def nestable(self) -> Iterator[Entry]:
        """All entries that may be nested, but for the project's."""
        for unit in self.parts.units:
            for each in (
                unit,
                *unit.extensions,
                *((unit.tests,) if unit.tests else ()),
            ):
                yield from each.entries

    def decide(
        self, zipped_bytes: Mapping[str, int], limit_bytes: int, *, with_project: bool
    ) -> Nesting | None:
        """Decides what is nested.

        Args:
            zipped_bytes: What each entry that may be nested takes compressed.
            limit_bytes: What Lambda's count of the result has to stay below.
            with_project: Whether the project's own modules may be nested as well.

        Returns:
            What stands where; None if it does not fit.

        Raises:
            SourceError: A library would not be found where it would be.
        """
        units = self._units(with_project=with_project)
        sums = Sums(self, units, zipped_bytes)
        over_bytes = sums.total(Choice()) - limit_bytes + 1
        while True:
            choice = self._choose(sums, over_bytes)
            if choice is None:
                return None
            missing_bytes = sums.total(choice) - limit_bytes + 1
            if missing_bytes <= 0:
                break
            over_bytes += missing_bytes
        choice = self._without_waste(sums, choice, limit_bytes)
        nesting = self.layout(units, choice)
        check(nesting, self._native)
        return nesting

    def least_bytes(self, zipped_bytes: Mapping[str, int]) -> int:
        """What Lambda would count if all were nested that may be and that helps.

        What the user wants nested is, whether it helps or not.
        """
        units = self._units(with_project=True)
        named = _named(units, self.wishes.nest)
        sums = Sums(self, units, zipped_bytes)
        choice = Choice()
        for place in set(range(len(units))) - self._kept(units):
            apart = [
                each
                for each in sums.extensions(place)
                if sums.saved_by_extension(each) > 0
            ]
            saved_apart = sum(map(sums.saved_by_extension, apart))
            helps = sums.saved_with_tests(place) > max(0, saved_apart)
            is_nested = place in named or helps
            if is_nested or sums.saved_by_tests(place) > 0:
                choice = replace(choice, tests=choice.tests | {place})
            if is_nested:
                apart = sums.extensions(place)
                choice = replace(choice, units=choice.units | {place})
            choice = replace(choice, extensions=choice.extensions.union(apart))
        return sums.total(choice)

    def _units(self, *, with_project: bool) -> tuple[Unit, ...]:
        return (*self.parts.units, *((self.parts.project,) if with_project else ()))

    def _kept(self, units: Sequence[Unit]) -> frozenset[int]:
        """Finds what stays flat: because it has to, or because somebody wishes so."""
        bound = {place for place, unit in enumerate(units) if unit.bound}
        return _named(units, self.wishes.keep_flat) | bound

    def _choose(self, sums: Sums, over_bytes: int) -> Choice | None:
        """Chooses the user's own first, then tests, then what costs the least."""
        units = sums.units
        named = _named(units, self.wishes.nest)
        kept = self._kept(units)
        missing = over_bytes - sum(
            sums.saved_with_tests(place) + max(0, sums.saved_by_tests(place))
            for place in named
        )
        others = [place for place in range(len(units)) if place not in named | kept]
        by_tests = {
            place: saved_bytes
            for place in others
            if (saved_bytes := sums.saved_by_tests(place)) > 0
        }
        chosen: frozenset[_Piece] = frozenset()
        if missing > sum(by_tests.values()):
            found = self._cheapest(sums, others, missing - sum(by_tests.values()))
            if found is None:
                return None
            chosen = found
        wholes = {each.place for each in chosen if each.extension is None} | named
        extensions = {each for place in wholes for each in sums.extensions(place)}
        for each in chosen:
            missing -= each.saved_bytes
            if each.extension is not None:
                extensions.add((each.place, each.extension))
            else:
                missing -= by_tests.pop(each.place, 0)
        tests = {place for place in wholes if units[place].tests}
        for place in sorted(by_tests, key=lambda each: (-by_tests[each], each)):
            if missing <= 0:
                break
            missing -= by_tests[place]
            tests.add(place)
        return Choice(frozenset(wholes), frozenset(tests), frozenset(extensions))

    def _cheapest(
        self, sums: Sums, others: Sequence[int], missing_bytes: int
    ) -> frozenset[_Piece] | None:
        """Chooses units, or extension modules of theirs, as cheaply as can be."""
        apart = [place for place in others if sums.units[place].extensions]
        apart.sort(key=lambda place: (-sums.units[place].size_bytes, place))
        best: tuple[int, frozenset[_Piece]] | None = None
        apart = apart[:_MAX_APART]
        for ways in product((True, False), repeat=len(apart)):
            those = set(compress(apart, ways))
            pieces = [
                piece
                for place in others
                for piece in (
                    self._extensions(sums, place)
                    if place in those
                    else [self._whole(sums, place)]
                )
            ]
            found = cheapest([each.candidate for each in pieces], missing_bytes)
            if found is not None:
                cost_bytes = sum(pieces[each].cost_bytes for each in found)
                if best is None or cost_bytes < best[0]:
                    best = cost_bytes, frozenset(pieces[each] for each in found)
        return best and best[1]

    def _whole(self, sums: Sums, place: int) -> _Piece:
        unit = sums.units[place]
        cost_bytes = self.expected_bytes(unit, unit.size_bytes) + sum(
            each.cost_bytes for each in self._extensions(sums, place)
        )
        return _Piece(place, None, sums.saved_with_tests(place), cost_bytes)

    def _extensions(self, sums: Sums, place: int) -> Iterator[_Piece]:
        unit = sums.units[place]
        for each, extension in zip(
            sums.extensions(place), unit.extensions, strict=True
        ):
            # Who imports the package needs it, or does not.
            cost_bytes = self.expected_bytes(unit, extension.size_bytes) // 2
            yield _Piece(*each, sums.saved_by_extension(each), cost_bytes)

    def expected_bytes(self, unit: Unit, size_bytes: int) -> int:
        """What is extracted of it on the average.

        Each unit is imported by one in `_ONE_IN` handlers, and with whatever requires
        it. So what many others require is not cheap, even if it is small.
        """
        cost_bytes = UNIT_BYTES + size_bytes
        if self.wishes.eager:
            return cost_bytes
        spared_bytes = cost_bytes
        for _ in range(1 + self._users[unit.names]):
            spared_bytes -= spared_bytes // _ONE_IN
        return cost_bytes - spared_bytes

    @cached_property
    def _users(self) -> Mapping[tuple[str, ...], int]:
        """How many other units require one, directly or through others."""
        units = (*self.parts.units, self.parts.project)
        own = set(self.parts.project.names)
        unit_of = {name: unit.names for unit in units for name in unit.names}
        users: dict[tuple[str, ...], int] = {}
        for unit in units:
            found: set[str] = set()
            pending = set(unit.names)
            while pending:
                name = pending.pop()
                found.add(name)
                pending |= self._requirers.get(name, frozenset()) - found - own
            those = {unit_of.get(name, (name,)) for name in found}
            users[unit.names] = len(those - {unit.names})
        return users

    def _without_waste(self, sums: Sums, choice: Choice, limit_bytes: int) -> Choice:
        """Takes out what is not needed after all, the most expensive first.

        Sums are estimated while choosing, but for some bytes of settings.
        """
        room_bytes = limit_bytes - sums.total(choice) + sums.settings_bytes(choice)
        free = choice.units - _named(sums.units, self.wishes.nest)
        lesser = []
        for place in sorted(free, key=lambda each: -self._whole(sums, each).cost_bytes):
            saved_bytes = sums.saved(place) + sums.saved_by_tests(place)
            apart = sums.extensions(place)
            if saved_bytes + sum(map(sums.saved_inside, apart)) < room_bytes:
                lesser.append(choice.without(place, apart))
            if apart and saved_bytes < room_bytes:
                lesser.append(choice.without(place))
        lesser += [
            replace(choice, extensions=choice.extensions - {each})
            for each in sorted(choice.extensions)
            if sums.saved_by_extension(each) < room_bytes
        ]
        lesser += [
            replace(choice, tests=choice.tests - {place})
            for place in sorted(choice.tests - choice.units)
            if sums.saved_by_tests(place) < room_bytes
        ]
        for each in lesser:
            candidate = choice & each
            if _is_whole(candidate, sums) and sums.total(candidate) < limit_bytes:
                choice = candidate
        return choice

    # -- what stands where --

    def layout(self, units: Sequence[Unit], choice: Choice) -> Nesting:
        """Says where each file stands if these are nested."""
        outer = [Placed(each.name, each) for each in self.parts.staying]
        outer += [Placed(each.name, each, is_ours=True) for each in self._ours()]
        for place, unit in enumerate((*self.parts.units, self.parts.project)):
            if place in choice.units:
                outer += self._left_of(unit)
            else:
                outer += self._flat(unit)
                for number, extension in enumerate(unit.extensions):
                    if (place, number) in choice.extensions:
                        outer += self._left_of(extension)
                    else:
                        outer += self._flat(extension)
            if unit.tests and place not in choice.tests:
                outer += [Placed(each.name, each) for each in unit.tests.entries]
            elif unit.tests:
                outer += self._left_of(unit.tests)
        return Nesting(
            self.home, tuple(sorted(outer)), self.nested_units(units, choice)
        )

    def _ours(self) -> Iterator[Entry]:
        """What of the loader's stands in the outer ZIP in any case."""
        yield from loader_entries(self.tree)
        yield starter(self.home)
        for module in self.tree.entry_modules:
            yield stub(module, self.home)

    def _left_of(self, unit: Unit) -> Iterator[Placed]:
        """Lists what of a nested unit stands in the outer ZIP.

        Code that opens included files by a path below the current directory or
        `LAMBDA_TASK_ROOT` finds them as in a flat result.
        """
        for module in unit.modules:
            if module not in self.tree.entry_modules:
                entry = stub(module, self.home)
                yield Placed(entry.name, entry, is_ours=True)
        for entry in unit.entries:
            if entry.included and not _is_code(entry.name, self.tree.entry_modules):
                yield Placed(entry.name, entry)

    def _flat(self, unit: Unit) -> Iterator[Placed]:
        """Lists a flat unit; what stubs stand in the places of makes room."""
        if unit is not self.parts.project:
            yield from (Placed(each.name, each) for each in unit.entries)
            return
        places = {module.file.removesuffix(".py") for module in self.tree.entry_modules}
        for entry in unit.entries:
            is_moved = _without_suffix(entry.name) in places
            moved = join(self.home, f"{loader.MOVED}/{entry.name}")
            yield Placed(moved if is_moved else entry.name, entry)

    def nested_units(
        self, units: Sequence[Unit], choice: Choice
    ) -> tuple[NestedUnit, ...]:
        """Puts what is nested in order: units, then extension modules, then tests."""
        places = {place: number for number, place in enumerate(sorted(choice.units))}
        chosen = [units[place] for place in places]
        whys = [self._why(unit) for unit in chosen]
        if self.wishes.eager and chosen:
            chosen, whys = [merged(chosen)], ["all is extracted at once"]
        beside = [self._needed_by(unit, chosen) for unit in chosen]
        nested = []
        for number, unit in enumerate(chosen):
            at_init = (
                self.wishes.eager
                or unit.has_pth
                or unit is self.parts.project
                or beside[number] == frozenset()
            )
            needs = tuple(sorted(_following(number, beside))) if any(beside) else ()
            nested.append(_nested(unit, whys[number], at_init=at_init, needs=needs))
        for place, number in sorted(choice.extensions):
            extension = units[place].extensions[number]
            part_of = places.get(place)
            needs = () if part_of is None else (*nested[part_of].needs, part_of)
            why = "it has libraries that nothing else needs"
            nested.append(
                replace(
                    _nested(extension, why, needs=tuple(sorted(needs))),
                    extension=extension.modules[0].name,
                    part_of=part_of,
                    links=extension.links,
                )
            )
        for place in sorted(choice.tests):
            if (tests := units[place].tests) is not None:
                apart = _nested(tests, "tests are hardly ever imported", tests=True)
                nested.append(replace(apart, part_of=places.get(place)))
        return tuple(nested)

    def _why(self, unit: Unit) -> str:
        if self.wishes.nest & set(unit.names):
            reason = "`nest` names it"
        elif unit is self.parts.project:
            reason = "the rest does not fit without"
        else:
            reason = "it saves the most for what is extracted"
        return "; ".join((reason, *unit.together))

    def _needed_by(self, unit: Unit, nested: Sequence[Unit]) -> frozenset[int] | None:
        """Finds who needs what is not imported; nobody if that is not known.

        None for a unit that is found by importing it.
        """
        if not unit.has_more or unit is self.parts.project:
            return None
        those = set().union(*(self._requirers.get(name, ()) for name in unit.names))
        places = {
            name: place for place, each in enumerate(nested) for name in each.names
        }
        found = {places.get(name) for name in those - set(unit.names)}
        known = frozenset(place for place in found if place is not None)
        return known if None not in found else frozenset()

    @cached_property
    def _requirers(self) -> Mapping[str, frozenset[str]]:
        return requirers(self.tree.distributions)


def _nested(
    unit: Unit,
    why: str,
    *,
    tests: bool = False,
    at_init: bool = False,
    needs: tuple[int, ...] = (),
) -> NestedUnit:
    return NestedUnit(
        unit.names,
        unit.entries,
        unit.modules,
        tests,
        at_init,
        needs,
        why,
        unit.size_bytes,
        unit.tmp_bytes,
    )


class Sums:
    """Adds up what Lambda counts."""

    def __init__(
        self, nester: Nester, units: Sequence[Unit], zipped_bytes: Mapping[str, int]
    ) -> None:
        self.units = units
        self._nester = nester
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
                _size(placed.entry for placed in nester._left_of(extension)),
            )
            for place, unit in enumerate(units)
            for number, extension in enumerate(unit.extensions)
        }
        self._left = [
            _size(placed.entry for placed in nester._left_of(unit)) for unit in units
        ]
        self._left_tests = [
            _size(placed.entry for placed in nester._left_of(unit.tests))
            if unit.tests
            else 0
            for unit in units
        ]
        self._fixed = _size(nester.parts.staying) + _size(nester._ours())
        if nester.parts.project not in units:
            self._fixed += nester.parts.project.size_bytes

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

    def settings_bytes(self, choice: Choice) -> int:
        """The most that the loader's settings say of any unit."""
        nested = self._nester.nested_units(self.units, choice)
        lengths = (len(settings([unit], [Directory(0, 0, 0)], "")) for unit in nested)
        return max(lengths, default=0)

    def total(self, choice: Choice) -> int:
        """What Lambda counts, to the byte."""
        nested = self._nester.nested_units(self.units, choice)
        inners = [self._inner[place] for place in sorted(choice.units)]
        if self._nester.wishes.eager and inners:
            inners = [_Inner(*map(sum, zip(*inners, strict=True)))]
        inners += [self._extensions[each].inner for each in sorted(choice.extensions)]
        inners += [
            self._inner_tests[place]
            for place in sorted(choice.tests)
            if self.units[place].tests
        ]
        total = self._fixed
        for place in range(len(self.units)):
            if place in choice.units:
                total += self._left[place]
            else:
                total += self._flat[place]
            if place in choice.tests:
                total += self._left_tests[place]
            else:
                total += self._flat_tests[place]
        for each, sizes in self._extensions.items():
            if each not in choice.extensions:
                total += sizes.flat_bytes
            elif each[0] not in choice.units:
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


def _inner_bytes(nested: Sequence[NestedUnit], inners: Sequence[_Inner]) -> int:
    """Adds up the inner ZIP and the loader's settings."""
    offset = sum(inner.local_bytes for inner in inners)
    directories = []
    for inner in inners:
        directories.append(Directory(offset, inner.directory_bytes, inner.members))
        offset += inner.directory_bytes
    end_bytes = Archive.end_bytes(sum(inner.members for inner in inners))
    return offset + end_bytes + len(settings(nested, directories, "0" * 64))


def home_of(tree: Tree) -> str:
    """Names the directory that the inner ZIP goes into; "" for the root.

    Raises:
        SourceError: The project has no module that a stub could stand for.
    """
    if not tree.entry_modules:
        raise _no_entry_module(tree)
    return next((each.path for each in tree.entry_modules if each.is_package), "")


def loader_entries(tree: Tree) -> tuple[Entry, ...]:
    """Makes entries of the loader, and of what it loads.

    Raises:
        SourceError: See `home_of`.
    """
    home = home_of(tree)
    directory = os.path.dirname(loader.__file__)
    entries = []
    for each in loader.FILES:
        path = os.path.join(directory, posixpath.basename(each))
        name = join(home, each)
        size_bytes = os.path.getsize(path)
        entries.append(Entry(name, FileContent(path), size_bytes, included=True))
    return tuple(entries)


def _is_code(name: str, modules: Iterable[EntryModule]) -> bool:
    return name.endswith(MODULE_SUFFIXES) and any(
        name.startswith(f"{each.path}/" if each.is_package else f"{each.path}.")
        for each in modules
    )


def _check(wishes: Wishes, parts: Parts, tree: Tree) -> None:
    """Refuses wishes that cannot be granted: all of them at once."""
    own = set(parts.project.names)
    shipped = {each.name for each in tree.distributions}
    names = {name for unit in parts.units for name in unit.names}.union(shipped) - own
    whys = {
        **{each.name: "left out, as nothing requires it" for each in tree.left_out},
        **dict.fromkeys(tree.provided.names, "left to the runtime: `exclude-provided`"),
    }
    problems = []
    for key, wanted in (("nest", wishes.nest), ("keep-flat", wishes.keep_flat)):
        for name in sorted(wanted - names):
            if name not in own:
                why = whys.get(name, "not installed")
                problems.append(f"{key}: {name} is {why}.")
            elif key == "nest":
                why = "; ".join(parts.project.together) or "it is its distribution"
                problems.append(
                    f"nest: {name} stays flat as a part of the project: {why}."
                )
    for unit in parts.units:
        nest = wishes.nest.intersection(unit.names)
        if nest and unit.bound:
            problems.append(
                f"nest: {', '.join(sorted(nest))} cannot be nested: {unit.bound}."
            )
        keep_flat = wishes.keep_flat.intersection(unit.names)
        if nest and keep_flat:
            problems.append(
                f"nest: {', '.join(sorted(nest))} cannot be nested while"
                f" {', '.join(sorted(keep_flat))} is kept flat:"
                f" {'; '.join(unit.together) or 'it is the same'}."
            )
    if problems:
        raise SourceError(problems, f"What can be named: {', '.join(sorted(names))}.")


def check_wishes(tree: Tree, wishes: Wishes) -> None:
    """Refuses wishes that cannot be granted, whether they matter or not.

    Raises:
        SourceError: Names all of them.
    """
    if wishes.nest or wishes.keep_flat:
        native = Native(tree.entries, tree.machine_code)
        parts = sound(split(tree, tree.entries, native, apart=False), native)
        _check(wishes, parts, tree)


def _is_whole(choice: Choice, sums: Sums) -> bool:
    """Whether all that goes with a nested unit is nested."""
    return choice.extensions.issuperset(
        each for place in choice.units for each in sums.extensions(place)
    )


def _following(
    number: int, needed_by: Sequence[frozenset[int] | None]
) -> frozenset[int]:
    """Finds all that is needed with a unit, by itself or by what it needs."""
    found = {number}
    while True:
        more = {
            other
            for other, those in enumerate(needed_by)
            if those and not found.isdisjoint(those)
        }
        if more <= found:
            return frozenset(found - {number})
        found |= more


def _named(units: Sequence[Unit], names: frozenset[NormalizedName]) -> frozenset[int]:
    return frozenset(
        place for place, unit in enumerate(units) if not names.isdisjoint(unit.names)
    )


def _size(entries: Iterable[Entry]) -> int:
    return sum(entry.size_bytes for entry in entries)


def _without_suffix(name: str) -> str:
    """The path that a module or its bytecode is imported by; any other file's name.

    "a/b.cpython-313-x86_64-linux-gnu.so" and "a/__pycache__/b.cpython-313.pyc" are
    both "a/b".
    """
    if not name.endswith(MODULE_SUFFIXES):
        return name
    directory, slash, file = name.rpartition("/")
    if posixpath.basename(directory) == "__pycache__":
        directory, slash, _ = directory.rpartition("/")
    return f"{directory}{slash}{file.partition('.')[0]}"


def _no_entry_module(tree: Tree) -> SourceError:
    top_level = {entry.name.split("/")[0] for entry in tree.entries}
    candidates = sorted(
        name.removesuffix(".py")
        for name in top_level
        if name.removesuffix(".py").isidentifier()
    )
    return SourceError(
        "The files are too large for a flat ZIP, and a nested one needs a module of the"
        " project's own to start from; there is none. Top-level names:"
        f" {', '.join(candidates)}.",
        "Install the project into the virtual environment, or add its modules with"
        " `include`.",
    )
