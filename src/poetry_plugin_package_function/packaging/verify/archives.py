"""The archives of a function, read: which files Lambda makes of them."""

from __future__ import annotations

import os
import zipfile

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.integrity import HEADER_BYTES
from poetry_plugin_package_function.packaging.sources.integrity import header_lengths
from poetry_plugin_package_function.packaging.tree.layers import PREFIX


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import IO

    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.content import ZipMember


@dataclass(frozen=True)
class Archives:
    """What packaging has written of a function.

    Attributes:
        function: Its archive, flat or nested.
        layer: That of its layer, which is packaged with it.
        distributions: Whose each file is, by the names that files have in a flat
            archive.
    """

    function: Path
    layer: Path | None = None
    distributions: Mapping[str, str] = field(default_factory=dict)


class File(NamedTuple):
    """A file that is to be there.

    Attributes:
        content: Its content.
        is_executable: Whether it is.
    """

    content: Content
    is_executable: bool


def files_of(archive: Path) -> dict[str, File]:
    """Lists the files that Lambda makes of an archive; directories come of them.

    Raises:
        VerifyError: There are names that lead out of the task root.
        OSError: It cannot be read.
        BadZipFile: It is no archive.
    """
    with zipfile.ZipFile(archive) as source:
        infos = _infos(source)
    outside = sorted(each.filename for each in infos if _leads_out(each.filename))
    if outside:
        raise VerifyError(
            f"The archive has members outside of the task root: {', '.join(outside)}.",
            "Package it again.",
        )
    path = str(archive)
    return {
        info.filename: File(
            member_of(path, info), bool(info.external_attr >> 16 & 0o001)
        )
        for info in infos
    }


def _leads_out(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/")


def flat_files(archives: Archives) -> dict[str, ZipMember]:
    """Lists files by the names that they have in a flat archive.

    Those of the layer are among them, and what is nested or behind a stub.
    """
    files = {}
    if archives.layer is not None:
        with zipfile.ZipFile(archives.layer) as layer:
            for info in _infos(layer):
                name = info.filename.removeprefix(PREFIX)
                files[name] = member_of(str(archives.layer), info)
    path = str(archives.function)
    moved = {}
    inner: dict[str, ZipMember] = {}
    with open(path, "rb") as file, zipfile.ZipFile(file) as function:
        for info in _infos(function):
            home, slash, name = info.filename.partition(f"{loader.MOVED}/")
            if slash and (not home or home.endswith("/")):
                moved[name] = member_of(path, info)
            elif info.filename.rpartition("/")[2] == loader.ARCHIVE:
                with function.open(info) as stored:
                    inner = _inner_members(path, _start(file, info), stored)
            else:
                files[info.filename] = member_of(path, info)
    return {**files, **inner, **moved}  # Python finds the last of one name first


def _inner_members(path: str, start: int, stored: IO[bytes]) -> dict[str, ZipMember]:
    """Lists what is nested, which is stored in the archive: it has a place in that."""
    with zipfile.ZipFile(stored) as inner:
        members = [member_of(path, info) for info in _infos(inner)]
    return {each.name: each._replace(offset=start + each.offset) for each in members}


def _start(file: IO[bytes], info: zipfile.ZipInfo) -> int:
    """Finds where a member's data begins."""
    header = os.pread(file.fileno(), HEADER_BYTES, info.header_offset)
    lengths = header_lengths(header)
    if lengths is None:
        raise zipfile.BadZipFile(f"{info.filename} is not where it should be")
    return info.header_offset + HEADER_BYTES + sum(lengths)


def _infos(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [each for each in archive.infolist() if not each.is_dir()]
