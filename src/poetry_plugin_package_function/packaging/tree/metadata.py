"""Metadata of what is shipped, without the marks of who has built or installed it."""

from __future__ import annotations

import csv
import hashlib
import io
import re

from dataclasses import replace
from email.parser import HeaderParser
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.distributions import RecordRow
from poetry_plugin_package_function.packaging.sources.distributions import record_hash
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.tree.tree import Tree


_OWN_METADATA: Final = frozenset(("METADATA", "WHEEL", "entry_points.txt"))


def with_stable_metadata(tree: Tree, project_name: NormalizedName | None) -> Tree:
    """Replaces what an installer or a builder has left its marks in.

    Args:
        tree: All that is shipped, with its final sizes.
        project_name: The project's own distribution, of whose metadata only that is
            kept which code asks for.

    Raises:
        SourceError: Metadata cannot be read.
    """
    found = {each.name: each for each in tree.entries}
    sizes = {name: entry.size_bytes for name, entry in found.items()}
    for each in tree.distributions:
        _rewrite_info(found, sizes, each, stable=each.name == project_name)
    return replace(tree, entries=tuple(found[name] for name in sorted(found)))


def _rewrite_info(
    found: dict[str, Entry],
    sizes: dict[str, int],
    distribution: Distribution,
    *,
    stable: bool,
) -> None:
    """Replaces what an installer or a builder has left its marks in."""
    info = distribution.info
    writers: dict[str, Callable[[str], bytes | None]]
    if stable:
        for name in [name for name in found if name.startswith(f"{info}/")]:
            if name.removeprefix(f"{info}/") not in _OWN_METADATA:
                del found[name], sizes[name]
        writers = {"METADATA": stable_metadata, "WHEEL": stable_wheel}
    else:
        writers = {"METADATA": portable_metadata}
    rewritten: dict[str, RecordRow] = {}
    for file, write in writers.items():
        name = f"{info}/{file}"
        text = distribution.read(file) if name in found else None
        content = None if text is None else write(text)
        if content is not None:
            rewritten[name] = _rewrite(found, name, content, distribution)
    if distribution.rows is not None and f"{info}/METADATA" in found:
        record = rewrite_record(distribution, sizes, rewritten)
        _rewrite(found, f"{info}/RECORD", record, distribution)


def _rewrite(
    found: dict[str, Entry], name: str, content: bytes, distribution: Distribution
) -> RecordRow:
    found[name] = Entry(
        name, BytesContent(content), len(content), distribution=distribution.name
    )
    digest = hashlib.sha256(content).digest()
    return RecordRow(name, record_hash(digest), str(len(content)))


def rewrite_record(
    distribution: Distribution,
    shipped_sizes: Mapping[str, int],
    rewritten: Mapping[str, RecordRow],
) -> bytes:
    """Writes the RECORD of what is shipped of a distribution.

    An installer's RECORD names files that are not shipped (bytecode, scripts, the
    installer's own marks), in an order of its own. Hash and size are taken over as the
    installer wrote them where the size still holds: so they say what the distribution
    came with.

    Args:
        distribution: One that has a RECORD.
        shipped_sizes: Size in bytes of each file in the archive by its name.
        rewritten: Rows for files that have been written anew, by name.
    """
    own = f"{distribution.info}/RECORD"
    rows = [RecordRow(own, "", "")]
    for path, row in {row.path: row for row in distribution.rows or ()}.items():
        size_bytes = shipped_sizes.get(path)
        if size_bytes is None or path == own:
            continue
        if path in rewritten:
            rows.append(rewritten[path])
        elif row.size == str(size_bytes):
            rows.append(row)
        else:
            rows.append(RecordRow(path, "", ""))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(sorted(rows))
    return text.getvalue().encode()


_STABLE_METADATA: Final = (
    *("Name", "Version", "Summary", "Requires-Python", "Requires-Dist"),
    "Provides-Extra",
)


def stable_metadata(metadata: str) -> bytes:
    """Writes the METADATA of the project itself so that its builder does not show.

    poetry-core 2.1 and 2.5 write other metadata versions, classifiers and places of
    licence files for the same project, so only what code asks for at run time is kept.
    2.1 is the oldest version of the format that has all of these fields.
    """
    message = HeaderParser().parsestr(metadata)
    lines = ["Metadata-Version: 2.1"]
    for field in _STABLE_METADATA:
        values = [" ".join(str(text).split()) for text in message.get_all(field, [])]
        if field == "Requires-Dist":
            values = [_without_reference(text) for text in values]
        lines += [f"{field}: {text}" for text in sorted(values)]
    return ("\n".join(lines) + "\n").encode()


def portable_metadata(metadata: str) -> bytes | None:
    """Writes METADATA without direct references in `Requires-Dist`.

    They are of the machine that builds: `lib @ file:///home/me/lib` is what becomes of
    a path dependency, and an address of Git or of an index may hold a token. What
    remains names the distribution, and that is all that is read at run time.

    Returns:
        The new text; None where there are no such references.
    """
    headers, blank, description = metadata.partition("\n\n")
    lines = [
        f"{field}: {_without_reference(text)}" if field == "Requires-Dist" else line
        for line in headers.split("\n")
        for field, _, text in [line.partition(": ")]
    ]
    portable = "\n".join(lines)
    return None if portable == headers else (portable + blank + description).encode()


_REFERENCE: Final = re.compile(r"([^@;]*?)\s*@\s*\S+?(?=;?(?:\s|$))")
"""`name [extra] @ address`, up to a marker.

Source: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
"""


def _without_reference(requirement: str) -> str:
    match = _REFERENCE.match(requirement)
    return requirement if match is None else match[1] + requirement[match.end() :]


def stable_wheel(wheel: str) -> bytes:
    """Writes the WHEEL of the project itself without its `Generator`."""
    message = HeaderParser().parsestr(wheel)
    lines = [f"Wheel-Version: {message.get('Wheel-Version', '1.0')}"]
    for field in ("Root-Is-Purelib", "Tag"):
        lines += [f"{field}: {text}" for text in sorted(message.get_all(field, []))]
    return ("\n".join(lines) + "\n").encode()
