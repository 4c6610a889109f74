"""What is to be written."""

from __future__ import annotations

import sys

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.archive.compression import Member
    from poetry_plugin_package_function.packaging.archive.kept_streams import (
        KeptStreams,
    )
    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.profiles.needs import Needs
    from poetry_plugin_package_function.packaging.progress import Progress
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.services import Service


_STEP_BYTES: Final = 1 << 20


class Part(NamedTuple):
    """An archive that is to be written.

    Attributes:
        stream: Where to: empty, to read and to seek in, too.
        holds: Whether a file goes into it; None if all do.
        prefix: What their names begin with there: a layer has all below `python/`.
    """

    stream: BinaryIO
    holds: Callable[[Entry], bool] | None = None
    prefix: str = ""

    def of(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Chooses what goes into it."""
        return entries if self.holds is None else [*filter(self.holds, entries)]


@dataclass(frozen=True)
class Wishes:
    """What the user wants to have nested.

    Attributes:
        nest: Distributions that are nested before all others.
        keep_flat: Distributions that are never nested.
        eager: Whether all that is nested is extracted when the function starts.
        needs: What is needed of it; None if that is not known.
    """

    nest: frozenset[NormalizedName] = frozenset()
    keep_flat: frozenset[NormalizedName] = frozenset()
    eager: bool = False
    needs: Needs | None = None


@dataclass(frozen=True)
class Job:
    """What is to be written.

    Attributes:
        parts: Where to: a function, a layer, or both. Only a function alone, which has
            no prefix either, is nested where that is needed.
        tree: What is shipped in any case.
        bytecode: What is shipped as far as there is room for it.
        time: Of all members.
        layers_size_bytes: What is kept for layers.
        wishes: What is to be nested, if anything is.
        scratch: An empty directory for what is written on the way.
        progress: Is called with how far it has come.
        kept: What has been compressed for other functions of the run, if there are.
        service: What takes it; None for another cloud, whose limits are not known.
    """

    parts: tuple[Part, ...]
    tree: Tree
    bytecode: tuple[Entry, ...]
    time: DosTime
    layers_size_bytes: int
    wishes: Wishes
    scratch: Path
    progress: Progress
    kept: KeptStreams | None = None
    service: Service | None = LAMBDA

    @property
    def limit_bytes(self) -> int:
        """What the service's count of the result has to stay below."""
        limit_bytes = limit_for(self.layers_size_bytes, self.service)
        return sys.maxsize if limit_bytes is None else limit_bytes

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """All of it, ordered by name."""
        return tuple(
            sorted((*self.tree.entries, *self.bytecode), key=lambda each: each.name)
        )

    @property
    def size_bytes(self) -> int:
        """The sum of all files, unzipped."""
        return self.tree.size_bytes + sum(each.size_bytes for each in self.bytecode)

    @property
    def has_layer(self) -> bool:
        """Whether one is written."""
        return any(part.prefix for part in self.parts)

    def members(
        self, what: str, entries: Sequence[Entry], level: int = LEVEL
    ) -> Iterator[Member]:
        """Makes members of entries, and progress in these words."""
        compress = deflate if self.kept is None else self.kept.deflate
        members = compress(entries, level=level)
        size_bytes = sum(entry.size_bytes for entry in entries)
        self.progress.begin(what, len(entries), size_bytes)
        return _with_progress(members, self.progress)


def _with_progress(members: Iterable[Member], progress: Progress) -> Iterator[Member]:
    files = size_bytes = 0
    for member in members:
        yield member
        files += 1
        size_bytes += member.size_bytes
        if size_bytes >= _STEP_BYTES:
            progress.advance(files, size_bytes)
            files = size_bytes = 0
    progress.advance(files, size_bytes)
