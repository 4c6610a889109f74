"""Runs in Lambda: tells where the files of distributions are, some of which are nested.

Their metadata is in the task root, where the standard library finds it; it would look
for their files there, too. This is shipped beside the loader, which loads it when
somebody asks for a distribution. It uses the standard library only, of Python 3.10 or
later.
"""

from __future__ import annotations

import os
import re
import sys

from functools import cache
from importlib.metadata import DistributionFinder
from pathlib import Path


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec
    from importlib.metadata import Distribution
    from typing import Any
    from typing import Protocol

    class Finder(Protocol):
        """The loader's."""

        task_root: str
        units: list[dict[str, Any]]

        def is_ours(self, entry: object) -> bool:
            """Whether it is the task root, or something that has been extracted."""

        def extract(self, number: int) -> str:
            """Extracts a unit, and says where to."""


_GIVEN = "_package_function_path"


def find_distributions(
    finder: Finder, context: DistributionFinder.Context | None
) -> Iterator[Distribution]:
    """Finds the distributions of the task root, and what is before it on the path.

    What is behind it is left to the finder that is asked next, with the same context.
    That would find those of the task root again, so the context's path is cut. Who asks
    twice with it gets the whole again, as this finder is the first.
    Source: `importlib.metadata.DistributionFinder`.
    """
    if context is None:
        context = DistributionFinder.Context()
    name = context.name
    if name is not None and not _units_of(finder, name):
        return
    state = vars(context)
    given = state.pop(_GIVEN, state.get("path"))
    path = list(sys.path if given is None else given)
    place = next((n for n, each in enumerate(path) if finder.is_ours(each)), None)
    if place is None:
        return
    root = os.path.realpath(finder.task_root)
    rest = [each for each in path[place:] if _real(each) != root]
    state.update({_GIVEN: given, "path": rest})
    own = _context_of(context)
    # Whoever asks through `importlib_metadata` expects that one's own classes.
    metadata = sys.modules[own.__module__]
    find = metadata.MetadataPathFinder.find_distributions
    yield from find(own(name=name, path=path[:place]))
    located = _located(metadata.PathDistribution)
    for each in find(own(name=name, path=[finder.task_root])):
        yield located(each._path, finder)


def _context_of(context: DistributionFinder.Context) -> Any:
    """The class of a question, without what somebody has derived from it."""
    usual = DistributionFinder.Context
    name = usual.__qualname__
    return next((c for c in type(context).__mro__ if c.__qualname__ == name), usual)


def _real(entry: object) -> str | None:
    return os.path.realpath(entry) if isinstance(entry, str) else None


@cache
def _located(base: Any) -> Any:
    """Makes a class of distributions of which files may be nested."""

    class Located(base):  # type: ignore[misc]
        """Extracts a file when somebody asks where it is, and not to list it."""

        def __init__(self, path: Any, finder: Finder) -> None:
            super().__init__(path)
            self._finder = finder
            self._units = _units_of(finder, _name_of(str(path)))
            self._lists = False

        @property
        def files(self) -> Any:
            self._lists = True  # Python 3.12 and later look whether each file is there
            try:
                return super().files
            finally:
                self._lists = False

        def locate_file(self, path: Any) -> Any:
            number = _unit_with(str(path), self._finder, self._units)
            if number is None:
                return super().locate_file(path)
            if self._lists:
                return self._path
            place = Path(self._finder.extract(number), path)
            # Some files of what is nested stay flat: what LD_LIBRARY_PATH finds.
            return place if place.exists() else super().locate_file(path)

        def __reduce__(self) -> Any:
            return base, (self._path,)

    return Located


def locate_resources(finder: Finder, spec: ModuleSpec) -> None:
    """Lets `pkg_resources`, once it is imported, find what requirements name.

    It looks beside their metadata. What packages have, it finds through these.
    """
    loader: Any = spec.loader
    run = loader.exec_module

    def exec_module(module: Any) -> None:
        run(module)
        provider = getattr(module, "PathMetadata", None)
        if provider is None:  # it is another module of this name
            return
        path_in = provider._fn

        def located(self: Any, base: str, resource_name: str) -> Any:
            if base == self.module_path:
                units = _units_of(finder, _name_of(self.egg_info))
                number = _unit_with(resource_name, finder, units)
                if number is not None:
                    place = path_in(self, finder.extract(number), resource_name)
                    if os.path.exists(place):
                        return place
            return path_in(self, base, resource_name)

        provider._fn = located

    loader.exec_module = exec_module


def _name_of(info: str) -> str:
    """The distribution that a directory with metadata is named after."""
    return os.path.splitext(os.path.basename(info))[0].partition("-")[0]


def _units_of(finder: Finder, distribution: str) -> list[int]:
    """Finds the units that are of a distribution; its name is normalized by PEP 503."""
    name = re.sub(r"[-_.]+", "-", distribution).lower()
    units = enumerate(finder.units)
    return [number for number, unit in units if name in unit["distributions"]]


def _unit_with(file: str, finder: Finder, numbers: Iterable[int]) -> int | None:
    """Finds which of a distribution's units a file is in; None if it is flat."""
    whole = None
    for number in numbers:
        unit = finder.units[number]
        if unit["tests"]:
            modules = unit["modules"]
            places = tuple(each.replace(".", "/") + "/" for each in modules)
            is_in_it = file.startswith(places)
        else:
            is_in_it = file in unit["files"]
            if not unit["files"] and ".dist-info/" not in file:
                whole = number
        if is_in_it:
            return number
    return whole
