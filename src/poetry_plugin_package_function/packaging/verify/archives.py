"""The archives of a function, read: which files Lambda makes of them."""

from __future__ import annotations

import zipfile

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Source
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


@dataclass(frozen=True)
class Origin:
    """What an archive has been made of, and could have been made of.

    Attributes:
        project: Whose archive it is.
        settings: What went in.
        sources: All that the environment has, whether it is shipped or not.
    """

    project: Project
    settings: Settings
    sources: Sequence[Source] = ()


@dataclass(frozen=True)
class Archives:
    """What packaging has written of a function.

    Attributes:
        function: Its archive, flat or nested.
        layer: That of its layer, which is packaged with it.
        entries: What has been packaged, by the names of a flat archive: that of the
            layer is among it, and what is nested.
        origin: What it has been made of; None if that is not known.
    """

    function: Path
    layer: Path | None = None
    entries: Sequence[Entry] = ()
    origin: Origin | None = None

    @property
    def project(self) -> NormalizedName | None:
        """The project's own distribution, if that is known."""
        return self.origin.project.normalized_name if self.origin else None


def files_of(archive: Path) -> list[Entry]:
    """Lists the files that Lambda makes of an archive; directories come of them.

    Raises:
        VerifyError: There are names that lead out of the task root.
        OSError: It cannot be read.
        BadZipFile: It is no archive.
    """
    with zipfile.ZipFile(archive) as source:
        infos = [each for each in source.infolist() if not each.is_dir()]
    outside = sorted(each.filename for each in infos if _leads_out(each.filename))
    if outside:
        raise VerifyError(
            f"The archive has members outside of the task root: {', '.join(outside)}.",
            "Package it again.",
        )
    path = str(archive)
    return [
        Entry(
            info.filename,
            member_of(path, info),
            info.file_size,
            executable=bool(info.external_attr >> 16 & 0o001),
        )
        for info in infos
    ]


def _leads_out(name: str) -> bool:
    return name.startswith("/") or ".." in name.split("/")
