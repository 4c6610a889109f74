"""Lists what could be imported."""

from __future__ import annotations

import pkgutil
import sys


def handler(event: object, context: object) -> dict[str, object]:
    return {
        "names": sorted(
            {each.name for each in pkgutil.iter_modules()}
            - sys.stdlib_module_names
            - {"bootstrap"}
        )
    }
