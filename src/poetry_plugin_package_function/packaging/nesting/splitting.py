"""What can be nested as a whole: distributions, and those that share files.

A unit is extracted into a directory of its own. So whatever finds its files by paths
that lead from one distribution to another, and not by importing them, has to be in one
unit with them.
"""

from __future__ import annotations

import re

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.native.extensions import extensions_of
from poetry_plugin_package_function.packaging.native.extensions import links_of
from poetry_plugin_package_function.packaging.native.extensions import untouched
from poetry_plugin_package_function.packaging.nesting.units import Parts
from poetry_plugin_package_function.packaging.nesting.units import Unit
from poetry_plugin_package_function.packaging.nesting.units import need_of
from poetry_plugin_package_function.packaging.profiles.needs import Need
from poetry_plugin_package_function.packaging.sources.distributions import is_metadata
from poetry_plugin_package_function.packaging.sources.modules import MODULE_SUFFIXES
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.packaging.native.libraries import Native
    from poetry_plugin_package_function.packaging.profiles.needs import Needs
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


_PROJECT: Final = ""
_NEVER_NESTED: Final = re.compile(
    r"""
      lib/[^/]+\.so[.\d]*$            # found through LD_LIBRARY_PATH
    | lib[^/]*\.so[.\d]*$
    | (.*/)?\.dependencies/__pycache__/[^/]+\.pyc$  # of what extracts the others
    """,
    re.VERBOSE,
)
"""What is never nested, beside metadata.

Lambda's LD_LIBRARY_PATH has the task root and its `lib`.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""


_NOT_READ: Final = re.compile(r"(^|/)__pycache__/|^[^/]+\.libs/|\.pyi$|(^|/)py\.typed$")
"""What nobody opens by its path: bytecode, what the linker finds, types."""


def split(
    tree: Tree,
    entries: Sequence[Entry],
    native: Native,
    *,
    apart: bool,
    needs: Needs | None = None,
) -> Parts:
    """Finds out what belongs together.

    These are one unit:

    - distributions that have files in one package (not: in a namespace package);
    - distributions whose shared libraries name one another's by a path from themselves
      (`$ORIGIN`), or let those that they load name them.

    Args:
        tree: What is shipped.
        entries: Its entries, with bytecode if there is some.
        native: What they are linked to.
        apart: Whether `tests` packages and extension modules with libraries of their
            own become units of their own.
        needs: What is needed, if that is known: extension modules that are needed less
            than their package become units, too.
    """
    never_nested = []
    files: list[_File] = []
    modules = _Modules(entries)
    sets = _UnionFind()
    first: dict[str, str] = {}
    for entry in entries:
        if _is_never_nested(entry.name):
            never_nested.append(entry)
            continue
        key = _key(entry)
        module, tests = modules.of(entry.name)
        files.append(_File(entry, key, module, tests if apart else None))
        if module is not None and (other := first.setdefault(module, key)) != key:
            sets.unite(other, key, f"{_named(other, key)} share {module}")
    for entry_module in tree.entry_modules:
        sets.unite(_PROJECT, first.get(entry_module.path, _PROJECT), "")
    _unite_linked(sets, {file.entry.name: file.key for file in files}, native)
    together: dict[str, list[_File]] = defaultdict(list)
    for file in files:
        together[sets.root(file.key)].append(file)
    own = together.pop(sets.root(_PROJECT), [])  # in one piece, with its tests
    project = _unit([each._replace(tests=None) for each in own], modules, sets)
    units = [_unit(each, modules, sets) for each in together.values()]
    if apart:
        if needs:
            units = [_without_untouched(each, native, needs) for each in units]
        units = [_without_extensions(each, native) for each in units]
    return Parts(
        tuple(never_nested), project, tuple(sorted(units, key=lambda each: each.names))
    )


def _unite_linked(sets: _UnionFind, owners: Mapping[str, str], native: Native) -> None:
    """Keeps those together whose shared libraries find one another's by a path."""
    for name, links in native.links.items():
        for link in links:
            if name in owners and link.file in owners:
                why = f"{link.user} is linked to {link.file}"
                sets.unite(owners[name], owners[link.file], why)


class _File(NamedTuple):
    """An entry, whose it is, and the paths of the module and the tests it is in."""

    entry: Entry
    key: str
    module: str | None
    tests: str | None


def _is_never_nested(name: str) -> bool:
    if is_metadata(name):  # it is asked for by name, in any process
        return True
    # Most names are done with before a pattern is looked at.
    is_likely = ".dependencies/" in name or name.startswith("lib")
    return is_likely and bool(_NEVER_NESTED.match(name))


def _key(entry: Entry) -> str:
    """Whose a file is: a distribution's, the project's, or else what its name says."""
    if entry.included:
        return _PROJECT
    if entry.distribution is not None:
        return entry.distribution
    first, _, rest = entry.name.partition("/")
    top = rest if first == "__pycache__" else first
    return f"/{top.partition('.')[0] or top}"


def _named(*keys: str) -> str:
    return " and ".join(sorted(key.removeprefix("/") or "the project" for key in keys))


