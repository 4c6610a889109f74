"""The outer ZIP of a nested result: what stays flat, stubs, the loader, an inner ZIP.

The inner ZIP and the stub of the project's module are where package-python-function
1.0.0 has them (`<entry>/.dependencies.zip`, `<entry>/__init__.py`); the loader and its
settings are beside the inner ZIP.
"""

from __future__ import annotations

import json

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import NamedTuple

from deflate import crc32

from poetry_plugin_package_function.packaging.archive.compression import deflate_one
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.layout import join
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.archive.compression import Member
    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.archive.zip_writer import Written
    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout


class Directory(NamedTuple):
    """A unit's part of the inner ZIP's central directory.

    Attributes:
        offset: Where it begins in the inner ZIP.
        length: Its size in bytes.
        members: How many it lists.
        crc32: Its own checksum.
    """

    offset: int
    length: int
    members: int
    crc32: int = 0


@dataclass(frozen=True)
class WrittenNested:
    """What is known of a nested result.

    Attributes:
        inner: The inner ZIP.
        outer: The outer ZIP.
        unzipped_bytes: What Lambda counts: all files of the outer ZIP.
    """

    inner: Written
    outer: Written
    unzipped_bytes: int


def write_nested(
    stream: BinaryIO, layout: NestedLayout, members: Iterable[Member], time: DosTime
) -> WrittenNested:
    """Writes the outer ZIP, with the inner one in place.

    Args:
        stream: To write, to read and to seek in.
        layout: Where each file is.
        members: Those of `NestedLayout.in_order`.
        time: Of all members.
    """
    members = iter(members)
    outer = Archive(stream, time, hashed=True)
    archive = layout.archive
    before = [each for each in layout.outer if each.name < archive]
    for placed in before:
        outer.add(_called(next(members), placed.name))
    directories = []
    offset = 0
    with outer.nested(archive) as inner:
        for unit in layout.units:
            for _ in unit.entries:
                inner.add(next(members))
            part = inner.directory_of_last(len(unit.entries))
            directories.append(
                Directory(offset, len(part), len(unit.entries), crc32(part))
            )
            offset += len(part)
        end = inner.size_bytes
    nested = inner.close()
    content = settings(
        layout.units,
        [each._replace(offset=end + each.offset) for each in directories],
        nested.sha256,
    )
    written = Entry(
        join(layout.home, loader.SETTINGS), BytesContent(content), len(content)
    )
    outer.add(deflate_one(written))  # the name sorts behind the inner ZIP's
    for placed in layout.outer[len(before) :]:
        outer.add(_called(next(members), placed.name))
    unzipped_bytes = (
        sum(placed.entry.size_bytes for placed in layout.outer)
        + nested.size_bytes
        + len(content)
    )
    return WrittenNested(nested, outer.close(), unzipped_bytes)


def _called(member: Member, name: str) -> Member:
    return member if member.name == name else member._replace(name=name)


def settings(
    units: Sequence[ExtractionUnit],
    directories: Sequence[Directory],
    sha256: str,
) -> bytes:
    """Writes what the loader has to know.

    Args:
        units: What the inner ZIP holds.
        directories: For each its part of the central directory.
        sha256: The inner ZIP's digest, in hexadecimal.
    """
    document = {
        "sha256": sha256,
        "tmp_bytes": sum(unit.tmp_bytes for unit in units if not unit.tests),
        "units": [
            {
                "distributions": unit.names,
                "modules": [module.name for module in unit.modules],
                "tests": unit.tests,
                "at_init": unit.at_init,
                "needs": unit.needs,
                "files": [each.name for each in unit.entries if unit.extension],
                "part_of": unit.part_of,
                "links": unit.links,
                "directory": (*directory[:3], f"{directory.crc32:08x}"),
            }
            for unit, directory in zip(units, directories, strict=True)
        ],
    }
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
