"""Puts files where they are, once it is known what is nested."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
from poetry_plugin_package_function.packaging.nesting.layout import Placed
from poetry_plugin_package_function.packaging.nesting.layout import join
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.nesting.stubs import loader_entries
from poetry_plugin_package_function.packaging.nesting.stubs import starter
from poetry_plugin_package_function.packaging.nesting.stubs import stub
from poetry_plugin_package_function.packaging.nesting.units import merged
from poetry_plugin_package_function.packaging.nesting.units import need_of
from poetry_plugin_package_function.packaging.nesting.units import outside
from poetry_plugin_package_function.packaging.nesting.units import requirers
from poetry_plugin_package_function.packaging.profiles.needs import Need
from poetry_plugin_package_function.packaging.sources.modules import MODULE_SUFFIXES
from poetry_plugin_package_function.packaging.sources.modules import module_path


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.job import Wishes
    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
    from poetry_plugin_package_function.packaging.tree.tree import Tree


_REASONS: Final = {
    Need.NOTHING: "the profile has nothing that needs it",
    Need.EVENT: "the event needs it, and there is no room left",
    Need.INIT: "INIT needs it, and there is no room left",
}


@dataclass(frozen=True)
class Placement:
    """Places the files of one tree.

    Attributes:
        home: See `NestedLayout`.
        tree: What is shipped.
        parts: What may be nested of it.
        wishes: What the user wants.
    """

    home: str
    tree: Tree
    parts: Parts
    wishes: Wishes

    def layout(self, selection: frozenset[Unit]) -> NestedLayout:
        """Says where each file is if these are nested."""
        outer = [Placed(each.name, each) for each in self.parts.never_nested]
        outer += [Placed(each.name, each, is_ours=True) for each in self.ours()]
        for unit in outside((*self.parts.units, self.parts.project), selection):
            outer += self.left_of(unit) if unit in selection else self._flat(unit)
        return NestedLayout(
            self.home, tuple(sorted(outer)), self.extraction_units(selection)
        )

    def ours(self) -> Iterator[Entry]:
        """What of the loader's is in the outer ZIP in any case."""
        yield from loader_entries(self.tree)
        yield starter(self.home)
        for module in self.tree.entry_modules:
            yield stub(module, self.home)

    def left_of(self, unit: Unit) -> Iterator[Placed]:
        """Lists what of a nested unit is in the outer ZIP.

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
        """Lists a flat unit; what stubs are in the places of makes room."""
        if unit is not self.parts.project:
            yield from (Placed(each.name, each) for each in unit.entries)
            return
        places = {module.file.removesuffix(".py") for module in self.tree.entry_modules}
        for entry in unit.entries:
            is_module = entry.name.endswith(MODULE_SUFFIXES)
            is_moved = is_module and module_path(entry.name) in places
            moved = join(self.home, f"{loader.MOVED}/{entry.name}")
            yield Placed(moved if is_moved else entry.name, entry)

    def extraction_units(
        self, selection: frozenset[Unit]
    ) -> tuple[ExtractionUnit, ...]:
        """Puts what is nested in order: units, then extension modules, then tests."""
        units = (*self.parts.units, self.parts.project)
        chosen = [unit for unit in units if unit in selection]
        places = {unit: number for number, unit in enumerate(chosen)}
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
            nested.append(_made_of(unit, whys[number], at_init=at_init, needs=needs))
        apart = [(unit, extension) for unit in units for extension in unit.extensions]
        for unit, extension in apart:
            if extension not in selection:
                continue
            part_of = places.get(unit)
            needs = () if part_of is None else (*nested[part_of].needs, part_of)
            why, needs = self._why_apart(extension), tuple(sorted(needs))
            nested.append(
                replace(
                    _made_of(extension, why, needs=needs),
                    extension=_named(extension.modules),
                    part_of=part_of,
                )
            )
        for unit in units:
            if unit.tests in selection:
                why = "tests are hardly ever imported"
                tests = _made_of(unit.tests, why, tests=True)
                nested.append(replace(tests, part_of=places.get(unit)))
        return tuple(nested)

    def need(self, unit: Unit | ExtractionUnit) -> Need:
        """Says what needs a unit, as far as that is known."""
        needs = self.wishes.needs
        return need_of(unit, needs) if needs else Need.NOTHING

    def _why(self, unit: Unit) -> str:
        if self.wishes.nest & set(unit.names):
            reason = "`nest` names it"
        elif unit is self.parts.project:
            reason = "the rest does not fit without"
        elif self.wishes.needs and not self.wishes.eager:
            reason = _REASONS[self.need(unit)]
        else:
            reason = "it saves the most for what is extracted"
        return "; ".join((reason, *unit.together))

    def _why_apart(self, extension: Unit) -> str:
        needs, need = self.wishes.needs, self.need(extension)
        if needs is None or need is Need.INIT:
            return "it has libraries that nothing else needs"
        those = "these extension modules" if extension.modules[1:] else "it"
        return (
            f"{'nobody' if need is Need.NOTHING else 'only the event'} imports {those}"
        )

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


def _made_of(
    unit: Unit,
    why: str,
    *,
    tests: bool = False,
    at_init: bool = False,
    needs: tuple[int, ...] = (),
) -> ExtractionUnit:
    return ExtractionUnit(
        unit.names,
        unit.entries,
        unit.modules,
        tests,
        at_init,
        needs,
        why,
        unit.size_bytes,
        unit.tmp_bytes,
        links=unit.links,
    )


def _named(modules: Sequence[EntryModule]) -> str:
    return listed([each.name for each in modules], 1)


def _is_code(name: str, modules: Iterable[EntryModule]) -> bool:
    return name.endswith(MODULE_SUFFIXES) and any(
        name.startswith(f"{each.path}/" if each.is_package else f"{each.path}.")
        for each in modules
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
