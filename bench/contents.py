"""What is in an archive, so that figures are of results that are right."""

from __future__ import annotations

import zipfile

from typing import TYPE_CHECKING
from typing import Final
from typing import TypeAlias

from bench.errors import BenchError


if TYPE_CHECKING:
    from pathlib import Path


_INNER_ZIP: Final = "/.dependencies.zip"
_MOVED: Final = "moved"

_Content: TypeAlias = tuple[int, int]


def check_alike(one: Path, other: Path) -> None:
    """Finds out whether two archives of this plugin hold the same files.

    Raises:
        BenchError: They do not.
    """
    contents, others = _contents(one), _contents(other)
    differing = {
        name
        for name in contents.keys() | others.keys()
        if contents.get(name) != others.get(name)
    }
    if differing:
        raise BenchError(
            f"{one} and {other} differ in {len(differing)} files, such as"
            f" {min(differing)}."
        )


def _contents(archive: Path) -> dict[str, _Content]:
    """CRC-32 and size of what can be imported and read, by name.

    Which distributions are nested depends on the sizes of streams, so on what has
    compressed them. Outside are stubs for what is inside, which know the inner ZIP's
    digest; the modules that they stand for and that are not inside have been moved.
    """
    with zipfile.ZipFile(archive) as outer:
        contents = _members(outer)
        inner = [name for name in contents if name.endswith(_INNER_ZIP)]
        if not inner:
            return contents
        own = inner[0].removesuffix(".zip")
        moved = f"{own}/{_MOVED}/"
        with outer.open(inner[0]) as stream, zipfile.ZipFile(stream) as nested:
            return {
                **{
                    name: each
                    for name, each in contents.items()
                    if not name.startswith(own)
                },
                **{
                    name.removeprefix(moved): each
                    for name, each in contents.items()
                    if name.startswith(moved)
                },
                **_members(nested),
            }


def _members(archive: zipfile.ZipFile) -> dict[str, _Content]:
    return {info.filename: (info.CRC, info.file_size) for info in archive.infolist()}
