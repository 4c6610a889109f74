"""What is known of a lock, in whatever format it is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping

    from packaging.utils import NormalizedName


@dataclass(frozen=True)
class Lock:
    """Which distributions a project needs, and who requires whom.

    Attributes:
        main: Those that it needs without any dependency group; its extras count.
        requires: What each that is locked needs itself. A lock may have several
            versions of a distribution: then what any of them needs.
    """

    main: frozenset[NormalizedName]
    requires: Mapping[NormalizedName, frozenset[NormalizedName]]


def united(
    pairs: Iterable[tuple[NormalizedName, frozenset[NormalizedName]]],
) -> dict[NormalizedName, frozenset[NormalizedName]]:
    """Puts together what several versions of a distribution require."""
    found: defaultdict[NormalizedName, frozenset[NormalizedName]] = defaultdict(
        frozenset
    )
    for name, required in pairs:
        found[name] |= required
    return dict(found)
