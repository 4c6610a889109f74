"""How often Python looks for cycles among objects that nobody needs any more."""

from __future__ import annotations

import atexit
import gc

from typing import Final


_NEW_OBJECTS: Final = 100_000
"""How many come before it looks; Python's own number is 700, or 2,000."""


def collect_rarely() -> None:
    """Lets the process look for cycles far less often than it would.

    We make none worth the search: tens of thousands of small objects live as long as
    the run, and Python would look at them again and again, at all of Poetry's, too, and
    once more before it ends. That was a twentieth of a run.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)
