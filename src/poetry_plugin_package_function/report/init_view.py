"""What the page of a package shows of INIT: the imports, and what they read.

How the interpreter counts such times: `python -X importtime`,
https://docs.python.org/3/using/cmdline.html#cmdoption-X.
"""

from __future__ import annotations

from importlib.util import source_from_cache
from typing import TYPE_CHECKING
from typing import Any


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.verify.init import Init


def files_of(init: Init) -> frozenset[str]:
    """Names of all files that INIT has needed, modules' sources among them."""
    return init.read | {each.file for each in init.imports}


def is_needed(name: str, needed: frozenset[str]) -> bool:
    """Whether a file is one of those, or the bytecode of one: INIT reads either."""
    if name in needed:
        return True
    try:
        return source_from_cache(name) in needed
    except ValueError:  # no name that https://peps.python.org/pep-3147/ has
        return False


def as_rows(init: Init, owners: Sequence[str]) -> dict[str, Any]:
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
