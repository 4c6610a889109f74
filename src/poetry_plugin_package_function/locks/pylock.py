"""Reads `pylock.toml`, the lock that all installers share.

Source: https://packaging.python.org/en/latest/specifications/pylock-toml/. Who requires
whom may be in it; uv leaves it out, PDM does not.
"""

from __future__ import annotations

import re

from typing import Any
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.locks.lock import Lock
from poetry_plugin_package_function.locks.lock import united


_GROUP: Final = re.compile(r"""['"]([^'"]*)['"] in dependency_groups""")
"""How a marker says that something is for a dependency group only."""


def read_pylock(document: dict[str, Any]) -> Lock:
    """Reads the document.

    Raises:
        AttributeError, KeyError, TypeError: It has another shape.
    """
    packages = document["packages"]
    usual = frozenset(document.get("default-groups", ()))
    return Lock(
        frozenset(
            canonicalize_name(each["name"])
            for each in packages
            if _is_main(each, usual)
        ),
        united(
            (
                canonicalize_name(each["name"]),
                frozenset(
                    canonicalize_name(needed["name"])
                    for needed in each.get("dependencies", ())
                ),
            )
            for each in packages
        ),
    )


def _is_main(package: dict[str, Any], usual: frozenset[str]) -> bool:
    """Whether it is installed without any group being asked for."""
    groups = _GROUP.findall(package.get("marker", ""))
    return not groups or not usual.isdisjoint(groups)
