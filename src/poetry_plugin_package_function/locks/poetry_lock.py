"""Reads `poetry.lock`, of Poetry 1.1 and later."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.locks.lock import Lock
from poetry_plugin_package_function.locks.lock import united


if TYPE_CHECKING:
    from packaging.utils import NormalizedName


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
        united((canonicalize_name(each["name"]), _required(each)) for each in packages),
    )


def _required(package: dict[str, Any]) -> frozenset[NormalizedName]:
    """What a [[package]] needs; what an extra of it needs only, it does not."""
    return frozenset(
        canonicalize_name(name)
        for name, how in package.get("dependencies", {}).items()
        if not (isinstance(how, dict) and how.get("optional"))
    )
