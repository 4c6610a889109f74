"""Wheels with every field in our hands, packaged as they are and laid out."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
import stat
import struct
import subprocess
import warnings
import zipfile
import zlib

from contextlib import suppress
from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING
from typing import Final

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.settings import Settings
from tests.trees import finished
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path
    from typing import BinaryIO

    from installer.records import RecordEntry
    from installer.utils import Scheme

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel


WHEEL: Final = "demo-1.0-py3-none-any.whl"
INFO: Final = "demo-1.0.dist-info"
DATA: Final = "demo-1.0.data"

# APPNOTE.TXT 6.3.10: 4.3.7, 4.3.12, 4.3.16
LOCAL: Final = {
    "signature": "4s",
    "version": "H",
    "flags": "H",
    "method": "H",
    "time": "H",
    "date": "H",
    "crc32": "I",
    "data_bytes": "I",
    "size_bytes": "I",
    "name_bytes": "H",
    "extra_bytes": "H",
}
CENTRAL: Final = {
    "signature": "4s",
    "maker": "H",
    **{key: LOCAL[key] for key in list(LOCAL)[1:]},
    "comment_bytes": "H",
    "disk": "H",
    "internal": "H",
    "external": "I",
    "offset": "I",
}
END: Final = {
    "signature": "4s",
    "disk": "H",
    "directory_disk": "H",
    "disk_count": "H",
    "count": "H",
    "directory_bytes": "I",
    "directory_offset": "I",
    "comment_bytes": "H",
}

DESCRIPTOR: Final = 0x8
UTF8: Final = 0x800


@dataclass(frozen=True)
class Part:
    """A member of a wheel, and what its headers say in place of the truth.

    Attributes:
        level: zlib's; None for a stored member.
        descriptor: Whether checksum and sizes stand behind the data.
        zip64: Whether the local header has its sizes in a ZIP64 field.
        extra: A further extra field of the local header.
        encoding: Of the name; "cp437" has no flag.
        stream: What stands for the content in place of its own stream.
        local: Other values for fields of the local header.
        central: Other values for fields of the central directory.
        local_name: Another name in the local header.
        central_extra: An extra field of the central directory.
    """

    name: str
    content: bytes = b""
    level: int | None = 6
    executable: bool = False
    descriptor: bool = False
    zip64: bool = False
    extra: bytes = b""
    comment: bytes = b""
    encoding: str = "utf-8"
    stream: bytes | None = None
    local: Mapping[str, int | bytes] = field(default_factory=dict)
    central: Mapping[str, int | bytes] = field(default_factory=dict)
    local_name: str | None = None
    central_extra: bytes = b""

    @property
    def data(self) -> bytes:
        """What the wheel holds of it."""
        if self.stream is not None:
            return self.stream
        return self.content if self.level is None else raw(self.content, self.level)


def raw(content: bytes, level: int = 6) -> bytes:
    """A deflate stream without a frame."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -15)
    return compressor.compress(content) + compressor.flush()


def _packed(
    layout: Mapping[str, str],
    values: Mapping[str, int | bytes],
    other: Mapping[str, int | bytes],
) -> bytes:
    assert other.keys() <= layout.keys()
    each = {**values, **other}
    return struct.pack("<" + "".join(layout.values()), *(each[key] for key in layout))


def build(
    parts: Iterable[Part],
    *,
    prefix: bytes = b"",
    comment: bytes = b"",
    end: Mapping[str, int | bytes] | None = None,
    record: bool = True,
) -> bytes:
    """Lays out a wheel; METADATA, WHEEL and RECORD come behind the parts."""
    parts = list(parts)
    if record:
        parts += _dist_info(part.name for part in parts)
    body = io.BytesIO()
    directory = b""
    for part in parts:
        local, central, footer = headers(part, body.tell())
        directory += central
        body.write(local + part.data + footer)
    fields: dict[str, int | bytes] = {"signature": b"PK\5\6", "disk": 0}
    fields["directory_disk"] = 0
    fields |= {"disk_count": len(parts), "count": len(parts)}
    fields |= {"directory_bytes": len(directory), "directory_offset": body.tell()}
    fields["comment_bytes"] = len(comment)
    footer = _packed(END, fields, end or {})
    return prefix + body.getvalue() + directory + footer + comment


