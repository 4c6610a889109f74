"""From what was traced to figures: see `init.py` for what they are.

Pure: paths, times and sizes in, figures out. All times are in seconds and all sizes in
bytes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple

from poetry_plugin_package_function.packaging.verify.init import ROOT
from poetry_plugin_package_function.packaging.verify.init import Cost
from poetry_plugin_package_function.packaging.verify.init import Import
from poetry_plugin_package_function.packaging.verify.init import Init
from poetry_plugin_package_function.packaging.verify.raised import LOADER


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence


@dataclass(frozen=True)
class Files:
    """What is known of files.

    Attributes:
        names: Their names in a flat archive, by their paths; others are not in it.
        owners: The distribution of each that is in the archive, by its name; "" if it
            is of none.
        sizes: What each has, by its name.
        own: The owners of the project's files.
        read: The names of those that were opened or mapped.
        extracted: The names of those that were put into `/tmp`.
    """

    names: Mapping[str, str]
    owners: Mapping[str, str]
    sizes: Mapping[str, int]
    own: frozenset[str]
    read: frozenset[str] = frozenset()
    extracted: frozenset[str] = frozenset()

    def owner(self, path: str) -> str | None:
        """Whose a file is; None if it is not in the archive."""
        return self.owners.get(self.names.get(path, ""))

    def is_projects(self, path: str) -> bool:
        """Whether a file is the project's."""
        return self.owner(path) in self.own


class Row(NamedTuple):
    """An import as it was traced: see `tracer.Trace.rows`."""

    parent: int
    is_main: bool
    module: str
    file: str
    frames: Sequence[Any]
    elapsed_s: float
    failed: bool
    memory_bytes: int


@dataclass(frozen=True)
class Measured:
    """What was measured of an import of a handler.

    Attributes:
        init_s: From the start of the interpreter until the handler was found.
        start_s: From there until anything of the archive was looked at.
        rows: The imports, each after the one that it is a part of.
    """

    init_s: float
    start_s: float
    rows: Sequence[Row]


def paths_in(rows: Iterable[Row]) -> Iterator[str]:
    """Lists the paths whose names have to be known."""
    for each in rows:
        yield each.file
        yield from each.frames[::2]


def init_of(measured: Measured, files: Files) -> Init:
    """Makes figures of what was traced."""
    tree = _Tree(measured.rows, files)
    imports = tuple(tree.imports(is_main=True))
    elsewhere = tuple(tree.imports(is_main=False))
    loader_s = tree.loader_s
    return Init(
        start_s=measured.start_s,
        loader_s=loader_s,
        imports_s=max(0.0, measured.init_s - measured.start_s - loader_s),
        imports=imports,
        elsewhere=elsewhere,
        distributions=_costs(imports, elsewhere, files),
        own=files.own,
        read=files.read & files.owners.keys(),
    )


