"""Which bytecode is shipped first, where there is no room for all."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.profiles.needs import Need


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.profiles.needs import Needs
    from poetry_plugin_package_function.packaging.sources.entry import Entry


class Group(NamedTuple):
    """Bytecode of one distribution that is shipped together, or not at all.

    Attributes:
        need: What needs it; NOTHING where that is not known.
        entries: The files.
    """

    need: Need
    entries: tuple[Entry, ...]

    @property
    def size_bytes(self) -> int:
        """The sum of the files."""
        return sum(each.size_bytes for each in self.entries)


def in_order(bytecode: Iterable[Entry], needs: Needs | None) -> tuple[Group, ...]:
    """Puts bytecode in order: what INIT needs, what the event needs, the rest.

    Of what is needed alike, that of the distribution with the least comes first.

    Args:
        bytecode: All that there is.
        needs: What is needed; None if that is not known.
    """
    groups: dict[tuple[Need, str], list[Entry]] = defaultdict(list)
    for entry in bytecode:
        need = needs.of_bytecode(entry) if needs else Need.NOTHING
        groups[need, entry.distribution or ""].append(entry)
    found = {key: Group(key[0], tuple(those)) for key, those in groups.items()}
    order = sorted(found, key=lambda key: (-key[0], found[key].size_bytes, key[1]))
    return tuple(found[key] for key in order)
