"""What is nested as a whole, or not at all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.profiles.needs import Need
    from poetry_plugin_package_function.packaging.profiles.needs import Needs
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule


BLOCK_BYTES: Final = 4096
"""What a file system gives to files, as a rule."""


@dataclass(frozen=True, eq=False)
class Unit:
    """What is nested as a whole, or not at all. Each is equal to none but itself.

    Attributes:
        names: Distributions; of files that are no distribution's, what their top-level
            names begin with.
        entries: All that it has, ordered by name, but for what is never nested.
        modules: What is imported of it: the shallowest that are no namespace packages.
        together: Why these distributions are one unit.
        has_pth: Whether it has lines that Python obeys when it starts.
        has_more: Whether it has files that belong to none of the modules, so that
            nobody can be seen to need them.
        tests: The `tests` packages of a unit, which make a unit of their own.
        extensions: Extension modules that have libraries of their own; each of them
            makes a unit with these.
        links: Other libraries that an extension module's own need.
        is_inside: Whether it is one of those that others have: tests, or an extension
            module.
        bound: By which paths of libraries it has to be where it is; "" if by none.
    """

    names: tuple[str, ...]
    entries: tuple[Entry, ...]
    modules: tuple[EntryModule, ...]
    together: tuple[str, ...] = ()
    has_pth: bool = False
    has_more: bool = False
    tests: Unit | None = None
    extensions: tuple[Unit, ...] = ()
    links: tuple[str, ...] = ()
    bound: str = ""
    is_inside: bool = False

    @property
    def inside(self) -> tuple[Unit, ...]:
        """The units inside of it: extension modules, and tests."""
        return (*self.extensions, *((self.tests,) if self.tests else ()))

    @cached_property
    def size_bytes(self) -> int:
        """The sum of its files, without those of the units inside of it."""
        return sum(entry.size_bytes for entry in self.entries)

    @cached_property
    def tmp_bytes(self) -> int:
        """What they take where they are extracted, in whole blocks."""
        return sum(
            -(-entry.size_bytes // BLOCK_BYTES) * BLOCK_BYTES for entry in self.entries
        )


@dataclass(frozen=True)
class Parts:
    """All that is shipped.

    Attributes:
        never_nested: What is never nested.
        project: The project's own code and what `include` names.
        units: The rest.
    """

    never_nested: tuple[Entry, ...]
    project: Unit
    units: tuple[Unit, ...]


def outside(units: Iterable[Unit], selection: frozenset[Unit]) -> Iterator[Unit]:
    """Lists what has files or stubs in the outer ZIP if these are nested.

    The stub of an extension module is in its package, wherever that is.
    """
    for unit in units:
        yield unit
        if unit not in selection:
            yield from unit.extensions
        if unit.tests:
            yield unit.tests


def need_of(unit: Unit | ExtractionUnit, needs: Needs) -> Need:
    """Says what needs a unit; tests and extension modules are needed by their names."""
    found = needs.of_modules(module.name for module in unit.modules)
    if unit.is_inside:
        return found
    return max(found, needs.of_distributions(unit.names))


def with_tests(unit: Unit) -> Unit:
    """Takes back the tests that a unit has been split from."""
    entries = [*unit.entries, *(unit.tests.entries if unit.tests else ())]
    in_order = tuple(sorted(entries, key=lambda entry: entry.name))
    return replace(unit, entries=in_order, tests=None)


def merged(units: Sequence[Unit]) -> Unit:
    """Makes one unit of several."""
    return Unit(
        tuple(sorted(name for each in units for name in each.names)),
        tuple(
            sorted(
                (entry for each in units for entry in each.entries),
                key=lambda entry: entry.name,
            )
        ),
        tuple(sorted(module for each in units for module in each.modules)),
        tuple(why for each in units for why in each.together),
        any(each.has_pth for each in units),
        any(each.has_more for each in units),
    )


def requirers(distributions: Iterable[Distribution]) -> Mapping[str, frozenset[str]]:
    """Finds who requires a distribution, by its name."""
    found: dict[str, set[str]] = defaultdict(set)
    for distribution in distributions:
        for name in distribution.requirements:
            found[name].add(distribution.name)
    return {name: frozenset(those) for name, those in found.items()}
