"""Which extension modules need not be extracted with their package."""

from __future__ import annotations

import posixpath
import re

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.elf.machine_code import defines_init
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.tree.importers import is_imported_at_once


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.packaging.native.libraries import Native
    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry


LEAST_BYTES: Final = 4 << 20
"""What an extension module and its libraries have at least if they go apart: less is
extracted sooner than locked and found."""


class Extension(NamedTuple):
    """An extension module, with the libraries that nothing else needs.

    Attributes:
        file: The module's.
        files: All of them.
        links: Further libraries that these need, directly or through others.
    """

    file: str
    files: frozenset[str]
    links: frozenset[str]


def extensions_of(native: Native, entries: Iterable[Entry]) -> Iterator[Extension]:
    """Finds extension modules that need not be extracted with their package.

    They have libraries that nothing else in the tree needs, no package that they
    are in mentions them in its `__init__`, and no source mentions the libraries.
    What only looks like one, and is opened by its path, stays with its package; so
    does what that cannot be imported, or is of no use, without.

    Args:
        native: What the tree's native code is linked to.
        entries: What is nested as a whole, without tests.
    """
    own = {entry.name: entry for entry in entries}
    natives = [name for name in own if name in native.linkages]
    libraries = {name for name in natives if posixpath.basename(name) in native.users}
    if sum(own[name].size_bytes for name in libraries) < LEAST_BYTES:
        return
    aliases = defaultdict(set)
    for name in natives:
        aliases[_loaded_for(native, name)].add(name)
    found = {}
    for name in natives:
        module = module_parts(name)
        package = "/".join(module[:-1])
        if f"{package}/__init__.py" not in own or name in libraries:
            continue
        files = _only_for(native, name, own, aliases)
        if (
            len(files) > 1
            and sum(own[each].size_bytes for each in files) >= LEAST_BYTES
            and f"{package}/{module[-1]}.py" not in own  # there would be a stub
            and _is_module(native, own[name])
        ):
            found[name] = files
    for name in _dispensable(found, own) if found else ():
        links = links_of(native, found[name], own.keys())
        yield Extension(name, frozenset(found[name]), links)


def untouched(
    native: Native, entries: Iterable[Entry], touched: Callable[[str], bool]
) -> frozenset[str]:
    """Finds extension modules that nobody has imported, and what only they need.

    Of what has been seen to be imported it is known what is needed at once; so all the
    others may go, as long as a source can stand for each, and none of the libraries
    that only these need is mentioned in a source.

    Args:
        native: What the tree's native code is linked to.
        entries: What is nested as a whole, without tests.
        touched: Whether a module, by its name, has been imported.

    Returns:
        Names of files; empty if they are not worth it.
    """
    own = {entry.name: entry for entry in entries}
    natives = [name for name in own if name in native.linkages]
    aliases = defaultdict(set)
    for name in natives:
        aliases[_loaded_for(native, name)].add(name)
    files = {
        name
        for name in natives
        if (module := module_parts(name))
        and not touched(".".join(module))
        and "/".join((*module[:-1], "__init__.py")) in own
        and "/".join(module) + ".py" not in own  # there would be a stub
        and posixpath.basename(name) not in native.users
        and _is_module(native, own[name])
    }

    def with_libraries(sources: bytes) -> frozenset[str]:
        found, more = frozenset[str](), frozenset(files)
        while more:
            found |= more
            more = frozenset(
                file
                for name in found
                for link in native.links[name]
                if link.file in own
                and native.users.get(posixpath.basename(link.file), found) <= found
                and posixpath.basename(link.file).partition(".so")[0].encode()
                not in sources
                and not _is_module(native, own[link.file])
                for file in aliases[link.file]
            ).difference(found)
        is_worth_it = sum(own[each].size_bytes for each in found) >= LEAST_BYTES
        return found if is_worth_it else frozenset()

    # To read all sources takes most of the time: as a rule that is not needed.
    return with_libraries(b"") and with_libraries(
        b"\n".join(read(content) for _, content in _sources(own))
    )


def links_of(
    native: Native, files: AbstractSet[str], own: AbstractSet[str]
) -> frozenset[str]:
    """Finds further libraries that files need, directly or through others.

    Args:
        native: What the tree's native code is linked to.
        files: Those that go apart.
        own: All files of their package.
    """
    return frozenset(
        link.file
        for each in files
        for link in native.links.get(each, ())
        if link.file in own and link.file not in files
    )


def _only_for(
    native: Native,
    module: str,
    own: Mapping[str, Entry],
    aliases: Mapping[str, AbstractSet[str]],
) -> set[str]:
    """Finds the libraries that a module needs and nothing else does."""
    files: set[str] = set()
    more = {module}
    while more:
        files |= more
        more = {
            file
            for name in files
            for link in native.links[name]
            if link.user in files
            and link.file in own
            and native.users.get(posixpath.basename(link.file), files) <= files
            and not _is_module(native, own[link.file])
            for file in aliases[link.file]
        }
        more -= files
    return files


def _is_module(native: Native, library: Entry) -> bool:
    """Whether Python can import a library."""
    known = native.machine_code[library.name].defines_init
    if known is not None:
        return known
    module = module_parts(library.name)
    return bool(module) and defines_init(read(library.content), module[-1])


def _loaded_for(native: Native, name: str) -> str:
    """Finds the file that is loaded by whatever has been linked to a library.

    A wheel has no symbolic links, so some have copies for linkers: `libx.so` beside
    the `libx.so.2` that DT_SONAME names.
    """
    directory, slash, file = name.rpartition("/")
    return f"{directory}{slash}{native.linkages[name].soname or file}"


def _dispensable(
    found: Mapping[str, AbstractSet[str]], own: Mapping[str, Entry]
) -> tuple[str, ...]:
    """Lists the modules that sources can do without, and without their libraries."""
    libraries = tuple((name, frozenset(found[name] - {name})) for name in found)
    sources = _sources(own)
    if any(isinstance(content, FileContent) for _, content in sources):
        return _read_to_find_dispensable(libraries, sources)  # files change
    return _kept_dispensable(libraries, sources)


def _read_to_find_dispensable(
    found: tuple[tuple[str, frozenset[str]], ...],
    contents: tuple[tuple[str, Content], ...],
) -> tuple[str, ...]:
    sources = {name: read(content) for name, content in contents}
    return tuple(
        name
        for name, libraries in found
        for module in [module_parts(name)]
        if not _is_mentioned(module, libraries, sources)
        and not is_imported_at_once(module, sources)
    )


# Functions of a run have most distributions in common, and few of these such modules.
_kept_dispensable = lru_cache(maxsize=64)(_read_to_find_dispensable)


def _sources(own: Mapping[str, Entry]) -> tuple[tuple[str, Content], ...]:
    return tuple(
        (name, entry.content) for name, entry in own.items() if name.endswith(".py")
    )


def _is_mentioned(
    module: list[str], libraries: AbstractSet[str], sources: Mapping[str, bytes]
) -> bool:
    """Whether a package imports a module at once, or a source knows its libraries."""
    word = re.compile(rb"\b%s\b" % re.escape(module[-1].encode()))
    for depth in range(1, len(module)):
        init = sources.get("/".join((*module[:depth], "__init__.py")))
        if init is not None and word.search(init):
            return True
    stems = {posixpath.basename(each).partition(".so")[0] for each in libraries}
    words = re.compile(b"|".join(sorted(re.escape(each.encode()) for each in stems)))
    return any(map(words.search, sources.values()))
