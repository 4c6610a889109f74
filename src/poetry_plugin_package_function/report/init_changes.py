"""What INIT has gained or lost since a previous report, by distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.listing import listed
from poetry_plugin_package_function.report.init import duration
from poetry_plugin_package_function.report.init import owner


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.verify.init import Init
    from poetry_plugin_package_function.report.previous import PreviousInit


_MOST_NAMED: Final = 3
_WORTH_TELLING_S: Final = 0.01
_NOISE: Final = 0.3
"""A time that differs by less than this share may be the same in the next run."""


class CostChange(NamedTuple):
    """What a distribution took of INIT, and what it takes, without what it imports.

    Attributes:
        name: The distribution's; "" for files of none, None for what is not in the
            archive.
        before_s: None if INIT did not import it.
        now_s: None if it does not any more.
    """

    name: str | None
    before_s: float | None
    now_s: float | None

    @property
    def gained_s(self) -> float:
        """How much longer it takes; less than nothing if it takes less."""
        return (self.now_s or 0.0) - (self.before_s or 0.0)


class InitChanges(NamedTuple):
    """What is different of INIT.

    Attributes:
        before_s: INIT in the previous report.
        now_s: INIT.
        speed: How much longer the interpreter and the client took to start than then:
            what is longer by that alone is another machine's, or another load's.
        distributions: What each took that has been imported then or now, those first
            that have changed most.
    """

    before_s: float
    now_s: float
    speed: float
    distributions: tuple[CostChange, ...]

    @property
    def told(self) -> list[CostChange]:
        """Those that have changed by more than two runs differ in."""
        return [each for each in self.distributions if self._is_told(each)]

    def _is_told(self, each: CostChange) -> bool:
        before_s, now_s = each.before_s, each.now_s
        if before_s is None or now_s is None:
            return abs(each.gained_s) >= _WORTH_TELLING_S
        expected_s = before_s * self.speed
        differs_s = abs(now_s - expected_s)
        return differs_s >= max(_WORTH_TELLING_S, expected_s * _NOISE) and (
            now_s > expected_s
        ) is (now_s > before_s)


def init_changes(
    previous: PreviousInit | None, init: Init | None
) -> InitChanges | None:
    """Compares INIT with that of a previous report; None if one has not measured it."""
    if previous is None or init is None:
        return None
    before = previous.own_s
    now = {each.name: each.own_s for each in init.distributions if each.modules}
    changes = (
        CostChange(name, before.get(name), now.get(name)) for name in {*before, *now}
    )
    return InitChanges(
        previous.init_s,
        init.total_s,
        init.start_s / previous.start_s,
        tuple(sorted(changes, key=_rank)),
    )


def _rank(each: CostChange) -> tuple[float, bool, str]:
    return -abs(each.gained_s), each.name is None, each.name or ""


def as_init_document(changes: InitChanges) -> dict[str, Any]:
    """Makes what a report has of them."""
    return {
        "before_s": changes.before_s,
        "now_s": round(changes.now_s, 6),
        "distributions": [
            {
                "name": each.name or None,
                "before_s": each.before_s,
                "now_s": None if each.now_s is None else round(each.now_s, 6),
            }
            for each in changes.distributions
            if each.name is not None
        ],
    }


def format_init_changes(changes: InitChanges) -> str:
    """Writes them in a line: what has been gained, and what has been lost."""
    told = changes.told
    parts = [
        f"{what} {listed([*map(_described, found)], _MOST_NAMED)}"
        for what, found in (
            ("gained", [each for each in told if each.gained_s > 0]),
            ("lost", [each for each in told if each.gained_s < 0]),
        )
        if found
    ]
    return (
        f"INIT {duration(changes.before_s)} -> {duration(changes.now_s)}:"
        f" {'; '.join(parts) or 'no distribution takes more or less of it'}"
    )


def _described(change: CostChange) -> str:
    return (
        f"{owner(change.name)} {duration(abs(change.gained_s))}"
        + (" (new)" if change.before_s is None else "")
        + (" (gone)" if change.now_s is None else "")
    )
