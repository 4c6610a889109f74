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


def _contents(archive: Path) -> dict[str, _Content | None]:
    """CRC-32 and size by name; of an outer ZIP the names only.

    What stands around an inner ZIP knows its digest, and that is another where the
    streams are not from the same compressor.
    """
    with zipfile.ZipFile(archive) as outer:
        infos = outer.infolist()
        inner = [info for info in infos if info.filename.endswith(_INNER_ZIP)]
        if not inner:
            return {info.filename: (info.CRC, info.file_size) for info in infos}
        names: dict[str, _Content | None] = {info.filename: None for info in infos}
        with outer.open(inner[0]) as stream, zipfile.ZipFile(stream) as nested:
            return names | {
                f"{inner[0].filename}/{info.filename}": (info.CRC, info.file_size)
                for info in nested.infolist()
            }