class _Modules:
    """Finds what a file is imported as a part of."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._regular = {
            directory
            for entry in entries
            if "/__init__." in entry.name
            for directory, _, file in [entry.name.rpartition("/")]
            if file.startswith("__init__.")
            and file.endswith(MODULE_SUFFIXES)
            and "." not in directory
        }
        self._of_directory: dict[str, tuple[str | None, str | None]] = {
            "": (None, None)
        }

    def of(self, name: str) -> tuple[str | None, str | None]:
        """Finds the paths of a module and of the tests in it; None if there are none.

        The module is the shallowest that is no namespace package, and the tests are the
        package called `tests`.
        """
        found = self._in(name.rpartition("/")[0])
        if found[0] is None and name.endswith(MODULE_SUFFIXES):
            return "/".join(module_parts(name)) or None, None
        return found

    def named(self, paths: Iterable[str | None]) -> tuple[EntryModule, ...]:
        """Makes modules of their paths, each once; of None, none."""
        return tuple(
            EntryModule(path, is_package=path in self._regular)
            for path in sorted(set(filter(None, paths)))
        )

    def _in(self, directory: str) -> tuple[str | None, str | None]:
        found = self._of_directory.get(directory)
        if found is None:
            above, _, last = directory.rpartition("/")
            module, tests = self._in(above)
            if directory in self._regular:
                # What is left of the package above is still a package.
                if tests is None and last == "tests" and above in self._regular:
                    tests = directory
                module = module or directory
            found = self._of_directory[directory] = (module, tests)
        return found


def _unit(files: Sequence[_File], modules: _Modules, sets: _UnionFind) -> Unit:
    keys = {file.key for file in files if not file.entry.included}
    names = tuple(sorted(canonicalize_name(key.removeprefix("/")) for key in keys))
    own = [file for file in files if file.tests is None]
    tests = [file for file in files if file.tests is not None]
    loose = [file.entry.name for file in own if file.module is None]
    pth = {name for name in loose if name.endswith(".pth") and "/" not in name}
    return Unit(
        names,
        tuple(file.entry for file in own),
        modules.named(file.module for file in own),
        sets.why(min(keys)) if keys else (),
        bool(pth),
        any(name not in pth and not _NOT_READ.search(name) for name in loose),
        Unit(
            names,
            tuple(file.entry for file in tests),
            modules.named(file.tests for file in tests),
            is_inside=True,
        )
        if tests
        else None,
    )


def _without_extensions(unit: Unit, native: Native) -> Unit:
    """Makes units of the extension modules that have libraries of their own."""
    found = tuple(extensions_of(native, unit.entries))
    apart = frozenset[str]().union(*(each.files for each in found))
    extensions = (
        _extension(unit, each.files, (each.file,), each.links) for each in found
    )
    return replace(
        unit,
        entries=tuple(each for each in unit.entries if each.name not in apart),
        extensions=(*unit.extensions, *extensions),
    )


def _without_untouched(unit: Unit, native: Native, needs: Needs) -> Unit:
    """Makes units of extension modules that their package's need does without.

    One of those that nobody has imported, and one of those that only the event has,
    where INIT needs the package.
    """
    urgent = need_of(unit, needs)
    for most in (each for each in Need if each < urgent):
        unit = _without_less_needed(unit, native, needs, most)
    return unit


def _without_less_needed(unit: Unit, native: Native, needs: Needs, most: Need) -> Unit:
    """Makes a unit of extension modules that nothing more urgent needs."""
    files = untouched(
        native, unit.entries, lambda name: needs.of_modules([name]) > most
    )
    if not files:
        return unit
    modules = sorted(each for each in files if _stands_for_itself(each, native))
    links = links_of(native, files, {each.name for each in unit.entries})
    return replace(
        unit,
        entries=tuple(each for each in unit.entries if each.name not in files),
        extensions=(*unit.extensions, _extension(unit, files, modules, links)),
    )


def _stands_for_itself(name: str, native: Native) -> bool:
    """Whether it is a module among modules and their libraries."""
    return bool(module_parts(name)) and name.rpartition("/")[2] not in native.users


def _extension(
    unit: Unit,
    files: AbstractSet[str],
    modules: Iterable[str],
    links: AbstractSet[str],
) -> Unit:
    paths = ("/".join(module_parts(each)) for each in modules)
    return Unit(
        unit.names,
        tuple(each for each in unit.entries if each.name in files),
        tuple(EntryModule(path, is_package=False) for path in paths),
        links=tuple(sorted(links)),
        is_inside=True,
    )


class _UnionFind:
    """Disjoint sets of keys, and why those of one are together."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}
        self._why: list[tuple[str, str]] = []

    def root(self, key: str) -> str:
        """Finds the key that names the set of a key: the first of it by name."""
        while (parent := self._parents.get(key, key)) != key:
            key = parent
        return key

    def unite(self, one: str, other: str, why: str) -> None:
        """Makes one set of those of two keys."""
        roots = sorted((self.root(one), self.root(other)))
        if roots[0] != roots[1]:
            self._parents[roots[1]] = roots[0]
            self._why.append((one, why))

    def why(self, key: str) -> tuple[str, ...]:
        """Says why the keys of a key's set are together."""
        root = self.root(key)
        return tuple(why for one, why in self._why if why and self.root(one) == root)
