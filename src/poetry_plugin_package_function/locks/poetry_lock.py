"""Reads `poetry.lock`, of Poetry 1.1 and later."""

from __future__ import annotations

from typing import Any

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.locks.lock import Lock
from poetry_plugin_package_function.locks.lock import united


def read_poetry_lock(document: dict[str, Any]) -> Lock:
    """Reads the document.

    Raises:
        AttributeError, KeyError, TypeError: It has another shape.
    """
    packages = document.get("package", [])
    return Lock(
        # Locks of Poetry < 2.0 do not name groups: all their packages count then.
        frozenset(
            canonicalize_name(each["name"])
            for each in packages
            if "main" in each.get("groups", ["main"])
        ),
        united(
            (
                canonicalize_name(each["name"]),
                # What only an extra needs is listed if somebody asks for that extra:
                # Poetry's resolver (puzzle/provider.py) leaves out all others.
                frozenset(map(canonicalize_name, each.get("dependencies", {}).keys())),
            )
            for each in packages
        ),
    )
