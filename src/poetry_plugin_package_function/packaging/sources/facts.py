"""What is known of a wheel: a pure function of its bytes, kept by its hash.

pypa/installer, which Poetry installs with, reads the wheel and says where each of its
files goes. Nothing is written: what would be is taken note of.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import posixpath
import secrets
import threading

from contextlib import contextmanager
from contextlib import suppress
from tempfile import TemporaryFile
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple
from typing import cast

import installer

from installer import install
from installer.destinations import WheelDestination
from installer.records import Hash
from installer.records import RecordEntry
from installer.sources import WheelFile

from poetry_plugin_package_function.packaging.elf.machine_code import defines_init
from poetry_plugin_package_function.packaging.elf.machine_code import from_json
from poetry_plugin_package_function.packaging.elf.machine_code import machine_code
from poetry_plugin_package_function.packaging.elf.machine_code import (
    may_be_machine_code,
)
from poetry_plugin_package_function.packaging.elf.parts import within
from poetry_plugin_package_function.packaging.sources.content import DEFLATED
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import changed
from poetry_plugin_package_function.packaging.sources.content import member_of
from poetry_plugin_package_function.packaging.sources.distributions import record_hash
from poetry_plugin_package_function.packaging.sources.integrity import WheelReader
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.sources.wheel_directory import locked_hash


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from installer.utils import Scheme

    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
    from poetry_plugin_package_function.packaging.sources.integrity import MemberStream
    from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel


MAPPED_FROM_BYTES: Final = 32 << 20
"""What is larger is not kept in memory."""

_NAME_MAX: Final = 255
"""Bytes that a file's name can have. Source: limits.h of Linux."""

_mapping = threading.Lock()

FORMAT: Final = 2
"""Of the facts that are kept: others are made anew."""


class FileFacts(NamedTuple):
    """What is known of a file of a wheel.

    Attributes:
        scheme: Where it is installed: "purelib", "platlib", "data" and others. Source:
            https://docs.python.org/3/library/sysconfig.html#installation-paths
        path: Its path there, with "/".
        executable: Whether an installer makes it executable.
        hash: SHA-256 of the content, as RECORD has it.
        content: Where its content is.
    """

    scheme: str
    path: str
    executable: bool
    hash: str
    content: ZipMember


class WheelFacts(NamedTuple):
    """What is known of a wheel.

    Attributes:
        info: The name of its `.dist-info` directory.
        files: What is installed of it, in the order of its central directory, but for
            RECORD and scripts that an installer makes.
        issues: What is wrong with its RECORD, in pypa/installer's words.
    """

    info: str
    files: tuple[FileFacts, ...]
    issues: tuple[str, ...]


def inspect(wheel: Path) -> WheelFacts:
    """Reads a wheel as an installer does, to its last byte.

    Raises:
        Exception: What keeps pypa/installer from installing it, of any kind: OSError,
            BadZipFile, InvalidWheelSource, ValueError and others.
    """
    with WheelReader(wheel) as reader:
        source = WheelFile(reader)
        issues: tuple[str, ...] = ()
        try:
            source.validate_record(validate_contents=False)
        except WheelFile.validation_error as error:
            issues = tuple(error.issues)
        notes = _Notes(str(wheel))
        install(source, notes, {})
        return WheelFacts(source.dist_info_dir, tuple(notes.files), issues)


class _Notes(WheelDestination):
    """A destination of pypa/installer that takes note of what would be written."""

    def __init__(self, wheel: str) -> None:
        self._wheel = wheel
        self.files: list[FileFacts] = []

    def write_script(  # type: ignore[override]
        self, name: str, **_: object
    ) -> RecordEntry:
        """See `WheelDestination`; scripts are not packaged."""
        return RecordEntry(name, None, None)

    def write_file(
        self,
        scheme: Scheme,
        path: str | os.PathLike[str],
        stream: BinaryIO,
        is_executable: bool,
    ) -> RecordEntry:
        """See `WheelDestination`.

        Raises:
            ValueError: The path leads out of its scheme's directory.
            OSError: A name is longer than a file's can be.
        """
        inside = posixpath.normpath(os.fspath(path))
        if inside.startswith("/") or inside.split("/")[0] in (".", ".."):
            raise ValueError(f"{path} would be written outside of its directory")
        # Nearly all paths are shorter as a whole.
        if len(os.fsencode(inside)) > _NAME_MAX and any(
            len(os.fsencode(each)) > _NAME_MAX for each in inside.split("/")
        ):
            number = errno.ENAMETOOLONG
            raise OSError(number, os.strerror(number), inside)
        member = cast("MemberStream", stream)
        digest, size_bytes, code = _read(member, inside)
        content = member_of(self._wheel, member.info)
        content = content._replace(
            size_bytes=size_bytes,
            is_sound=member.is_sound,
            copyable=member.is_sound
            and content.method == DEFLATED
            and content.stored_bytes < size_bytes,
            code=code,
        )
        hashed = record_hash(digest)
        self.files.append(FileFacts(scheme, inside, is_executable, hashed, content))
        return RecordEntry(inside, Hash.parse(hashed), size_bytes)

    def finalize_installation(self, *_: object, **__: object) -> None:
        """See `WheelDestination`: nothing has been written."""