def _dist_info(names: Iterable[str]) -> list[Part]:
    texts = {
        "METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n\n"
        + "Text. " * 20,
        "WHEEL": "Wheel-Version: 1.0\nGenerator: by-hand 1\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerows((name, "", "") for name in names if not name.endswith("/"))
    writer.writerows((f"{INFO}/{each}", "", "") for each in (*texts, "RECORD"))
    texts["RECORD"] = rows.getvalue()
    return [Part(f"{INFO}/{name}", text.encode()) for name, text in texts.items()]


def headers(part: Part, offset: int) -> tuple[bytes, bytes, bytes]:
    """Local header, entry of the central directory, and data descriptor."""
    data = part.data
    name = part.name.encode(part.encoding)
    local_name = (part.local_name or part.name).encode(part.encoding)
    flags = 0 if name.isascii() or part.encoding != "utf-8" else UTF8
    flags |= DESCRIPTOR if part.descriptor else 0
    extra = part.extra
    truth: dict[str, int | bytes] = {
        "version": 20,
        "flags": flags,
        "method": 0 if part.level is None else 8,
        "time": 0,
        "date": 0x21,
        "crc32": zlib.crc32(part.content),
        "data_bytes": len(data),
        "size_bytes": len(part.content),
    }
    local = truth | {"signature": b"PK\3\4", "name_bytes": len(local_name)}
    if part.descriptor:
        local |= {"crc32": 0, "data_bytes": 0, "size_bytes": 0}
    if part.zip64:
        sizes = (0, 0) if part.descriptor else (len(part.content), len(data))
        extra = struct.pack("<2H2Q", 1, 16, *sizes) + extra
        local |= {"version": 45, "data_bytes": 0xFFFFFFFF, "size_bytes": 0xFFFFFFFF}
    local["extra_bytes"] = len(extra)
    mode = 0o755 if part.executable else 0o644
    kind = stat.S_IFDIR if part.name.endswith("/") else stat.S_IFREG
    central = truth | {"signature": b"PK\1\2", "maker": 3 << 8 | 20}
    central |= {"name_bytes": len(name), "extra_bytes": len(part.central_extra)}
    central |= {"comment_bytes": len(part.comment), "disk": 0, "internal": 0}
    central |= {"external": (kind | mode) << 16, "offset": offset}
    layout = "<4sI2Q" if part.zip64 else "<4s3I"
    footer = struct.pack(
        layout, b"PK\7\x08", zlib.crc32(part.content), len(data), len(part.content)
    )
    return (
        _packed(LOCAL, local, part.local) + local_name + extra,
        _packed(CENTRAL, central, part.central)
        + name
        + part.central_extra
        + part.comment,
        footer if part.descriptor else b"",
    )


class _Destination(SchemeDictionaryDestination):
    """Writes over what is there, as Poetry does, and stays inside."""

    def write_to_fs(
        self, scheme: Scheme, path: str, stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        base = os.path.abspath(self.scheme_dict[scheme])
        target = os.path.abspath(os.path.join(base, path))
        if not target.startswith(f"{base}/"):
            raise ValueError(f"{path} is outside of {base}")
        with suppress(FileNotFoundError):
            os.unlink(target)
        return super().write_to_fs(scheme, path, stream, is_executable)


def install_wheel(wheel: Path, venv: Path) -> None:
    """Lays a wheel out as pypa/installer does, which Poetry installs with."""
    schemes = {
        "purelib": str(site_packages_of(venv)),
        "platlib": str(site_packages_of(venv)),
        "scripts": str(venv / "bin"),
        "headers": str(venv / "include" / "demo"),
        "data": str(venv),
    }
    with zipfile.ZipFile(wheel) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cached bytecode
        destination = _Destination(schemes, "/python", "posix")
        install(WheelFile(archive), destination, {"INSTALLER": b"test\n"})


@dataclass(frozen=True)
class Installation:
    """A wheel in an environment, unopened, and the same one laid out in another.

    Attributes:
        wheel: The wheel.
        venv: Where it is unopened.
        laid_out: Where it is laid out.
    """

    wheel: Wheel
    venv: Path
    laid_out: Path

    @property
    def source(self) -> WheelSource:
        """The wheel as it is read."""
        python = find_site_packages(self.venv).python
        return WheelSource(FactsCache(None).of(self.wheel), python)

    def shipped(self) -> dict[str, tuple[bytes, bool]]:
        """Content and executability of what an archive has to hold, by name.

        The RECORD is not among it: it is written anew.
        """
        top = site_packages_of(self.laid_out)
        return {
            name: (path.read_bytes(), bool(path.stat().st_mode & 0o111))
            for path in top.rglob("*")
            if path.is_file()
            for name in [path.relative_to(top).as_posix()]
            if name not in (f"{INFO}/RECORD", f"{INFO}/INSTALLER")
        }

    def package(self, output: Path, facts: FactsCache | None = None) -> Report:
        """Packages the wheel."""
        project = read_project(make_project(output.parent / "project"))
        return finished(self.venv, project, Settings(output), facts)

    def package_laid_out(self, output: Path) -> Report:
        """Packages the files that it has been laid out in."""
        project = read_project(make_project(output.parent / "project"))
        return finished(self.laid_out, project, Settings(output))


def closed(
    directory: Path, wheel: bytes, *, name: str = WHEEL, pinned: bool = True
) -> Installation:
    """Writes a wheel, and puts it into an environment."""
    path = directory / "wheels" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wheel)
    venv = directory / "venv"
    if not venv.exists():
        make_venv(venv)
    pin = f"sha256:{hashlib.sha256(wheel).hexdigest()}" if pinned else None
    return Installation(put(venv, path, pin), venv, directory / "laid-out")


def installation(
    directory: Path, wheel: bytes, *, name: str = WHEEL, pinned: bool = True
) -> Installation:
    """Writes a wheel, puts it into an environment, and lays it out in another.

    More of them go into the same two environments.
    """
    found = closed(directory, wheel, name=name, pinned=pinned)
    if not found.laid_out.exists():
        make_venv(found.laid_out)
    install_wheel(directory / "wheels" / name, found.laid_out)
    return found


def packaged(output: Path) -> dict[str, tuple[bytes, bool]]:
    """Content and executability of an archive's members, as `zipfile` reads them."""
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None
        assert sorted(set(archive.namelist())) == archive.namelist()
        return {
            info.filename: (
                archive.read(info),
                bool(info.external_attr >> 16 & 0o111),
            )
            for info in archive.infolist()
            if info.filename != f"{INFO}/RECORD"
        }


def streams(output: Path) -> dict[str, bytes]:
    """What an archive of ours holds for each deflated member, as it stands there."""
    data = output.read_bytes()
    with zipfile.ZipFile(output) as archive:
        return {
            info.filename: data[start : start + info.compress_size]
            for info in archive.infolist()
            if info.compress_type == zipfile.ZIP_DEFLATED
            for start in [info.header_offset + 30 + len(info.filename.encode())]
        }


READERS: Final = {
    "unzip": ["unzip", "-tqq"],
    "7z": ["7z", "t"],
    "bsdtar": ["bsdtar", "-xOf"],
}
PRESENT: Final = {name: each for name, each in READERS.items() if shutil.which(name)}

_accepted: set[bytes] = set()


def assert_other_readers_agree(output: Path) -> None:
    """Info-ZIP, 7-Zip and libarchive, those that are here, find no fault."""
    digest = hashlib.sha256(output.read_bytes()).digest()
    if digest in _accepted:
        return
    for command in PRESENT.values():
        read = subprocess.run([*command, output], capture_output=True, check=False)
        assert (0, b"") == (read.returncode, read.stderr), read.stdout
    _accepted.add(digest)
