"""Uses one library after the other in one process, each imported when its turn comes.

The event says which.
"""

from __future__ import annotations

import importlib


def handler(event: list[str], context: object) -> dict[str, object]:
    return {
        name: importlib.import_module(f"my_app.{name}").handler({}, context)
        for name in event
    }
