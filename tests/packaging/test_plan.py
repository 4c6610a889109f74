from __future__ import annotations

import pytest

from poetry_plugin_package_function.megabytes import MIB
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.plan import layout_for
from poetry_plugin_package_function.packaging.plan import limit_for
from poetry_plugin_package_function.packaging.too_large import too_large


LIMIT = 262_144_000


@pytest.mark.parametrize(
    ("unzipped_bytes", "layout"),
    [(LIMIT - 1, Layout.FLAT), (LIMIT, Layout.NESTED), (LIMIT + 1, Layout.NESTED)],
)
def test_the_service_wants_less_than_the_limit(
    unzipped_bytes: int, layout: Layout
) -> None:
    """It says "must be smaller than 262144000 bytes": equality is too large."""
    assert layout is layout_for(unzipped_bytes, limit_for(0))


def test_layers_share_the_limit() -> None:
    """What layers take is not the function's."""
    assert limit_for(40_000_000) == LIMIT - 40_000_000


def test_too_large_even_nested() -> None:
    """Both sizes, limit, excess and the ten largest distributions are told."""
    distributions = [
        DistributionSize(f"dist-{number}", "1.0", 1, number * 1000, number)
        for number in range(12)
    ]
    distributions.append(DistributionSize("", "", 2, 99_999, 5))

    error = too_large(10 * LIMIT, LIMIT - MIB, MIB, distributions)

    first, *rows = error.reason.splitlines()
    assert (
        "The files have 2,500.0 MB, and nested they still have 249.0 MB unzipped, and"
        " Lambda takes less than 249 MB with 1 MB kept for layers: 1 KB too many. The"
        " largest distributions:"
    ) == first
    assert 10 == len(rows)
    assert "98 KB unzipped" in rows[0]
    assert rows[0].endswith("your code")
    assert rows[1].endswith("dist-11 1.0")
    assert rows[9].endswith("dist-3 1.0")
    assert 1 == error.exit_status
