"""Budgets: how large the user lets something become; the error of what is larger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import BudgetError
from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.too_large import largest


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.settings import Settings


_MOST_NAMED: Final = 5
_UNITS: Final = {"MB": MIB, "KB": 1024}
_SIZE: Final = "--max-size"
_ZIPPED_SIZE: Final = "--max-zipped-size"


@dataclass(frozen=True)
class _Excess:
    """What is larger than it may be.

    Attributes:
        they_have: What it is, as the beginning of a sentence.
        size_bytes: What it has.
        allowed_bytes: What it may have.
        option: Who says so.
        layer: Whether it is of distributions in the layer; None if it is of all.
    """

    they_have: str
    size_bytes: int
    allowed_bytes: int
    option: str
    layer: bool | None = None

    @property
    def line(self) -> str:
        """Says what is too large, and by how much."""
        unzipped = " unzipped" if self.option == _SIZE else ""
        return (
            f"{self.they_have} {megabytes(self.size_bytes)}{unzipped}, and"
            f" {self.option} allows {limit(self.allowed_bytes)}:"
            f" {megabytes(self.size_bytes - self.allowed_bytes)} too many."
        )


def check_budgets(report: Report, settings: Settings) -> None:
    """Refuses what is larger than the user wants it to be.

    Raises:
        BudgetError: Names all that is, the largest distributions, who requires them.
    """
    found = [
        each
        for each in (*_unzipped(report, settings), *_zipped(report, settings))
        if each.size_bytes > each.allowed_bytes
    ]
    if found:
        raise BudgetError(
            (
                *(each.line for each in found),
                "The largest distributions:",
                *_largest(report, found),
            ),
            _hint(report, found),
        )


def _unzipped(report: Report, settings: Settings) -> Iterator[_Excess]:
    """Measures all files as one: function and layer share Lambda's limit, too."""
    they_have = "The files have"
    if report.kind is Kind.LAYER:
        they_have = "The layer has"
    elif report.layer:
        they_have = "The function and its layer have"
    allowed_bytes = settings.max_size_bytes
    if allowed_bytes is not None:
        # With what is nested: what Lambda counts of a nested result is always as much
        # as there is room for, whatever comes in or goes.
        yield _Excess(they_have, report.uncompressed_bytes, allowed_bytes, _SIZE)


def _zipped(report: Report, settings: Settings) -> Iterator[_Excess]:
    """Measures each ZIP by itself, as Lambda does."""
    allowed_bytes = settings.max_zipped_size_bytes
    if allowed_bytes is None:
        return
    zips = [(report.kind is Kind.LAYER, report.output_bytes)]
    if report.own_layer is not None:
        zips.append((True, report.own_layer.output_bytes))
    for is_layer, size_bytes in zips:
        they_have = "The layer's ZIP has" if is_layer else "The ZIP has"
        yield _Excess(they_have, size_bytes, allowed_bytes, _ZIPPED_SIZE, is_layer)


def _largest(report: Report, found: Sequence[_Excess]) -> Iterator[str]:
    """Names the largest distributions of what is too large, with who requires them."""
    is_unzipped = any(each.option == _SIZE for each in found)
    places = {each.layer for each in found}

    chosen = (
        each for each in report.distributions if None in places or each.layer in places
    )
    return largest(chosen, _MOST_NAMED, by_zip=not is_unzipped)


def _hint(report: Report, found: Sequence[_Excess]) -> str:
    needed: dict[str, int] = {}
    for each in found:
        needed[each.option] = max(each.size_bytes, needed.get(each.option, 0))
    more = " ".join(f"{name} {_rounded_up(size)}" for name, size in needed.items())
    bytecode_bytes = report.bytecode.size_bytes if report.bytecode else 0
    without = ""
    if bytecode_bytes and _SIZE in needed:
        without = f", leave `compile` away ({megabytes(bytecode_bytes)} of bytecode)"
    return (
        "Drop a dependency, leave something out with `exclude`"
        f"{without}, or allow more: {more}"
    )


def _rounded_up(size_bytes: int) -> str:
    for unit, unit_bytes in _UNITS.items():
        if size_bytes >= unit_bytes:
            return f"{-(-size_bytes // unit_bytes)}{unit}"
    return f"{size_bytes}"
