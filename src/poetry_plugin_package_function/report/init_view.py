"""What the page of a package shows of INIT: the imports, and what they read.

How the interpreter counts such times: `python -X importtime`,
https://docs.python.org/3/using/cmdline.html#cmdoption-X.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import source_from_cache
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple


if TYPE_CHECKING:
    from collections.abc import Sequence


class Import(NamedTuple):
    """One module that INIT has imported.

    Attributes:
        parent: The place, in the list that it is in, of the import that was going on
            then; -1 for none.
        module: Its name.
        file: Its file's name in the archive; "" if it has none there.
        distribution: Whose it is; "" for files of no distribution, None for what is not
            in the archive: Python's own, and what the runtime brings.
        own_s: How long it took, without what it imports.
        cumulative_s: How long it took with that.
        memory_bytes: How much the resident memory has grown, without what it imports.
        line: "file:line" of the project that it comes of; "" if there is none.
    """

    parent: int
    module: str
    file: str
    distribution: str | None
    own_s: float
    cumulative_s: float
    memory_bytes: int = 0
    line: str = ""


@dataclass(frozen=True)
class InitView:
    """Where the time of INIT goes, measured on this machine.

    Attributes:
        start_s: Until the interpreter and the runtime's client run.
        loader_s: What the loader of a nested result takes, and extraction.
        imports_s: The handler's import; it may be more than all imports take.
        imports: In the order in which they began, so parents come first.
        read: Names in the archive of files that were read or mapped meanwhile.
    """

    start_s: float
    loader_s: float
    imports_s: float
    imports: Sequence[Import] = ()
    read: frozenset[str] = frozenset()

    @property
    def files(self) -> frozenset[str]:
        """Names of all files that INIT has needed, modules' sources among them."""
        return self.read | {each.file for each in self.imports}


def is_needed(name: str, needed: frozenset[str]) -> bool:
    """Whether a file is one of those, or the bytecode of one: INIT reads either."""
    if name in needed:
        return True
    try:
        return source_from_cache(name) in needed
    except ValueError:  # no name that https://peps.python.org/pep-3147/ has
        return False


def as_rows(init: InitView, owners: Sequence[str]) -> dict[str, Any]:
    """Says it in numbers for the page: times of imports are in whole microseconds.

    Args:
        init: What has been measured.
        owners: All distributions that the page knows, which rows refer to by place.
    """
    numbers = {name: number for number, name in enumerate(owners)}
    return {
        "start_s": init.start_s,
        "loader_s": init.loader_s,
        "imports_s": init.imports_s,
        "imports": [
            (
                each.parent,
                each.module,
                -1 if each.distribution is None else numbers[each.distribution],
                round(each.own_s * 1e6),
                round(each.cumulative_s * 1e6),
                each.memory_bytes,
                each.line,
            )
            for each in init.imports
        ],
    }
