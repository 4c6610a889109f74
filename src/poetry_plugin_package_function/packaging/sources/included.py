"""Files of the project that `include` names."""

from __future__ import annotations

import os
import posixpath

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.host import below
from poetry_plugin_package_function.host import is_spelt
from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.packaging.sources.ignored import ignored_below
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_never_shipped,
)
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_shipped_by_name,
)
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.sources.walk import file_at
from poetry_plugin_package_function.packaging.sources.walk import unusable
from poetry_plugin_package_function.packaging.sources.walk import walk


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.configuration.inclusions import Inclusion
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry


_SHOWN: Final = 3


@dataclass(frozen=True)
class IncludedSource:
    """The project's files, as far as patterns find them.

    Attributes:
        entries: Each file once.
        passed_over: What patterns have found, and nobody has named: paths that start at
            the project's directory, with a slash at the end of a directory's.
    """

    entries: tuple[Entry, ...]
    passed_over: tuple[str, ...] = ()

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


def find_included(
    inclusions: Sequence[Inclusion], project: Path, is_excluded: Callable[[str], bool]
) -> IncludedSource:
    """Finds the files that patterns name.

    What is hidden, what Git ignores and what tools keep has to be named as it is: no
    wildcard, and no directory around it, brings in what somebody wants to keep.

    Args:
        inclusions: The patterns.
        project: The directory where they start.
        is_excluded: Whether a name in the archive, or all below it, is left out.

    Raises:
        SourceError: A pattern finds nothing.
    """
    found: dict[Entry, None] = {}
    passed_over: set[str] = set()
    ignored = cache(ignored_below)
    for inclusion in inclusions:
        search = _Search(inclusion, os.path.realpath(project))
        screen = _Screen(search, ignored)
        entries = [*search.entries(is_excluded, screen)]
        if not entries:
            raise _nothing_found(inclusion, search.top, screen.passed_over)
        found.update((each._replace(included=True), None) for each in entries)
        passed_over.update(screen.passed_over)
    return IncludedSource(tuple(found), tuple(sorted(passed_over)))


def _nothing_found(
    inclusion: Inclusion, top: str, passed_over: Sequence[str]
) -> SourceError:
    if passed_over:
        return SourceError(
            f"include: all that {inclusion.pattern!r} matches in {top} is hidden,"
            " ignored by Git, or kept there by tools:"
            f" {listed(sorted(passed_over), _SHOWN)}.",
            "Name what is to be shipped, without a wildcard.",
        )
    return SourceError(
        f"include: nothing in {top} matches {inclusion.pattern!r}.",
        "Fix the pattern: it starts at the project's directory, or at `from`.",
    )


class _Search:
    """Where a pattern is looked for: no further than its first wildcard says."""

    def __init__(self, inclusion: Inclusion, project: str) -> None:
        self.source = "" if inclusion.source == "." else inclusion.source
        self.top = os.path.normpath(os.path.join(project, self.source))
        # Outside of the project, where another project may be, its rules do not count.
        is_outside = self.source.startswith("..")
        self.root = self.top if is_outside else project
        self.parts = PurePosixPath(inclusion.pattern).parts
        self._target = posixpath.join(inclusion.target, "")
        literal = [*takewhile(lambda part: not _has_wildcard(part), self.parts)]
        self.is_literal = len(literal) == len(self.parts)
        self._start = os.path.join(self.top, *literal)
        self._name = posixpath.join(inclusion.target, *literal)

    def entries(
        self, is_excluded: Callable[[str], bool], screen: _Screen
    ) -> Iterator[Entry]:
        """Finds files; what is named itself is not screened."""
        start, name = self._start, self._name
        if os.path.lexists(start) and not is_spelt(start, self.top):
            return
        if os.path.isdir(start):
            # The language of `exclude`, but anchored: "*.py" is not "**/*.py".
            matches = matcher(("/" + "/".join(self.parts),))
            yield from walk(
                start,
                posixpath.join(name, ""),
                is_excluded,
                lambda each: matches(each.removeprefix(self._target)),
                screen.passes_over,
            )
        elif self.is_literal and os.path.lexists(start) and not is_excluded(name):
            try:
                yield file_at(start, name, os.stat(start))
            except OSError as error:
                raise unusable(start, error) from None

    def may_find(self, parts: Sequence[str]) -> bool:
        """Whether the pattern matches something in a directory."""
        if self.is_literal:
            return True
        for part, pattern in zip(parts, self.parts, strict=False):
            if pattern == "**":
                return True
            if not fnmatchcase(part, pattern):
                return False
        return True


class _Screen:
    """Passes over what has to be named, and takes note of it.

    Attributes:
        passed_over: Paths that start at the project's directory, with a slash at the
            end of a directory's.
    """

    def __init__(
        self, search: _Search, ignored: Callable[[str], Callable[[str], bool]]
    ) -> None:
        self.passed_over: list[str] = []
        self._search = search
        self._ignored = ignored
        self._named = {
            part
            for part in (*search.parts, *PurePosixPath(search.source).parts)
            if not _has_wildcard(part)
        }

    def passes_over(self, item: os.DirEntry[str]) -> bool:
        """See `walk`."""
        if is_never_shipped(item):
            return True
        if item.name in self._named:
            return False
        search = self._search
        is_hidden = is_shipped_by_name(item.name)
        if not (is_hidden or self._ignored(search.root)(below(item.path, search.root))):
            return False
        path, is_directory = below(item.path, search.top), item.is_dir()
        if not is_directory or search.may_find(path.split("/")):
            shown = posixpath.join(search.source, path)
            self.passed_over.append(f"{shown}/" if is_directory else shown)
        return True


def _has_wildcard(part: str) -> bool:
    return not set(part).isdisjoint("*?[")
