"""Wheels that lie: what their fields may say, and what has to come of it."""

from __future__ import annotations

import struct
import zipfile

from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import ChangedSourceError
from poetry_plugin_package_function.errors import SourceError
from tests.packaging.wheel_files import WHEEL
from tests.packaging.wheel_files import assert_other_readers_agree
from tests.packaging.wheel_files import install_wheel
from tests.packaging.wheel_files import installation
from tests.packaging.wheel_files import packaged
from tests.trees import make_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path


def hold_against_zipfile(directory: Path, wheel: bytes) -> bool:
    """Whether a wheel can be installed; if so, what is packaged is right.

    It is refused with an error that names it; or by pypa/installer, with what it says
    over `zipfile`, too. What `zipfile` installs is installed, and is the same.
    """
    path = directory / WHEEL
    path.write_bytes(wheel)
    theirs = make_venv(directory / "theirs")
    their_error: Exception | None = None
    try:
        install_wheel(path, theirs, zipfile.ZipFile)
    except Exception as error:  # whatever zipfile and pypa/installer have
        their_error = error
    try:
        installed = installation(directory, wheel)
    except Exception as error:
        is_named = str(directory / "wheels" / WHEEL) in str(error)
        is_theirs = type(error) is type(their_error)
        is_bad_zip = isinstance(error, zipfile.BadZipFile)
        if their_error is None or not (is_named if is_bad_zip else is_theirs):
            raise
        return False
    if their_error is None:
        assert _contents(theirs) == _contents(installed.venv)
    output = directory / "out.zip"
    try:
        installed.package(output)
    except ChangedSourceError:
        raise
    except SourceError:  # such as a .pth file that points nowhere
        return True
    assert installed.shipped() == packaged(output)
    assert_other_readers_agree(output)
    return True


def _contents(venv: Path) -> dict[str, bytes]:
    top = site_packages_of(venv)
    return {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*")
        if path.is_file()
    }


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
