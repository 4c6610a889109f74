"""Reads `pylock.toml`, the lock that all installers share.

Source: https://packaging.python.org/en/latest/specifications/pylock-toml/. Who requires
whom may be in it; uv leaves it out, PDM does not.
"""

from __future__ import annotations

import ast
import re

from typing import Any
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.locks.lock import Lock
from poetry_plugin_package_function.locks.lock import united


_NOT_PYTHONS: Final = re.compile("~=|===")
"""The operators of markers that expressions of Python do not have."""


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
    """Whether it is installed, somewhere, without any group being asked for."""
    marker = package.get("marker", "True")
    try:
        expression = ast.parse(_NOT_PYTHONS.sub("==", marker).strip(), mode="eval")
    except (SyntaxError, ValueError):
        raise TypeError(marker) from None
    return _may_hold(expression.body, usual)


def _may_hold(marker: ast.expr, usual: frozenset[str]) -> bool:
    """Whether a marker holds with these groups, on some machine and with some extra."""
    match marker:
        case ast.BoolOp(ast.Or(), parts):
            return any(_may_hold(each, usual) for each in parts)
        case ast.BoolOp(ast.And(), parts):
            return all(_may_hold(each, usual) for each in parts)
        case ast.Compare(
            ast.Constant(group), [ast.In()], [ast.Name("dependency_groups")]
        ):
            return group in usual
    return True
