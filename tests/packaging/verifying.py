"""Verifies archives that are written by hand, as the service verifies its own."""

from __future__ import annotations

import io
import sys
import zipfile

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.verify.archives import Archives
from poetry_plugin_package_function.packaging.verify.handler import Function
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
from poetry_plugin_package_function.packaging.verify.verified import verify


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.verify.verified import Verified


HANDLER: Final = "my_app.handler.handler"
WORKS: Final = "def handler(event, context):\n    return event\n"


def archive_of(directory: Path, files: Mapping[str, str | bytes]) -> Path:
    """A flat archive with nothing in it but these files."""
    path = directory / "function.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def entries_of(archive: Path, owners: Mapping[str, str]) -> list[Entry]:
    """What has been packaged, by the names of a flat archive."""
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(archive) as outer:
        for name in outer.namelist():
            data = outer.read(name)
            if name.endswith(loader.ARCHIVE):
                with zipfile.ZipFile(io.BytesIO(data)) as inner:
                    files |= {each: inner.read(each) for each in inner.namelist()}
            else:
                files.setdefault(name.rpartition(f"{loader.MOVED}/")[2], data)
    return [
        Entry(
            name,
            BytesContent(data),
            len(data),
            distribution=canonicalize_name(owners[name]) if name in owners else None,
        )
        for name, data in files.items()
    ]


def verified(
    archive: Path,
    handler: str = HANDLER,
    *,
    interpreter: Path | str | None = sys.executable,
    distributions: Mapping[str, str] | None = None,
    provided: Sequence[Entry] = (),
    time_limit_s: float = 60.0,
    **function: Any,
) -> Verified:
    """Verifies, unless something else is said, with this interpreter."""
    with Workspace() as workspace:
        return verify(
            Archives(archive, entries=entries_of(archive, distributions or {})),
            Function(handler, **function),
            interpreter,
            workspace,
            provided=provided,
            time_limit_s=time_limit_s,
        )


def failing(archive: Path, handler: str = HANDLER, **options: Any) -> VerifyError:
    """The error; it names no place of this machine that is gone by now."""
    with pytest.raises(VerifyError) as caught:
        verified(archive, handler, **options)
    assert "/temporary/" not in caught.value.reason
    assert caught.value.hint
    return caught.value
