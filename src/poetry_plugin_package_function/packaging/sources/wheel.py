"""Wheels that are packaged as they are: nothing of them is unpacked.

Format: https://packaging.python.org/en/latest/specifications/binary-distribution-format/
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from functools import cached_property
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.distributions import Distribution
from poetry_plugin_package_function.packaging.sources.distributions import RecordRow
from poetry_plugin_package_function.packaging.sources.distributions import (
    is_installers_mark,
)
from poetry_plugin_package_function.packaging.sources.distributions import named
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.sources.passed_over import (
    is_of_file_manager,
)
from poetry_plugin_package_function.packaging.sources.walk import is_cached_bytecode


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.facts import FileFacts
    from poetry_plugin_package_function.packaging.sources.facts import KnownWheel


@dataclass(frozen=True)
class WheelSource:
    """The files that an installer would put into site-packages out of a wheel.

    Attributes:
        known: The wheel, and what is known of it.
        python: The minor version of the Python that it would be installed for.
    """

    known: KnownWheel
    python: str | None

    @cached_property
    def distribution(self) -> Distribution:
        """What is in the wheel, with the RECORD that an installer would write."""
        info = f"{self.known.facts.info}/"
        return Distribution(
            *named(self.known.facts.info),
            self.known.facts.info,
            {
                name.removeprefix(info): file.content
                for name, file in self._files.items()
                if name.startswith(info)
            },
            tuple(
                RecordRow(name, file.hash, str(file.content.size_bytes))
                for name, file in self._files.items()
            ),
            self.known.wheel.pin,
        )

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """See `Source`."""
        return (self.distribution,)

    def files(
        self, left_out: AbstractSet[NormalizedName], is_excluded: Callable[[str], bool]
    ) -> Iterator[Entry]:
        """See `Source`."""
        if self.distribution.name in left_out:
            return

        @cache
        def is_gone(directory: str) -> bool:
            """Whether a directory, or one that it is in, is left out."""
            return directory != "" and (
                is_gone(directory.rpartition("/")[0]) or is_excluded(directory)
            )

        for name, entry in self._entries.items():
            if not (
                is_gone(name.rpartition("/")[0])
                or is_installers_mark(name)
                or is_cached_bytecode(name, self._files)
                or is_excluded(name)
            ):
                yield entry

    def check(self) -> None:
        """See `Source`."""
        self.known.check()

    @cached_property
    def _files(self) -> Mapping[str, FileFacts]:
        """The facts of what ends in site-packages, by its name there."""
        # The scheme `data` has the environment's own directory.
        inside = f"lib/python{self.python}/site-packages/"
        found = {}
        for file in self.known.facts.files:
            if self.known.wheel.pin is None and is_of_file_manager(file.path):
                continue  # which Poetry puts into wheels
            if file.scheme in ("purelib", "platlib"):
                found[file.path] = file
            elif file.scheme == "data" and file.path.startswith(inside):
                found[file.path.removeprefix(inside)] = file
        return found

    @cached_property
    def _entries(self) -> Mapping[str, Entry]:
        """The same as entries, which are made once for all functions of a run."""
        found = {}
        for name, file in self._files.items():
            content = file.content
            if self.known.wheel.pin is None:
                # What has been built here may be compressed in another way elsewhere.
                content = content._replace(copyable=False)
            found[name] = Entry(
                *(name, content, content.size_bytes, file.executable),
                self.distribution.name,
            )
        return found
