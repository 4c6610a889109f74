"""Calls into the loader."""

from __future__ import annotations

import io
import os
import sys
import zlib

from pathlib import Path
from typing import Any
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.archive.compression import Member
from poetry_plugin_package_function.packaging.archive.timestamp import EARLIEST_EPOCH_S
from poetry_plugin_package_function.packaging.archive.timestamp import dos_time
from poetry_plugin_package_function.packaging.archive.zip_writer import Archive
from poetry_plugin_package_function.packaging.nesting.loader import extraction
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import DEFLATED


MIB: Final = 1 << 20
TIME: Final = dos_time(EARLIEST_EPOCH_S)


def extracted(home: Path, tmp_dir: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_dir))
        patch.setattr(sys, "path", list(sys.path))
        finder = loader.Finder(str(home), str(home))
        result = str(tmp_dir / f"{finder.prefix}-0")
        nested = extraction.Nested(
            str(home / loader.ARCHIVE),
            result,
            finder.units[0]["directory"],
            finder.tmp_bytes,
            links={},
            stand_ins={},
        )
        extraction.extract(nested, result)
        return Path(result)


def member_of(content: bytes, method: int) -> tuple[bytes, extraction.Member]:
    """A local header with its data, and what the central directory would say of it."""
    data = content
    if method == DEFLATED:
        compressor = zlib.compressobj(6, zlib.DEFLATED, -15)
        data = compressor.compress(content) + compressor.flush()
    stream = io.BytesIO()
    archive = Archive(stream, TIME)
    archive.add(Member("name", method, zlib.crc32(content), len(content), data))
    size_bytes = archive.size_bytes
    archive.close()
    crc32 = zlib.crc32(content)
    member = ("name", method, len(data), len(content), 0, 0o644, crc32)
    return stream.getvalue()[:size_bytes], member


def extract_member(data: bytes, member: extraction.Member, directory: Path) -> bytes:
    (directory / "zip").write_bytes(data)
    target = directory / "target"
    target.unlink(missing_ok=True)
    descriptor = os.open(directory / "zip", os.O_RDONLY)
    try:
        extraction.extract_member(descriptor, member, str(target), 0, memoryview(b""))
    finally:
        os.close(descriptor)
    return target.read_bytes()


def failing_at(
    monkeypatch: pytest.MonkeyPatch, number: int, error: BaseException
) -> None:
    """Makes the extraction of one member fail when half of it is written."""
    extract = extraction.extract_member
    counting = iter(range(1000))

    def fail(
        descriptor: int, member: extraction.Member, path: str, *block: Any
    ) -> None:
        if next(counting) == number:
            Path(path).write_bytes(b"half")
            raise error
        extract(descriptor, member, path, *block)

    monkeypatch.setattr(extraction, "extract_member", fail)
