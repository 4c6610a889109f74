"""Wheels that lie: what their fields may say, and what has to come of it."""

from __future__ import annotations

import struct
import zipfile
import zlib

from typing import TYPE_CHECKING

from installer.exceptions import InstallerError

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.facts import inspect
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import assert_other_readers_agree
from tests.packaging.wheel_files import closed
from tests.packaging.wheel_files import install_wheel
from tests.packaging.wheel_files import installation
from tests.packaging.wheel_files import packaged
from tests.trees import make_venv


if TYPE_CHECKING:
    from pathlib import Path


def hold_against_zipfile(directory: Path, wheel: bytes) -> bool:
    """Whether a wheel can be installed; if so, what is packaged is right.

    It is refused if pypa/installer refuses it: for the same reason or another of its
    own, or, where `zipfile` does not like it, with an error that names it. Some streams
    `zipfile` reads further than it needs to, and trips over what follows: of those we
    ship what it needs.
    """
    path = directory / WHEEL
    path.write_bytes(wheel)
    their_error: Exception | None = None
    try:
        install_wheel(path, make_venv(directory / "theirs"))
    except Exception as error:  # whatever zipfile and pypa/installer have
        their_error = error
    try:
        inspect(path)
    except Exception as error:
        names_it = isinstance(error, zipfile.BadZipFile) and str(path) in str(error)
        is_theirs = isinstance(error, type(their_error) | InstallerError)
        if their_error is None or not (names_it or is_theirs):
            raise
        return False
    output = directory / "out.zip"
    if their_error is not None:
        assert isinstance(their_error, zlib.error | zipfile.BadZipFile), their_error
        closed(directory, wheel).package(output)
        packaged(output)
        return True
    installed = installation(directory, wheel)
    try:
        installed.package(output)
    except ChangedSourceError:
        raise
    except SourceError:  # such as a .pth file that points nowhere
        return True
    assert installed.shipped() == packaged(output)
    assert_other_readers_agree(output)
    return True


def lies_about(field: str, size: str, truth: int | bytes) -> list[int | bytes]:
    """Other values that a header's field may have."""
    if isinstance(truth, bytes):
        signatures = [b"PK\0\0", b"PK\1\2", b"PK\3\4", b"\0" * 4]
        return [each for each in signatures if each != truth]
    bits = 8 * struct.calcsize(size)
    near = {0, 1, truth - 1, truth + 1, truth * 2, truth // 2, truth ^ 1 << bits - 1}
    near |= {(1 << bits) - 1, (1 << bits) - 2}
    if field == "flags":
        near |= {1 << bit for bit in range(16)}
    if field == "method":  # 4.4.5: Deflate64, bzip2, LZMA, Zstandard, XZ, AES
        near |= {8, 9, 12, 14, 93, 95, 99}
    return sorted(each for each in near if 0 <= each < 1 << bits and each != truth)
