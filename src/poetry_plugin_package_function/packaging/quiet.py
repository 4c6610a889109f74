"""Reading Python source that is not ours: its warnings are for others to give."""

from __future__ import annotations

import threading
import warnings

from contextlib import contextmanager
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator


_lock = threading.Lock()


@contextmanager
def no_warnings() -> Iterator[None]:
    """Keeps Python from warning of what is parsed.

    The filters are the process's, and other threads may parse meanwhile.
    """
    with _lock, warnings.catch_warnings(action="ignore"):
        yield
