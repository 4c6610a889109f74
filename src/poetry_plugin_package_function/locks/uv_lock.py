"""Reads `uv.lock`.

The format is not documented: it is what uv 0.5 to 0.13 write as `version = 1`. The
project is a [[package]] of it, and so are all members of its workspace. Which group
brings a distribution is not written down: it follows from what the project asks for.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.locks.lock import Lock
from poetry_plugin_package_function.locks.lock import united
from poetry_plugin_package_function.requiring import shortest_paths


if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.utils import NormalizedName


ROOT: Final = "."
"""The project that has the lock beside it."""

_MEMBER: Final = ("editable", "virtual")
"""What the source of a member is called. That of a path dependency is "directory", or
"editable" as well."""


def read_uv_lock(document: dict[str, Any], member: str = ROOT) -> Lock:
    """Reads the document.

    Args:
        document: The whole file.
        member: The project's directory, from that of the lock on.

    Raises:
        AttributeError, KeyError, TypeError: It has another shape, or no such member.
    """
    packages = document.get("package", [])
    asked = frozenset(
        (canonicalize_name(each["name"]), extra)
        for package in packages
        for each in _dependencies(package)
        for extra in each.get("extra", ())
    )
    requires = united(
        (canonicalize_name(each["name"]), _required(each, asked)) for each in packages
    )
    roots = _names(
        chain.from_iterable(
            (*each.get("dependencies", ()), *_of_extras(each))
            for each in _projects(document, member)
        )
    )
    return Lock(frozenset(shortest_paths(sorted(roots), requires)), requires)


def _required(
    package: dict[str, Any], asked: frozenset[tuple[NormalizedName, str]]
) -> frozenset[NormalizedName]:
    """What a package needs, with those of its extras that somebody asks for."""
    name = canonicalize_name(package["name"])
    extras = package.get("optional-dependencies", {})
    wanted = (listed for extra, listed in extras.items() if (name, extra) in asked)
    return _names(chain(package.get("dependencies", ()), *wanted))


def _dependencies(package: dict[str, Any]) -> Iterable[dict[str, Any]]:
    groups = package.get("dev-dependencies", {}).values()
    return chain(package.get("dependencies", ()), _of_extras(package), *groups)


def _of_extras(package: dict[str, Any]) -> Iterable[dict[str, Any]]:
    return chain.from_iterable(package.get("optional-dependencies", {}).values())


def _projects(document: dict[str, Any], member: str) -> list[dict[str, Any]]:
    """The project; at the root of a workspace that is none itself, all members."""
    packages = document.get("package", [])
    own = [
        each
        for each in packages
        for kind, path in each.get("source", {}).items()
        if kind in _MEMBER and path == member
    ]
    if not own and member != ROOT:
        raise KeyError(member)
    members = document.get("manifest", {}).get("members", ())
    return own or [each for each in packages if each["name"] in members]


def _names(dependencies: Iterable[dict[str, Any]]) -> frozenset[NormalizedName]:
    return frozenset(canonicalize_name(each["name"]) for each in dependencies)
