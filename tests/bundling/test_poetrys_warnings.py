"""What Poetry warns of while it builds an environment, and whom it concerns."""

from __future__ import annotations

import pytest

from cleo.io.buffered_io import BufferedIO
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.bundling.plan import Bundle
from poetry_plugin_package_function.console import Console
from poetry_plugin_package_function.functions import may_concern


YANKED = "The file chosen for install of Ruamel.yaml 1.0 (r-1.0.whl) is yanked."


def test_poetrys_own_warnings() -> None:
    """They count; what else Poetry tells does not, nor does what was built before."""
    io = BufferedIO()
    console = Console(io)
    console.warning(f"Warning: {YANKED}")
    console.warning("Using python3.12 (3.12.1)")

    assert (YANKED,) == console.warned()
    assert YANKED in io.fetch_error()
    console.building(Bundle(("main",), (), None))
    assert () == console.warned()


@pytest.mark.parametrize(
    ("warning", "only", "expected"),
    [
        (YANKED, {"ruamel-yaml"}, True),
        (YANKED, {"six"}, False),
        (YANKED, None, True),
        ("Something else.", {"six"}, True),
    ],
)
def test_what_others_share_is_not_a_functions(
    warning: str, only: set[str] | None, *, expected: bool
) -> None:
    """Each is judged as if it were packaged alone."""
    taken = None if only is None else frozenset(map(canonicalize_name, only))
    assert expected is may_concern(warning, taken)
