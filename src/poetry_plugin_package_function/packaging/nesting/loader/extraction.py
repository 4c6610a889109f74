"""Runs in Lambda: extracts a unit of a nested ZIP, once for each environment.

It is shipped beside the loader, which loads it when something is not there yet. It uses
the standard library only, of Python 3.10 or later.

Each unit is extracted when it is first imported, once for each environment, whatever
happens on the way:

1. The result is a directory named by the ZIP's digest and the unit, so that it can
   never be another version's. If it is there, it is complete: nothing is locked,
   nothing is read.
2. Otherwise a lock is taken. The kernel drops it if its holder dies. Whoever waited
   looks again: the holder has done the work.
3. Files are written into a sibling of the result. One that has its size is complete: so
   an extraction that was killed, as at the end of INIT's 10 seconds, is resumed where
   it stopped.
4. Each file's CRC-32 is checked, and that of what says which files there are.
5. Renaming the sibling to the result is atomic. A lost race is not an error.
6. Somebody may empty `/tmp` in between. What is gone is extracted again when something
   of it is imported.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import threading
import zlib

from contextlib import contextmanager
from contextlib import suppress


TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence
    from typing import Any


MIB = 1 << 20
MAX_EPHEMERAL_STORAGE = 10240 * MIB

CHUNK = 1 << 20
BATCH = 4 << 20
WHOLE = 16 << 20

Member = tuple[str, int, int, int, int, int, int]
"""Name, method, compressed size, size, offset of the local header, mode, CRC-32."""


class Nested:
    """What is to be extracted of a nested ZIP, and where to.

    Attributes:
        archive: The nested ZIP.
        result: The directory to make.
        directory: Where the unit's part of the ZIP's central directory is: offset,
            length, number of members; and its CRC-32 in hexadecimal.
        total_bytes: What all units take, for advice.
        links: What stands beside its files, and where it is.
        stand_ins: Sources that stand for modules which are elsewhere, by their names.
    """

    def __init__(
        self,
        archive: str,
        result: str,
        directory: Sequence[Any],
        total_bytes: int,
        links: Mapping[str, str],
        stand_ins: Mapping[str, str],
    ) -> None:
        self.archive = archive
        self.result = result
        self.directory = directory
        self.total_bytes = total_bytes
        self.links = links
        self.stand_ins = stand_ins


def extract(nested: Nested, witness: str) -> None:
    """Extracts a unit of a nested ZIP, unless somebody else has done so meanwhile.

    Args:
        nested: The unit.
        witness: What is there if all of it is: as a rule the directory.
    """
    with _locked(f"{nested.result}.lock"):
        if not os.path.exists(witness):
            extract_all(nested)


@contextmanager
def _locked(path: str) -> Iterator[None]:
    while True:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(lock, path):  # who empties `/tmp` removes it, held or not
                yield
                return
        finally:
            # A child that has been forked meanwhile has this descriptor, too.
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)


def _is_at(descriptor: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def extract_all(nested: Nested) -> None:
    """Extracts a unit, or what an earlier attempt has left to extract."""
    staging = nested.result + ".partial"
    descriptor = os.open(nested.archive, os.O_RDONLY | os.O_CLOEXEC)
    try:
        members = read_members(descriptor, nested.directory)
        if os.path.isdir(nested.result):  # without some of its files
            os.rename(nested.result, staging)
        if os.path.isdir(staging):
            missing = _missing(staging, members)
        else:
            os.mkdir(staging)
            missing = members
        place = os.stat(staging)
        names = (member[0] for member in members)
        _make_directories(staging, [*names, *nested.links, *nested.stand_ins])
        _link(staging, nested.links)
        for name, text in nested.stand_ins.items():
            with open(os.path.join(staging, name), "w", encoding="utf-8") as file:
                file.write(text)
        _check_space(staging, members, missing, nested.total_bytes)
        try:
            _extract_missing(descriptor, staging, missing)
        except OSError as error:
            if error.errno == errno.ENOSPC:  # somebody else writes there, too
                missing = _missing(staging, members)
                _check_space(staging, members, missing, nested.total_bytes)
            raise
    finally:
        os.close(descriptor)
    if not os.path.samestat(place, os.stat(staging)):
        raise OSError(errno.ENOENT, f"somebody has removed {staging} meanwhile")
    os.rename(staging, nested.result)


def read_members(descriptor: int, place: Sequence[Any]) -> list[Member]:
    """Reads a part of the central directory."""
    offset, length, count, checksum = place
    directory = os.pread(descriptor, length, offset)
    if len(directory) != length:
        raise OSError(errno.EIO, "it is damaged: its end is missing")
    if zlib.crc32(directory) != int(checksum, 16):
        raise OSError(errno.EIO, "it is damaged: its directory has another CRC-32")
    members = []
    position = 0
    for _ in range(count):
        method, crc, compressed, size, name_length, extra_length, mode, offset = (
            struct.unpack_from("<10xH4x3I2H6x2I", directory, position)
        )
        position += 46
        name = directory[position : position + name_length].decode("utf-8")
        position += name_length
        if extra_length:  # ZIP64's, and then only what did not fit
            numbers = iter(
                struct.unpack_from(f"<{extra_length // 8}Q", directory, position + 4)
            )
            position += extra_length
            size, compressed, offset = (
                next(numbers) if value == 0xFFFFFFFF else value
                for value in (size, compressed, offset)
            )
        mode = 0o755 if mode >> 16 & 0o111 else 0o644
        members.append((name, method, compressed, size, offset, mode, crc))
    return members


def _missing(staging: str, members: list[Member]) -> list[Member]:
    """Finds what is not complete; what has been begun is removed, as it takes space."""
    missing = []
    for member in members:
        path = os.path.join(staging, member[0])
        try:
            if os.stat(path).st_size == member[3]:
                continue
            os.unlink(path)
        except FileNotFoundError:
            pass
        missing.append(member)
    return missing


def _make_directories(staging: str, names: Iterable[str]) -> None:
    made = {""}
    for name in names:
        parent = name.rpartition("/")[0]
        if parent not in made:
            made.add(parent)
            os.makedirs(os.path.join(staging, parent), exist_ok=True)


def _link(staging: str, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        with suppress(FileExistsError):  # an extraction has been killed
            os.symlink(target, os.path.join(staging, name))


def _check_space(
    staging: str, members: list[Member], missing: list[Member], total_bytes: int
) -> None:
    state = os.statvfs(staging)
    block = state.f_frsize

    def needed_by(some: list[Member]) -> int:
        return sum(-(-member[3] // block) * block for member in some)

    free = state.f_bavail * block
    short = needed_by(missing) - free
    if short > 0:
        # Enough for this, and for all that may be imported later.
        size = max(state.f_blocks * block + short, total_bytes)
        text = _too_small(staging, needed_by(members), free, size)
        raise OSError(errno.ENOSPC, text)


def _too_small(staging: str, needed: int, free: int, size: int) -> str:
    total = -(-size // MIB)
    if total * MIB > MAX_EPHEMERAL_STORAGE:
        advice = "that is more than Lambda has: leave something out of the package"
    else:
        advice = (
            "set the function's ephemeral storage (EphemeralStorage.Size) to at least"
            f" {max(total, 512)} MB"
        )
    return (
        f"it needs {-(-needed // MIB)} MB in {os.path.dirname(staging)}, where"
        f" {free // MIB} MB are free: {advice}"
    )


def _extract_missing(descriptor: int, staging: str, missing: list[Member]) -> None:
    """Extracts on all cores: zlib and the file system work without the GIL."""
    # The largest first: what is left at the end keeps no core waiting for long.
    batches = sorted(_batches(missing), key=_size_of, reverse=True)
    pending = iter(batches)
    taking = threading.Lock()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while not failures:
                with taking:
                    batch = next(pending, None)
                if batch is None:
                    return
                _extract_batch(descriptor, staging, batch)
        except BaseException as error:
            failures.append(error)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    workers = []
    for _ in range(1, min(cores, len(batches))):
        worker = threading.Thread(target=work, daemon=True)
        try:
            worker.start()
        except RuntimeError:  # there is a limit, or the interpreter is about to end
            break
        workers.append(worker)
    work()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def _size_of(batch: list[Member]) -> int:
    return sum(member[3] for member in batch)


def _batches(members: list[Member]) -> Iterator[list[Member]]:
    """Puts small neighbours together: what is read at once stands side by side."""
    batch: list[Member] = []
    size = 0
    for member in members:
        if batch and size + member[3] > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(member)
        size += member[3]
    if batch:
        yield batch


def _extract_batch(descriptor: int, staging: str, batch: list[Member]) -> None:
    first = batch[0][4]
    name, _, compressed, _, last, _, _ = batch[-1]
    length = last + 30 + len(name.encode()) + compressed - first
    is_together = 0 < length <= 2 * BATCH and len(batch) > 1
    block = memoryview(os.pread(descriptor, length, first) if is_together else b"")
    for member in batch:
        extract_member(
            descriptor, member, os.path.join(staging, member[0]), first, block
        )


def extract_member(
    descriptor: int, member: Member, path: str, first: int, block: memoryview
) -> None:
    """Extracts one file; a damaged one is removed again.

    Args:
        descriptor: The nested ZIP.
        member: The file.
        path: Where to.
        first: Where in the ZIP `block` begins.
        block: What has been read of the ZIP already; it may lack the file.
    """
    name, _, _, size, _, mode, crc = member
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        written, found = _write_member(descriptor, file, member, first, block)
    except BaseException:
        os.unlink(path)  # with its size, it would be taken for complete
        raise
    finally:
        os.close(file)
    if (written, found) == (size, crc):
        return
    os.unlink(path)
    if written != size:
        raise OSError(errno.EIO, f"{name} has {written} bytes instead of {size}")
    raise OSError(errno.EIO, f"{name} is damaged: it has another CRC-32")


def _write_member(
    descriptor: int, file: int, member: Member, first: int, block: memoryview
) -> tuple[int, int]:
    """Writes a member's content; returns its size and CRC-32."""
    _, method, compressed, size, offset, _, _ = member
    at = offset - first
    header = block[at : at + 30] if block else os.pread(descriptor, 30, offset)
    name_length, extra_length = struct.unpack_from("<2H", header, 26)
    start = 30 + name_length + extra_length
    data = block[at + start : at + start + compressed]
    if len(data) < compressed or size > WHOLE:
        return _copy(descriptor, file, offset + start, member)
    content = zlib.decompress(data, -15, size or 1) if method else data
    found = zlib.crc32(content)
    return _write_all(file, content), found


def _copy(descriptor: int, file: int, start: int, member: Member) -> tuple[int, int]:
    """Copies a member piece by piece: memory is scarce.

    Returns:
        How many bytes it has, and their CRC-32; of too many, only the first.
    """
    _, method, compressed, size, *_ = member
    written = crc = 0
    for piece in _pieces(descriptor, start, compressed, method):
        crc = zlib.crc32(piece, crc)
        written += _write_all(file, piece)
        if written > size:
            break
    return written, crc


def _pieces(
    descriptor: int, start: int, compressed: int, method: int
) -> Iterator[bytes]:
    inflate = zlib.decompressobj(-15) if method else None
    end = start + compressed
    while start < end and not (inflate and inflate.eof):
        data = os.pread(descriptor, min(CHUNK, end - start), start)
        if not data:
            return
        start += len(data)
        if inflate is None:
            yield data
            continue
        while data and not inflate.eof:  # then it leaves the rest as it is
            yield inflate.decompress(data, 4 * CHUNK)
            data = inflate.unconsumed_tail
    if inflate is not None and not inflate.eof:
        yield inflate.flush()


def _write_all(file: int, data: bytes | memoryview) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    return len(data)
