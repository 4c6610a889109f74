"""What the dynamic linker loads with a library: which files of a tree.

Rules: ld.so(8), and where that is silent glibc's `_dl_map_object` (elf/dl-load.c).
"""

from __future__ import annotations

import posixpath
import re

from functools import cache
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.elf.values import Linkage


class Link(NamedTuple):
    """A library that another one has been given.

    Attributes:
        user: Who needs it.
        needed: What it is needed as: an entry of DT_NEEDED.
        file: What is loaded.
    """

    user: str
    needed: str
    file: str


class _At(NamedTuple):
    """A file or a directory: which of the places it is in, and its path there."""

    place: int
    path: str


_LIBRARY_PATH: Final = (_At(0, ""), _At(0, "lib"))
"""The task root, and its `lib`: what Lambda's LD_LIBRARY_PATH has of the function's.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

_ORIGIN: Final = re.compile(r"\$(?:\{ORIGIN\}|ORIGIN(?![A-Za-z0-9_]))")
_ROOT: Final = "\0"
"""Stands for the tree's root while paths are normalised: no file is called so."""


class _Loaded(NamedTuple):
    """A library in a process.

    Attributes:
        at: Where it has been loaded from.
        file: What it is called in the tree.
        searched: Where what it needs is looked for first: in the directories of its own
            DT_RPATH, and in those of what has loaded it.
    """

    at: _At
    file: str
    searched: tuple[_At, ...]


class Linker:
    """Loads libraries of a tree, each in a process that has loaded nothing else."""

    def __init__(
        self, linkages: Mapping[str, Linkage], places: Sequence[Mapping[str, str]]
    ) -> None:
        """Takes note of where libraries are.

        Args:
            linkages: What the libraries of a tree say, by their names there.
            places: The task root, and whatever else the tree is spread over: for paths
                in it, which of the libraries is there.
        """
        self._linkages = linkages
        self._places = places
        # Most of what is needed is the system's, and need not be looked for.
        self._offered = {
            *(path.rpartition("/")[2] for place in places for path in place),
            *(each.soname for each in linkages.values()),
        }

    def load(self, path: str, place: int = 0) -> Iterator[Link]:
        """Loads a library by its path, and all that it needs.

        What has been loaded as the same name, or has it as its DT_SONAME, is taken.
        Else a name without a slash is looked for in the directories of DT_RPATH: those
        of the library that needs it, of what has loaded that, and so on; then in those
        of LD_LIBRARY_PATH, then of the library's DT_RUNPATH, which hides all DT_RPATH
        from it. A name with a slash is a path. `$ORIGIN` or `${ORIGIN}` is the
        directory of the library that says so. What does not begin with it depends on
        the machine, and what leaves the place could be anything: that is passed over.

        Args:
            path: Where the library is.
            place: In which of the places.

        Yields:
            What each library needs and is given, in the order in which it is loaded.
        """
        first = self._loaded(_At(place, path), ())
        loaded = {first.at: first}
        known = {self._linkages[first.file].soname: first}
        pending = [first]
        for each in pending:
            for needed in self._linkages[each.file].needed:
                if posixpath.basename(needed) not in self._offered:
                    continue
                if needed not in known:
                    at = self._found(each, needed)
                    if at is None:
                        continue
                    if at not in loaded:
                        new = loaded[at] = self._loaded(at, each.searched)
                        known.setdefault(self._linkages[new.file].soname, new)
                        pending.append(new)
                    known[needed] = loaded[at]
                yield Link(each.file, needed, known[needed].file)

    def _loaded(self, at: _At, searched: tuple[_At, ...]) -> _Loaded:
        """Loads one, by what searches these directories itself."""
        file = self._places[at.place][at.path]
        linkage = self._linkages[file]
        if not linkage.has_runpath:
            searched = tuple(dict.fromkeys((*_directories(at, linkage), *searched)))
        return _Loaded(at, file, searched)

    def _found(self, user: _Loaded, needed: str) -> _At | None:
        """Finds what is loaded for a name that nothing has been loaded as."""
        linkage = self._linkages[user.file]
        if "/" in needed:
            candidates = _in_tree(posixpath.dirname(user.at.path), [needed])
            found = (_At(user.at.place, each) for each in candidates)
        else:
            directories = (
                (*_LIBRARY_PATH, *_directories(user.at, linkage))
                if linkage.has_runpath
                else (*user.searched, *_LIBRARY_PATH)
            )
            found = (
                _At(each.place, posixpath.join(each.path, needed))
                for each in directories
            )
        return next((at for at in found if at.path in self._places[at.place]), None)


def _directories(at: _At, linkage: Linkage) -> Iterator[_At]:
    """Finds the directories of its place that a library names in its search path."""
    origin = posixpath.dirname(at.path)
    return (_At(at.place, each) for each in _searched(origin, linkage.search))


@cache
def _searched(origin: str, search: tuple[str, ...]) -> tuple[str, ...]:
    # The libraries of a directory mostly have one search path.
    return tuple(_in_tree(origin, search))


def _in_tree(origin: str, paths: Iterable[str]) -> Iterator[str]:
    """Normalises paths; passes over those that are not, or not known to be, in it."""
    for path in paths:
        match = _ORIGIN.match(path)
        if match:
            # The token is replaced as text: "$ORIGIN.libs" is a directory beside it.
            start = posixpath.join(_ROOT, origin).rstrip("/")
            normal = posixpath.normpath(start + path[match.end() :])
            root, _, name = normal.partition("/")
            if root == _ROOT:
                yield name