def _read(member: MemberStream, path: str) -> tuple[bytes, int, MachineCode | None]:
    """Reads all of a member.

    Returns:
        Its SHA-256; its size, which may be less than what the directory says; what it
        says as machine code.
    """
    hashed = hashlib.sha256()
    size_bytes = 0
    chunks = member.chunks()
    code = None
    if may_be_machine_code(path, member.info.file_size):
        with _whole(chunks, member.info.file_size) as content:
            hashed.update(content)
            size_bytes = len(content)
            code = machine_code(within(content))
            module = module_parts(path)
            if code is not None and module:
                code = code._replace(defines_init=defines_init(content, module[-1]))
    else:
        for chunk in chunks:
            hashed.update(chunk)
            size_bytes += len(chunk)
    return hashed.digest(), size_bytes, code


@contextmanager
def _whole(chunks: Iterable[bytes], size_bytes: int) -> Iterator[bytes | mmap.mmap]:
    """Puts a content together; what is large is in a file meanwhile, one at a time."""
    if size_bytes < MAPPED_FROM_BYTES:
        yield b"".join(chunks)
        return
    with _mapping, TemporaryFile(prefix="package-function-") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


class KnownWheel(NamedTuple):
    """A wheel, and what is known of it.

    Attributes:
        wheel: The wheel.
        facts: What is known of it.
        state: Inode, size and time of the last modification when that was found out.
    """

    wheel: Wheel
    facts: WheelFacts
    state: tuple[int, int, int]

    def check(self) -> None:
        """Finds out whether the wheel is still the one that is known.

        Another run may have downloaded the same wheel, and put it in the place of this
        one: whoever has read either of them has read what the lock pins.

        Raises:
            ChangedSourceError: It is not, or it is gone.
        """
        with suppress(OSError):
            if _state(self.wheel.path) == self.state or self._is_pinned():
                return
        raise changed(str(self.wheel.path))

    def _is_pinned(self) -> bool:
        """Whether the file that is there now has the hash that the lock has."""
        path, pin = self.wheel.path, self.wheel.pin
        return pin is not None and pin == locked_hash(path, pin.partition(":")[0])


class FactsCache:
    """Facts of wheels, kept by the hashes that a lock file has of them."""

    def __init__(self, directory: Path | None) -> None:
        """Makes a cache.

        Args:
            directory: Where facts are kept from run to run; it need not be there yet.
        """
        self._directory = directory
        self._known: dict[Path, KnownWheel] = {}

    def of(self, wheel: Wheel) -> KnownWheel:
        """Finds what is known of a wheel, or finds it out; called in several threads.

        Facts that are kept have a checksum: damaged ones are made anew. What has been
        built here is inspected each time.

        Raises:
            ChangedSourceError: It is gone.
            Exception: See `inspect`.
        """
        known = self._known.get(wheel.path)
        if known is None:
            try:
                state = _state(wheel.path)
            except FileNotFoundError:
                raise changed(str(wheel.path)) from None
            known = KnownWheel(wheel, self._found(wheel), state)
            self._known[wheel.path] = known
        return known

    def _found(self, wheel: Wheel) -> WheelFacts:
        if wheel.pin is None or self._directory is None:
            return inspect(wheel.path)
        path = self._directory / f"{wheel.pin.replace(':', '-')}.json"
        with suppress(OSError, ValueError, TypeError):
            return _parsed(path.read_bytes(), wheel)
        facts = inspect(wheel.path)
        with suppress(OSError):  # a cache that cannot be written is no cache
            _write(path, _serialized(facts, wheel))
        return facts


def _state(path: Path) -> tuple[int, int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns


def _serialized(facts: WheelFacts, wheel: Wheel) -> bytes:
    # Without the wheel's path, which may be another one the next time.
    files = [(*each[:-1], each.content[1:]) for each in facts.files]
    document = (_made_for(wheel), facts.info, files, facts.issues)
    content = json.dumps(document, separators=(",", ":")).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def _made_for(wheel: Wheel) -> list[object]:
    """What facts depend on: another pypa/installer may install in another way."""
    return [FORMAT, installer.__version__, wheel.pin]


def _parsed(data: bytes, wheel: Wheel) -> WheelFacts:
    """Reads facts that have been kept.

    Raises:
        ValueError: They are damaged, or of another wheel or format.
        TypeError: As ValueError.
    """
    digest, _, content = data.partition(b"\n")
    if hashlib.sha256(content).hexdigest().encode() != digest:
        raise ValueError("they are damaged")
    made_for, info, files, issues = json.loads(content)
    if made_for != _made_for(wheel):
        raise ValueError("they are of another wheel or format")
    archive = str(wheel.path)
    return WheelFacts(
        info, tuple(_file(each, archive) for each in files), tuple(issues)
    )


def _file(fields: list[Any], archive: str) -> FileFacts:
    *others, (*content, code) = fields
    member = ZipMember._make((archive, *content, code and from_json(code)))
    return FileFacts._make((*others, member))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
