"""How many examples hypothesis tries."""

from __future__ import annotations

from typing import Final

from hypothesis import settings


USUAL: Final = 60
QUICK: Final = 12


def examples(count: int) -> settings:
    """As many for one test, where an example costs more or less than is usual.

    With the profile of `make quick` they are fewer, as all are.
    """
    return settings(max_examples=max(2, count * settings().max_examples // USUAL))
