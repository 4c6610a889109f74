"""The budget of INIT: how long the user lets it become, and the error if it is longer.

It counts in starts of an empty handler, measured in the same run by the same
interpreter: so the same archive passes on a fast machine and on a slow one.
"""

from __future__ import annotations

import math

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import BudgetError
from poetry_plugin_package_function.packaging.plan import NOBODYS


if TYPE_CHECKING:
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.verify.init import Init
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.settings import Settings


_OPTION: Final = "--max-init"
_MOST_NAMED: Final = 5


def check_init(verified: Verified, report: Report, settings: Settings) -> None:
    """Refuses an archive whose INIT takes longer than the user lets it.

    Raises:
        BudgetError: It does, with what takes most of it; or it was not measured.
    """
    most, init = settings.max_init, verified.init
    if most is None:
        return
    if init is None or init.empty_s is None:
        why = verified.unchecked or "An empty handler did not start."
        raise BudgetError(
            f"{_OPTION} allows INIT {_times(most)} an empty handler's, and it was not"
            f" measured. {why}",
            f"Do something about that, or leave {_OPTION} away.",
        )
    times = init.total_s / init.empty_s
    if times > most:
        first = (
            f"INIT takes {init.total_s:.2f} s, {times:.1f} times an empty handler's"
            f" {init.empty_s:.3f} s, and {_OPTION} allows {_times(most)} that:"
            f" {init.total_s - most * init.empty_s:.2f} s too many."
        )
        without = "" if report.bytecode else "add bytecode (--compile), "
        raise BudgetError(
            (first, "What takes most of it:", *_longest(init)),
            f"Import less at the top of modules, {without}or allow more: {_OPTION}"
            f" {math.ceil(times * 1.1)}",
        )


def _times(count: float) -> str:
    return f"{count:g} times"


def _longest(init: Init) -> Iterator[str]:
    """Writes a row for each distribution that takes most, with what brings it in."""
    for each in init.distributions[:_MOST_NAMED]:
        name = each.name or NOBODYS
        if each.name is None:
            name = "Python itself, and what the runtime brings"
        line = f", {each.line} brings it in" if each.line else ""
        yield f"  {each.own_s:>8.3f} s  {name}{line}"
