"""The handler's module, and what it needs: found in the project, and included.

The order in which it is looked for is that of docs/handlers.md.
"""

from __future__ import annotations

import json
import os
import re

from collections import Counter
from dataclasses import dataclass
from functools import cache
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.configuration.inclusions import git_checkout
from poetry_plugin_package_function.configuration.inclusions import is_beside
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.host import below
from poetry_plugin_package_function.host import posix
from poetry_plugin_package_function.host import relative
from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.packaging.project_code.closure import Closure
from poetry_plugin_package_function.packaging.project_code.places import Place
from poetry_plugin_package_function.packaging.project_code.places import other_places
from poetry_plugin_package_function.packaging.project_code.places import usual_places
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import place_of
from poetry_plugin_package_function.packaging.sources.ignored import ignored_below
from poetry_plugin_package_function.packaging.sources.included import find_included
from poetry_plugin_package_function.packaging.sources.modules import handler_parts
from poetry_plugin_package_function.packaging.sources.modules import known_modules
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.project import SHOWN_TABLE


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


_SHOWN: Final = 10
_NAMED: Final = 3


@dataclass(frozen=True)
class HandlerCode:
    """Files of the project that come in because the handler needs them: a source.

    Attributes:
        module: The handler's.
        place: The directory that it has been found in, from the project's on.
        why: Why they come in, in words.
        entries: They; in order.
        beside: The names of those that are not in the project's directory.
    """

    module: str
    place: str
    why: str
    entries: tuple[Entry, ...]
    beside: frozenset[str] = frozenset()

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """See `Source`: there are none."""
        return ()

    def files(
        self,
        left_out: AbstractSet[NormalizedName],  # noqa: ARG002
        is_excluded: Callable[[str], bool],  # noqa: ARG002 - they have been looked for
    ) -> Sequence[Entry]:
        """See `Source`."""
        return self.entries

    def check(self) -> None:
        """See `Source`: each file is looked at when it is read."""

    def described(self) -> str:
        """Says which files come in, and why."""
        where = "the project's directory" if self.place == "." else f"{self.place}/"
        names = (
            f"../{each.name}" if each.name in self.beside else each.name
            for each in self.entries
        )
        return f"{_shown(names)} from {where}: {self.why}"


def find_handler_code(
    settings: Settings, project: Project, names: AbstractSet[str], whose: str | None
) -> HandlerCode | None:
    """Finds the handler's module in the project, if nothing else brings it.

    Args:
        settings: Those of the function.
        project: Whose function it is.
        names: The files that are in the archive anyway, but for what is included: those
            of the project's wheel, or of an environment.
        whose: Whose files these are, in words; None if the project has no wheel.

    Returns:
        What it is and needs; None if there is nothing to add: it is in the archive, or
        nowhere in the project, as a dependency's is.

    Raises:
        SourceError: It could be in several places, or cannot be read; or a pattern of
            `include` finds nothing.
    """
    is_excluded = matcher(settings.exclude)
    included = find_included(settings.include, project.directory, is_excluded).entries
    if settings.handler is None:
        return None
    return _Finder(
        settings.handler,
        Path(os.path.realpath(project.directory)),
        settings.code_dir and Path(os.path.realpath(settings.code_dir)),
        names,
        included,
        is_excluded,
        frozenset(each.replace("-", "_") for each in project.direct),
        project.package_roots,
    ).find(whose, is_given=settings.venv is not None)


