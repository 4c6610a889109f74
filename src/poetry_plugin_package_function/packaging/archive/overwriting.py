"""Refuses results that would take the place of what they are made of."""

from __future__ import annotations

import os

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import OutputError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.zip_writer import may_be_ours
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.entry import owner_of
from poetry_plugin_package_function.packaging.sources.patterns import exclude_line


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


_REPORT: Final = b'{\n  "schema_version": '
_PAGE: Final = b"<!doctype html>\n"
_TITLE: Final = b"<title>Sizes of "
_HEAD_BYTES: Final = 4096


def refuse_overwriting(
    tree: Tree, results: Iterable[str], targets: AbstractSet[str]
) -> None:
    """Refuses to write to a file that is packaged, or that such a file is a copy of.

    What an earlier run has written is not packaged, wherever a pattern of `include`
    finds it, and may be written again. Nor is what other functions are written to.

    Args:
        tree: What is shipped, and what has been passed over as a result.
        results: Real paths that any function is written to.
        targets: Those of them that this one is written to.

    Raises:
        OutputError: Names all of them.
    """
    brought = [*_passed_over(tree, targets)]
    problems = [
        f"{path} would be overwritten: it is {entry.name} of {owner_of(entry)}."
        for path, entry in sorted({*brought, *_copied(tree, results)})
    ]
    if problems:
        names = sorted({entry.name for _, entry in brought})
        leave_out = f" Or leave it out: {exclude_line(*names)}" if names else ""
        raise OutputError(problems, f"Name another place for the result.{leave_out}")


def _passed_over(tree: Tree, targets: AbstractSet[str]) -> Iterator[tuple[str, Entry]]:
    for path, entry in tree.passed_over:
        if entry.distribution is not None or (
            entry.included and path in targets and not _is_earlier_result(Path(path))
        ):
            yield path, entry


def _copied(tree: Tree, results: Iterable[str]) -> Iterator[tuple[str, Entry]]:
    """Finds files that have been installed from where a result is to be.

    These are in a directory of the project, or of a path dependency, and end in the
    name that they have in site-packages.
    """
    entries = {entry.name: entry for entry in tree.entries}
    for path in filter(os.path.isfile, results):
        parts = Path(path).parts
        for start in range(1, len(parts)):
            entry = entries.get("/".join(parts[start:]))
            if entry is not None and _is_copy(entry, path):
                yield path, entry


def _is_copy(entry: Entry, path: str) -> bool:
    try:
        return os.path.getsize(path) == entry.size_bytes and (
            Path(path).read_bytes() == read(entry.content)
        )
    except (OSError, SourceError):
        return False  # who packages the one, or writes to the other, finds out why


def _is_earlier_result(path: Path) -> bool:
    """Whether an archive, a report or a page of sizes of ours could be in a file."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return False
    return (
        not head
        or head.startswith(_REPORT)
        or (head.startswith(_PAGE) and _TITLE in head)
        or may_be_ours(path)
    )
