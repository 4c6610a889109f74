"""Files of the project that `include` names."""

from __future__ import annotations

import os
import posixpath

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.sources.walk import file_at
from poetry_plugin_package_function.packaging.sources.walk import unusable
from poetry_plugin_package_function.packaging.sources.walk import walk


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.values import Inclusion


@dataclass(frozen=True)
class IncludedSource:
    """The project's files, as far as patterns find them.

    Attributes:
        inclusions: The patterns.
        project: The directory where they start.
    """

    inclusions: tuple[Inclusion, ...]
    project: Path

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """See `Source`: there are none."""
        return ()

    def files(
        self,
        left_out: AbstractSet[NormalizedName],  # noqa: ARG002
        is_excluded: Callable[[str], bool],
    ) -> Iterator[Entry]:
        """See `Source`; each file once.

        Raises:
            SourceError: A pattern finds nothing.
        """
        yielded: set[Entry] = set()
        for inclusion in self.inclusions:
            nothing = True
            for file in _matches(inclusion, self.project, is_excluded):
                nothing = False
                if file not in yielded:
                    yielded.add(file)
                    yield file._replace(included=True)
            if nothing:
                raise SourceError(
                    f"include: nothing in {self.project / inclusion.source} matches"
                    f" {inclusion.pattern!r}.",
                    "Fix the pattern: it starts at the project's directory, or at"
                    " `from`.",
                )

    def check(self) -> None:
        """See `Source`: each file is looked at when it is read."""


def _matches(
    inclusion: Inclusion, project: Path, is_excluded: Callable[[str], bool]
) -> Iterator[Entry]:
    """Finds files by a pattern, looking no further than its first wildcard says."""
    parts = Path(inclusion.pattern).parts
    literal = tuple(takewhile(lambda part: not set(part) & set("*?["), parts))
    start = os.path.normpath(os.path.join(project, inclusion.source, *literal))
    target = posixpath.join(inclusion.target, "")
    name = posixpath.join(inclusion.target, *literal)
    if os.path.isdir(start):
        # The language of `exclude`, but anchored: "*.py" is not "**/*.py".
        matches = matcher(("/" + "/".join(parts),))
        yield from walk(
            start,
            posixpath.join(name, ""),
            is_excluded,
            lambda name: matches(name.removeprefix(target)),
            project=True,
        )
    elif literal == parts and os.path.lexists(start) and not is_excluded(name):
        try:
            yield file_at(start, name, os.stat(start))
        except OSError as error:
            raise unusable(start, error) from None