@dataclass(frozen=True)
class _Finder:
    """Looks for one handler.

    Attributes:
        handler: Its name.
        project: The project's directory; a real path, as the next.
        code_dir: The directory that the function's code is in, if something says so.
        names: See `find_handler_code`.
        included: What `include` brings.
        is_excluded: Whether a name in the archive, or all below it, is left out.
        dependencies: What modules of dependencies are called most often.
        package_roots: See `Project`.
    """

    handler: str
    project: Path
    code_dir: Path | None
    names: AbstractSet[str]
    included: Sequence[Entry]
    is_excluded: Callable[[str], bool]
    dependencies: frozenset[str]
    package_roots: tuple[str, ...] = ()

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        return tuple(handler_parts(self.handler))

    @cached_property
    def _places(self) -> tuple[Place, ...]:
        usual = usual_places(str(self.project), self._parts)
        return tuple(dict.fromkeys((*usual, *self._packages)))

    @cached_property
    def _packages(self) -> tuple[Place, ...]:
        """Where `packages` are, if Poetry cannot build all of them: some are outside.

        Then the others may be in no wheel, either.
        """
        roots = [os.path.realpath(self.project / each) for each in self.package_roots]
        if not any(is_beside(str(self.project), each) for each in roots):
            return ()
        return tuple(
            Place(each)
            for each in roots
            if is_beside(str(self.project), each)
            or Path(each).is_relative_to(self.project)
        )

    def find(self, whose: str | None, *, is_given: bool) -> HandlerCode | None:
        """See `find_handler_code`.

        What is in an environment that is given, whoever has made it has put there: it
        is not added to if it has the module.
        """
        if self._parts in known_modules({each.name for each in self.included}):
            return self._for_included()
        if self._parts in known_modules(self.names):
            return None if is_given else self._beside_wheel(whose)
        if self.code_dir is not None:
            place = Place(str(self.code_dir))
            if place.module_file(self._parts):
                return self._in_code_dir(place)
        module = ".".join(self._parts)
        why = f"{whose} has no module {module}" if whose else "there is no wheel"
        for place in self._places:
            if place.module_file(self._parts):
                return self._found(place, why)
        others = [*other_places(str(self.project), self._parts, self._is_ignored)]
        if len(others) > 1:
            raise self._several(others)
        return self._found(others[0], why) if others else None

    def _found(self, place: Place, why: str) -> HandlerCode | None:
        closure = self._closure(place)
        closure.add_module(self._parts)
        return self._code(closure.entries, place.directory, why)

    def _in_code_dir(self, place: Place) -> HandlerCode | None:
        why = "the template says that the code is there"
        if self.project.is_relative_to(place.directory):  # and all else of the project
            return self._found(place, why)
        closure = self._closure(place)
        closure.add_directory(place, place.directory)
        return self._code(closure.entries, place.directory, why)

    def _for_included(self) -> HandlerCode | None:
        """Finds what included modules need, the handler's among them."""
        closures: dict[Place, Closure] = {}
        for entry in self.included:
            path = entry.content.path if isinstance(entry.content, FileContent) else ""
            tail = f"/{entry.name}"
            if not posix(path).endswith(tail) or not entry.name.endswith(".py"):
                continue  # it has another name in the archive, so this may be moved
            place = Place(path[: -len(tail)])
            if place not in closures:
                closures[place] = self._closure(place)
            closures[place].add_needs(place, entry, path)
        found = {
            name: entry
            for closure in reversed(closures.values())
            for name, entry in closure.entries.items()
        }
        why = "modules need them that `include` names"
        return self._code(found, str(self.project), why)

    def _beside_wheel(self, whose: str | None) -> HandlerCode | None:
        closure = self._closure(self._places[0])
        closure.add_imports(self._parts)
        why = f"modules of {whose} import them"
        return self._code(closure.entries, str(self.project), why)

    def _closure(self, place: Place) -> Closure:
        own_name = Place(str(self.project), self.project.name)
        places = dict.fromkeys((place, *self._places, own_name, *self._beside))
        names = {*self.names, *(each.name for each in self.included)}
        return Closure(
            *(tuple(places), names, self.dependencies),
            is_ignored=self._is_ignored,
            is_excluded=self.is_excluded,
        )

    @cached_property
    def _beside(self) -> tuple[Place, ...]:
        """Where several projects share code, if all who have this one have that."""
        above = self.project.parent
        checkout = git_checkout(str(self.project))
        has_above = checkout is not None and above.is_relative_to(checkout)
        outside = (
            each
            for each in self._packages
            if not Path(each.directory).is_relative_to(self.project)
        )
        return (*outside, Place(str(above))) if has_above else ()

    def _code(
        self, entries: Mapping[str, Entry], directory: str, why: str
    ) -> HandlerCode | None:
        if not entries:
            return None
        where = relative(directory, self.project)
        found = tuple(entries[name] for name in sorted(entries))
        beside = frozenset(
            each.name
            for each in found
            for other in self._beside
            if other.directory != directory
            and not each.name.startswith(f"{self.project.name}/")
            and posix(place_of(each.content)) == posix(f"{other.directory}/{each.name}")
        )
        return HandlerCode(".".join(self._parts), where, why, found, beside)

    @cached_property
    def _ignored_below(self) -> Callable[[str], Callable[[str], bool]]:
        return cache(ignored_below)

    def _is_ignored(self, path: str) -> bool:
        """Whether Git ignores a path itself, not only a directory that it is in."""
        others = [str(self.code_dir)] if self.code_dir else []
        for root in (
            *(str(self.project), *others),
            *(each.directory for each in self._beside),
        ):
            if path.startswith(os.path.join(root, "")):
                return self._ignored_below(root)(below(path, root))
        return False

    def _several(self, places: Sequence[Place]) -> SourceError:
        files = [str(each.module_file(self._parts)) for each in places]
        shown = [relative(each, self.project) for each in files]
        lines = [
            f"  include = [{inclusion(each.name_of(file), self._from(each))}]"
            for each, file in zip(places[:_SHOWN], files, strict=False)
        ]
        first = (
            f"The handler's module {'.'.join(self._parts)} may be any of"
            f" {listed(shown, _SHOWN)}. Say which, in"
            f" {SHOWN_TABLE}:"
        )
        return SourceError(
            (first, *lines),
            "Or name it from the project's directory on: --handler"
            f" {shown[0].removesuffix('.py').removesuffix('/__init__')}"
            f".{self.handler.rpartition('.')[2]}, if Lambda is to call it so.",
        )

    def _from(self, place: Place) -> str:
        return relative(place.directory, self.project)


def inclusion(name: str, source: str = ".") -> str:
    """Writes an item of `include` for a module, as TOML."""
    name = name.removesuffix("/__init__.py")
    shown, place = (json.dumps(each, ensure_ascii=False) for each in (name, source))
    if source == ".":
        return shown  # strings of JSON are strings of TOML
    return f"{{ include = {shown}, from = {place} }}"


def _shown(files: Iterable[str]) -> str:
    """Names files, or the directories that they are in with their number."""
    found = (re.fullmatch(r"((?:\.\./)?[^/]+/?).*", name) for name in files)
    tops = Counter(each[1] for each in found if each)
    names = [
        f"{top} ({count:,} file{'s' if count > 1 else ''})" if top[-1] == "/" else top
        for top, count in sorted(tops.items())
    ]
    return listed(names, _NAMED)
