"""Distributions that are laid out in directories, as installers leave them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.distributions import (
    is_installers_mark,
)
from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_of_file_manager,
)
from poetry_plugin_package_function.packaging.sources.walk import walk


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry


@dataclass(frozen=True)
class InstalledSource:
    """All files of site-packages directories, whoever has put them there.

    Attributes:
        directories: All of them end in one root.
        project: The project's own distribution: a file that it has in common with
            others is its own.
        beside: See `SitePackages`. In a directory that is no virtual environment, what
            no RECORD names is the project's.
    """

    directories: tuple[Path, ...]
    project: NormalizedName | None
    beside: frozenset[str] | None = None

    @cached_property
    def distributions(self) -> tuple[Distribution, ...]:
        """See `Source`.

        Raises:
            SourceError: See `read_distributions`.
        """
        return read_distributions(self.directories)

    def files(
        self, left_out: AbstractSet[NormalizedName], is_excluded: Callable[[str], bool]
    ) -> Iterator[Entry]:
        """See `Source`.

        Of several distributions with one path, the file is that of the one that Poetry
        installs over the others: the last by name, and the project before all.
        """
        gone = [each for each in self.distributions if each.name in left_out]
        here = [each for each in self.distributions if each.name not in left_out]
        here.sort(key=lambda each: (each.name == self.project, each.name))
        owners = {row.path: each.name for each in here for row in each.rows or ()}
        unwanted = {row.path for each in gone for row in each.rows or ()}
        unwanted -= owners.keys()
        unwanted |= self.beside or frozenset()
        infos = {each.info for each in gone}
        for directory in self.directories:
            for file in walk(str(directory), "", is_excluded):
                name = file.name
                if (
                    name in unwanted
                    or name.partition("/")[0] in infos
                    or is_installers_mark(name)
                    or _is_virtualenvs(name)
                ):
                    continue
                owner = owners.get(name)
                if owner is None and is_of_file_manager(name):
                    continue
                is_own = (
                    self.beside is not None
                    and owner is None
                    and ".dist-info/" not in name
                )
                yield file._replace(distribution=owner, included=is_own)

    def check(self) -> None:
        """See `Source`: each file is looked at when it is read."""


def _is_virtualenvs(name: str) -> bool:
    return (name.endswith(".virtualenv") and "/" not in name) or name in (
        "_virtualenv.py",
        "_virtualenv.pth",
    )
