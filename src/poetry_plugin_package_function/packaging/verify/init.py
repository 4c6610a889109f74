"""Where INIT goes: what is known of it, and of each import and distribution.

All times are in seconds and all sizes in bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Iterable


ROOT: Final = -1
"""The parent of an import that is a part of none."""


class Import(NamedTuple):
    """An import of a module that was not there yet, with what it took.

    Attributes:
        parent: The place, in the list that it is in, of the import that it is a part
            of; -1 if it is of none.
        module: The module's name.
        file: Its name in a flat archive; "" if it has no file, or is not in it.
        distribution: Whose it is; "" for files of no distribution, None for what is not
            in the archive: the standard library, and what the runtime brings.
        own_s: How long it took, without what it imported and without the loader.
        cumulative_s: The same, with what it imported.
        memory_bytes: By how much the resident memory has grown meanwhile, without what
            it imported. Negative if more was given back.
        line: The line of the project that it comes of, such as "my_app/db.py:3"; "" if
            it comes of none: the handler's own module.
    """

    parent: int
    module: str
    file: str
    distribution: str | None
    own_s: float
    cumulative_s: float
    memory_bytes: int = 0
    line: str = ""


class Cost(NamedTuple):
    """What a distribution takes of INIT.

    Attributes:
        name: The distribution's; "" for files of none, None for what is not in the
            archive: see `Import.distribution`.
        modules: How many modules of it have been imported.
        own_s: What these took, without what they imported of others. All of these come
            to `Init.imports_s`, nearly.
        cumulative_s: What they took, with what they imported.
        memory_bytes: By how much the memory has grown, without what they imported.
        cumulative_memory_bytes: The same, with what they imported.
        read_bytes: What its files have that were opened or mapped.
        extracted_bytes: What the loader has put into `/tmp` of it.
        line: The line of the project that it came in by first; "" if there is none, as
            for the project's own files, or what is not in the archive.
    """

    name: str | None
    modules: int = 0
    own_s: float = 0.0
    cumulative_s: float = 0.0
    memory_bytes: int = 0
    cumulative_memory_bytes: int = 0
    read_bytes: int = 0
    extracted_bytes: int = 0
    line: str = ""


class Statement(NamedTuple):
    """A line of the project that imports something that is not the project's.

    Attributes:
        line: Such as "my_app/db.py:3".
        modules: What it imports there.
        cumulative_s: How long that took.
    """

    line: str
    modules: tuple[str, ...]
    cumulative_s: float


@dataclass(frozen=True)
class Init:
    """Where INIT goes. What is told apart comes to all of it.

    Attributes:
        start_s: The interpreter and Lambda's client, until anything of the archive was
            looked at.
        loader_s: The loader of a nested result, and what it has extracted; for a flat
            one, what it takes to look for `.pth` files.
        imports_s: The handler's import, without the loader.
        imports: What was imported, in the order in which that began.
        elsewhere: The same in other threads than the main one: their time is not a part
            of `imports_s`, nor of a distribution's.
        distributions: What each took that has taken anything, the longest first; what
            is not in the archive is among them.
        own: The names under which `distributions` has the project's files.
        read: The names, in a flat archive, of files that were opened or mapped.
        runs: How many runs there were; this is the one with the median of INIT.
        empty_s: INIT of an empty handler, the median of some runs; None if that was
            not measured.
    """

    start_s: float
    loader_s: float
    imports_s: float
    imports: tuple[Import, ...] = ()
    elsewhere: tuple[Import, ...] = ()
    distributions: tuple[Cost, ...] = ()
    own: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    runs: int = 1
    empty_s: float | None = None

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.start_s + self.loader_s + self.imports_s

    @property
    def statements(self) -> list[Statement]:
        """The project's lines that import what is not the project's, longest first."""
        found: dict[str, list[Import]] = defaultdict(list)
        for each in self.imports:
            above = self.imports[each.parent].line if each.parent != ROOT else ""
            if each.line not in ("", above) and each.distribution not in self.own:
                found[each.line].append(each)
        statements = [
            Statement(line, _tops(each), sum(one.cumulative_s for one in each))
            for line, each in found.items()
        ]
        return sorted(statements, key=lambda each: (-each.cumulative_s, each.line))


def _tops(imports: Iterable[Import]) -> tuple[str, ...]:
    """Names modules, without those of a package that is named before."""
    names: list[str] = []
    for each in imports:
        if not any(each.module.startswith(f"{name}.") for name in names):
            names.append(each.module)
    return tuple(names)
