"""Each library, in an execution environment of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

import pytest

from tests.compatibility.function import APP


if TYPE_CHECKING:
    from tests.compatibility.function import Function


USES: Final = sorted(
    {path.stem for path in APP.glob("use_*.py")} - {"use_all", "use_nothing"}
)


@pytest.mark.parametrize("use", USES)
def test_a_nested_function_answers_as_a_flat_one(
    flat_function: Function, nested_function: Function, use: str
) -> None:
    """What a library does and what it says of itself does not depend on the layout."""
    assert flat_function.answer(use) == nested_function.answer(use)
