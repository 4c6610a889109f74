"""Files that may be shipped, and what they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple
from typing import Protocol


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )


class Entry(NamedTuple):
    """A file of the archive, or that may come into it.

    Attributes:
        name: Its name in the archive, with "/".
        content: What is in it.
        size_bytes: Its size; reading another number of bytes later is an error.
        executable: Whether anyone may execute it.
        distribution: Whose file it is; None for included files and those that no
            RECORD names.
        included: Whether it is one of the project's files that `include` names.
    """

    name: str
    content: Content
    size_bytes: int
    executable: bool = False
    distribution: NormalizedName | None = None
    included: bool = False


class Source(Protocol):
    """A place where files come from."""

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        """Those that are there, ordered by name."""
        ...

    def files(
        self, left_out: AbstractSet[NormalizedName], is_excluded: Callable[[str], bool]
    ) -> Iterable[Entry]:
        """Lists files, but for what is left out.

        Args:
            left_out: Distributions of the source that are not shipped.
            is_excluded: Whether a name in the archive, or all below it, is left out.

        Raises:
            SourceError: A file cannot be shipped.
        """
        ...

    def check(self) -> None:
        """Finds out, when all has been read, whether it has changed meanwhile.

        Raises:
            ChangedSourceError: It has.
        """
        ...


def owner_of(entry: Entry) -> str:
    """Whose a file is, in words: a distribution's, or the project's."""
    return entry.distribution or (
        "the project" if entry.included else "no distribution"
    )