class _Tree:
    """Rows, with what each took by itself, and which of them are shown.

    What is the loader's is not, nor is what failed and has imported nothing: its time
    is that of whoever tried.
    """

    def __init__(self, rows: Sequence[Row], files: Files) -> None:
        self._rows = rows
        self._files = files
        self._own_s = [each.elapsed_s for each in rows]
        self._memory = [each.memory_bytes for each in rows]
        for each in rows:
            if each.parent != ROOT:
                self._own_s[each.parent] -= each.elapsed_s
                self._memory[each.parent] -= each.memory_bytes
        self._is_loaders = self._find_loaders()
        self._is_shown = [not each for each in self._is_loaders]
        self._cumulative_s = self._add_up()

    def _find_loaders(self) -> list[bool]:
        found: list[bool] = []
        for each in self._rows:
            inherits = (
                each.parent != ROOT
                and found[each.parent]
                and self._rows[each.parent].module != ""
            )
            is_asked_by_it = bool(each.frames) and each.frames[0].endswith(LOADER)
            found.append(each.module == "" or is_asked_by_it or inherits)
        return found

    def _add_up(self) -> list[float]:
        cumulative_s = [0.0] * len(self._rows)
        has_shown = [False] * len(self._rows)
        for number in range(len(self._rows) - 1, -1, -1):
            row = self._rows[number]
            if row.failed and not has_shown[number] and row.parent != ROOT:
                self._is_shown[number] = False
                if not self._is_loaders[number]:
                    self._own_s[row.parent] += self._own_s[number]
                    self._memory[row.parent] += self._memory[number]
            if self._is_shown[number]:
                cumulative_s[number] += self._own_s[number]
            if row.parent != ROOT:
                cumulative_s[row.parent] += cumulative_s[number]
                has_shown[row.parent] |= self._is_shown[number] or has_shown[number]
        return cumulative_s

    @property
    def loader_s(self) -> float:
        """What the loader took by itself."""
        each = zip(self._rows, self._own_s, self._is_loaders, strict=True)
        return sum(own_s for row, own_s, is_it in each if is_it and row.is_main)

    def imports(self, *, is_main: bool) -> Iterator[Import]:
        """Lists what is shown of the main thread, or of all others."""
        owners = self._owners()
        lines: list[str] = []
        places: dict[int, int] = {ROOT: ROOT}
        count = 0
        for number, row in enumerate(self._rows):
            inherited = lines[row.parent] if row.parent != ROOT else ""
            lines.append(self._line(row) or inherited)
            if not self._is_shown[number] or row.is_main is not is_main:
                places[number] = places[row.parent]
                continue
            places[number] = count
            count += 1
            yield Import(
                places[row.parent],
                row.module,
                self._files.names.get(row.file, ""),
                owners[row.module],
                self._own_s[number],
                self._cumulative_s[number],
                self._memory[number],
                lines[number],
            )

    def _owners(self) -> dict[str, str | None]:
        """Whose each module is; what has no file belongs to the package around it."""
        known = {row.module: self._files.owner(row.file) for row in self._rows}
        for row in self._rows:
            package = row.module
            while not row.file and known[row.module] is None and package:
                package = package.rpartition(".")[0]
                known[row.module] = known.get(package)
        return known

    def _line(self, row: Row) -> str:
        """The innermost line of the project among those that asked for an import."""
        for path, line in zip(row.frames[::2], row.frames[1::2], strict=True):
            if self._files.is_projects(path):
                return f"{self._files.names[path]}:{line}"
        return ""


def _costs(
    imports: Sequence[Import], elsewhere: Sequence[Import], files: Files
) -> tuple[Cost, ...]:
    own_s: dict[str | None, float] = defaultdict(float)
    cumulative_s: dict[str | None, float] = defaultdict(float)
    memory: dict[str | None, int] = defaultdict(int)
    cumulative_memory: dict[str | None, int] = defaultdict(int)
    around: list[frozenset[str | None]] = []
    for each in imports:
        # Whoever's imports it is a part of, and its own: each counts it once.
        above: frozenset[str | None] = frozenset()
        if each.parent != ROOT:
            above = around[each.parent]
        around.append(above | {each.distribution})
        own_s[each.distribution] += each.own_s
        memory[each.distribution] += each.memory_bytes
        for owner in around[-1]:
            cumulative_s[owner] += each.own_s
            cumulative_memory[owner] += each.memory_bytes
    lines: dict[str | None, list[str]] = defaultdict(list)
    for each in chain(imports, elsewhere):
        lines[each.distribution].append(each.line)
    read = _by_owner(files.read, files)
    extracted = _by_owner(files.extracted, files)
    found = (
        Cost(
            owner,
            len(lines[owner]),
            *(own_s[owner], cumulative_s[owner]),
            *(memory[owner], cumulative_memory[owner]),
            *(read[owner], extracted[owner]),
            lines[owner][0] if owner is not None and lines[owner] else "",
        )
        for owner in {*lines, *read, *extracted}
    )
    return tuple(
        sorted(
            found, key=lambda each: (-each.own_s, each.name is None, each.name or "")
        )
    )


def _by_owner(names: Iterable[str], files: Files) -> dict[str | None, int]:
    found: dict[str | None, int] = defaultdict(int)
    for name in names:
        if name in files.owners:
            found[files.owners[name]] += files.sizes[name]
    return found
