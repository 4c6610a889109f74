"""What `include` may say: which files of the project, and those beside it."""

from __future__ import annotations

import os
import posixpath

from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from pathlib import PurePosixPath
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from poetry_plugin_package_function.configuration.values import RefusedError
from poetry_plugin_package_function.host import posix


if TYPE_CHECKING:
    from poetry_plugin_package_function.configuration.values import Source


@dataclass(frozen=True)
class Inclusion:
    """Project files to copy into the archive, in the words of Poetry's `packages`.

    Attributes:
        pattern: A glob, relative to `source`.
        source: A directory, relative to the project's.
        target: A directory in the archive; "" is its root.
    """

    pattern: str
    source: str = ""
    target: str = ""


def read_inclusions(value: object, source: Source) -> tuple[Inclusion, ...]:
    """Reads what `include` has."""
    if not isinstance(value, list):
        raise RefusedError(f"expected a list, got {value!r}.")
    tables = [{"include": item} if isinstance(item, str) else item for item in value]
    problems = [
        problem
        for table, item in zip(tables, value, strict=True)
        if (problem := _wrong_inclusion(table, item, source.directory))
    ]
    if problems:
        raise RefusedError(*problems)
    return tuple(map(_inclusion, tables))


def _inclusion(table: dict[str, str]) -> Inclusion:
    """Makes what a table says, where "../common" is "common" from ".."."""
    parts = PurePosixPath(table["include"]).parts
    up = [*takewhile(lambda part: part == "..", parts)]
    return Inclusion(
        posixpath.join(*parts[len(up) :]) if up else table["include"],
        posixpath.normpath(posixpath.join(table.get("from", ""), *up)),
        "/".join(PurePosixPath(table.get("to", "")).parts),
    )


def _wrong_inclusion(table: object, item: object, directory: Path) -> str | None:
    if (
        not isinstance(table, dict)
        or "include" not in table
        or table.keys() - {"include", "from", "to"}
        or not all(isinstance(text, str) for text in table.values())
    ):
        return (
            "expected a path, a glob or"
            f' {{include = "...", from = "...", to = "..."}}, got {item!r}.'
        )
    if native := [text for text in table.values() if posix(text) != text]:
        return f"{native[0]!r} has a backslash: all systems read paths with `/`."
    absolute = [text for text in table.values() if _is_absolute(text)]
    if absolute or not {*PurePosixPath(table["include"]).parts} - {".."}:
        return (
            f"{(absolute or [table['include']])[0]!r} is not below the project's"
            " directory: make it a path dependency."
        )
    if ".." in PurePosixPath(table.get("to", "")).parts:
        return f"{table['to']!r} is not below the archive's root."
    place = _inclusion(table)
    if ".." in PurePosixPath(place.pattern).parts:
        return f"{table['include']!r} may have `..` at its start only."
    top = os.path.realpath(directory)
    start = os.path.realpath(os.path.join(top, place.source, *_literal(place.pattern)))
    checkout = git_checkout(top)
    if ".." in PurePosixPath(place.source).parts and not Path(start).is_relative_to(
        checkout or top
    ):
        within = (
            f"the project's Git checkout, {checkout}"
            if checkout
            else "the project's directory, and that is in no Git checkout"
        )
        named = table["from"] if ".." in table.get("from", "") else table["include"]
        return f"{named!r} is not below {within}: make it a path dependency."
    return None


def _is_absolute(text: str) -> bool:
    """Whether a path is, here or where Windows packages the same project."""
    return posixpath.isabs(text) or bool(PureWindowsPath(text).drive)


def _literal(pattern: str) -> list[str]:
    """The parts of a pattern before the first that has a wildcard."""
    return [
        *takewhile(
            lambda part: set(part).isdisjoint("*?["), PurePosixPath(pattern).parts
        ),
    ]


def is_beside(project: str, directory: str) -> bool:
    """Whether a directory is outside of a project's, and in the same Git checkout.

    Args:
        project: Where the project is; a real path, as the next.
        directory: What may be there.
    """
    checkout = git_checkout(project)
    return (
        checkout is not None
        and not Path(directory).is_relative_to(project)
        and Path(directory).is_relative_to(checkout)
        and os.path.isdir(directory)
    )


def git_checkout(directory: str) -> str | None:
    """Finds the top of the Git checkout that a directory is in.

    In a linked working tree, and in a submodule, `.git` is a file.
    """
    above = (directory, *map(str, Path(directory).parents))
    return next((each for each in above if os.path.lexists(f"{each}/.git")), None)
