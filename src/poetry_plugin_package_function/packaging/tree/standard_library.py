"""Finds modules with names of Python's own: on Lambda they would come before these.

`/var/task` is the first on Python's path, layers are the next, and the standard library
comes after them. In a virtual environment it is the other way about.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import re
import sys

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.packaging.sources.modules import module_parts


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Entry


class _Change(NamedTuple):
    """What a minor version of Python has added and removed of public modules."""

    version: tuple[int, int]
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


_CHANGES: Final = (
    _Change((3, 11), frozenset({"tomllib"}), frozenset({"binhex"})),
    _Change(
        (3, 12),
        removed=frozenset({"asynchat", "asyncore", "distutils", "imp", "smtpd"}),
    ),
    _Change(
        (3, 13),
        removed=frozenset(
            (
                *("aifc", "audioop", "cgi", "cgitb", "chunk", "crypt", "imghdr"),
                *("lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev"),
                *("pipes", "sndhdr", "spwd", "sunau", "telnetlib", "uu", "xdrlib"),
            )
        ),
    ),
    _Change((3, 14), frozenset({"annotationlib", "compression"})),
    _Change(
        (3, 15),
        frozenset({"profiling"}),
        frozenset({"sre_compile", "sre_constants", "sre_parse"}),
    ),
)
"""Sources: `sys.stdlib_module_names` of each version up to 3.13; "What's New in Python"
of 3.14 and 3.15."""

_NOT_IMPORTED: Final = frozenset(
    {"antigravity", "idlelib", "test", "this", "turtle", "turtledemo"}
)
"""Python's own tests, its editor and toys: a `test` beside packages does no harm."""

_MAY_BE_MISSING: Final = frozenset(
    {"idlelib", "test", "tkinter", "turtle", "turtledemo"}
)
"""What many builds of Python lack: there a dependency's is imported."""


def standard_modules(python: str | None) -> frozenset[str]:
    """Names the public modules of a Python's standard library.

    Args:
        python: The minor version, such as "3.13"; None for the one that runs this.
    """
    names = sys.stdlib_module_names
    own = sys.version_info[:2]
    match = re.match(r"(\d+)\.(\d+)", python or "")
    other = (int(match[1]), int(match[2])) if match else own
    for change in _CHANGES:
        if own < change.version <= other:
            names = names - change.removed | change.added
    for change in reversed(_CHANGES):
        if other < change.version <= own:
            names = names - change.added | change.removed
    return frozenset(name for name in names if not name.startswith("_"))


class Shadow(NamedTuple):
    """Modules that Lambda finds in place of Python's own, if they are shipped.

    Attributes:
        distribution: Whose they are; "" if they are no distribution's.
        modules: Their files, or the directories of packages with a "/" at the end, by
            their names in site-packages.
    """

    distribution: str
    modules: tuple[str, ...]


def shadows(entries: Iterable[Entry], python: str | None) -> tuple[Shadow, ...]:
    """Finds what Lambda takes for the standard library, ordered by distribution.

    A directory without an `__init__` does not: Python looks further for a module.

    Args:
        entries: What is shipped.
        python: The minor version of the function's Python; None if it is not known.
    """
    return _with_names_of(standard_modules(python) - _NOT_IMPORTED, entries)


def _with_names_of(
    standard: AbstractSet[str], entries: Iterable[Entry]
) -> tuple[Shadow, ...]:
    found: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        top, _, rest = entry.name.partition("/")
        if rest and not rest.startswith("__init__."):
            continue
        # Few names come as far as to be taken apart.
        if top.partition(".")[0] in standard and len(module_parts(entry.name)) == 1:
            found[entry.distribution or ""].add(_top(entry.name))
    return tuple(
        Shadow(distribution, tuple(sorted(modules)))
        for distribution, modules in sorted(found.items())
    )


def superseded(
    entries: Iterable[Entry], python: str | None, project: NormalizedName | None
) -> tuple[tuple[Shadow, ...], frozenset[str]]:
    """Finds what of dependencies nothing imports where they are installed.

    There Python's own modules come first. A backport is there for other versions.

    Args:
        entries: What would be shipped.
        python: See `shadows`.
        project: The project's own distribution: what it has is meant to be there.

    Returns:
        The modules, and the names of all files that belong to them.
    """
    files = [
        each
        for each in entries
        if not each.included and each.distribution not in (None, project)
    ]
    found = _with_names_of(standard_modules(python) - _MAY_BE_MISSING, files)
    modules = {
        (shadow.distribution, module) for shadow in found for module in shadow.modules
    }
    names = (
        each.name
        for each in files
        if modules and (each.distribution, _top(each.name)) in modules
    )
    return found, frozenset(names)


def _top(name: str) -> str:
    top, slash, _ = name.partition("/")
    return f"{top}{slash}"
