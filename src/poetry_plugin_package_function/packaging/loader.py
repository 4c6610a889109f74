"""Runs in Lambda: makes what is in a nested ZIP importable.

It is shipped beside the nested ZIP, and the stubs in the places of the project's own
modules call `load`. It uses the standard library only, of Python 3.10 or later.

The nested ZIP is extracted once for each environment, whatever happens on the way:

1. The result is a directory named by the ZIP's digest, so that it can never be another
   version's. If it is there, it is complete: nothing is locked, nothing is read.
2. Otherwise a lock is taken. The kernel drops it if its holder dies. Whoever waited
   looks again: the holder has done the work.
3. Files are written into a sibling of the result, each under a scratch name first and
   then renamed. So a file that is there is complete, and an extraction that was killed,
   as at the end of INIT's 10 seconds, is resumed where it stopped.
4. Renaming the sibling to the result is atomic. A lost race is not an error.

See docs/nested-zip.md.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import json
import os
import site
import struct
import sys
import threading
import zlib

from importlib.machinery import PathFinder
from importlib.util import module_from_spec


MIB = 1 << 20
MAX_EPHEMERAL_STORAGE = 10240 * MIB
ARCHIVE = ".dependencies.zip"
SETTINGS = ".dependencies.zip.json"

_TMP = "/tmp"  # noqa: S108 - on Lambda nobody else is there
_CHUNK = 1 << 20
_SCRATCH = ".part-"

_inserting = threading.Lock()

Member = tuple[str, int, int, int, int, int]
"""Name, method, compressed size, size, offset of the local header, mode."""


def load(name: str, home: str, task_root: str) -> None:
    """Replaces a stub in `sys.modules` by the module that it stands for.

    Args:
        name: The module to import.
        home: The directory that holds the nested ZIP.
        task_root: The directory that Lambda has unpacked the function into.

    Raises:
        ImportError: The nested ZIP cannot be extracted; the text says what to do.
    """
    directory = prepare(home, task_root)
    parents = name.split(".")[:-1]
    spec = PathFinder.find_spec(name, [os.path.join(directory, *parents)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{name} is not in {home}/{ARCHIVE}", name=name)
    module = module_from_spec(spec)
    # As the import system does it: other threads that import this module now wait.
    spec._initializing = True  # type: ignore[attr-defined]
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        spec._initializing = False  # type: ignore[attr-defined]


def prepare(home: str, task_root: str) -> str:
    """Extracts the nested ZIP if need be, and puts it on `sys.path`.

    It goes in front of the task root, wherever that stands: what a wrapper has put
    before the task root stays before it.
    """
    try:
        directory = extract(home, os.path.abspath(os.environ.get("TMPDIR") or _TMP))
    except (OSError, ValueError, struct.error, zlib.error) as error:
        raise ImportError(
            f"The function's nested ZIP could not be extracted: {error}"
        ) from error
    # Writing it takes longer than all that it could save: nobody starts here twice.
    sys.dont_write_bytecode = True
    with _inserting:  # two threads may import two of the project's modules
        if directory in sys.path:
            return directory
        root = os.path.realpath(task_root)
        places = [
            place
            for place, entry in enumerate(sys.path)
            if os.path.realpath(entry) == root
        ]
        sys.path.insert(places[0] if places else 0, directory)
    importlib.invalidate_caches()
    site.addsitedir(directory)  # Lambda obeys .pth files in the task root, too
    return directory


def extract(home: str, temporary: str) -> str:
    """Extracts the nested ZIP below `temporary`, once; returns where it is."""
    with open(os.path.join(home, SETTINGS), encoding="utf-8") as file:
        settings = json.load(file)
    result: str = os.path.join(temporary, "package-function-" + settings["sha256"][:32])
    if os.path.isdir(result):
        return result
    lock = os.open(result + ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(result):
            _extract_all(os.path.join(home, ARCHIVE), result)
    finally:
        os.close(lock)
    return result


def _extract_all(archive: str, result: str) -> None:
    staging = result + ".partial"
    descriptor = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)
    try:
        members = _read_members(descriptor)
        _remove_scratch(result)  # it counts against the free space
        _make_directories(staging, members)
        missing = [member for member in members if not _is_there(staging, member)]
        _check_space(staging, members, missing)
        try:
            _extract_missing(descriptor, staging, missing, result + _SCRATCH)
        except OSError as error:
            _remove_scratch(result)
            if error.errno == errno.ENOSPC:  # somebody else writes there, too
                missing = [each for each in missing if not _is_there(staging, each)]
                _check_space(staging, members, missing)
            raise
    finally:
        os.close(descriptor)
    os.rename(staging, result)


def _read_members(descriptor: int) -> list[Member]:
    """Reads the central directory."""
    end = os.fstat(descriptor).st_size - 22
    if end < 0 or os.pread(descriptor, 4, end) != b"PK\5\6":
        raise OSError(errno.EIO, "it is damaged: its end is missing")
    count, length, start = struct.unpack("<H2I", os.pread(descriptor, 10, end + 10))
    if count == 0xFFFF or start == 0xFFFFFFFF:
        (zip64,) = struct.unpack("<Q", os.pread(descriptor, 8, end - 12))
        count, length, start = struct.unpack(
            "<3Q", os.pread(descriptor, 24, zip64 + 32)
        )
    directory = os.pread(descriptor, length, start)
    members = []
    position = 0
    for _ in range(count):
        (method, compressed, size, name_length, extra_length, attributes, offset) = (
            struct.unpack_from("<10xH8x2I2H6x2I", directory, position)
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
        mode = 0o755 if attributes >> 16 & 0o111 else 0o644
        members.append((name, method, compressed, size, offset, mode))
    return members


def _make_directories(staging: str, members: list[Member]) -> None:
    os.makedirs(staging, exist_ok=True)
    made = {""}
    for name, *_ in members:
        parent = name.rpartition("/")[0]
        if parent not in made:
            made.add(parent)
            os.makedirs(os.path.join(staging, parent), exist_ok=True)


def _remove_scratch(result: str) -> None:
    """Removes what an extraction that failed or was killed has not finished."""
    directory, name = os.path.split(result)
    for each in os.listdir(directory):
        if each.startswith(name + _SCRATCH):
            os.unlink(os.path.join(directory, each))


def _is_there(staging: str, member: Member) -> bool:
    try:
        return os.stat(os.path.join(staging, member[0])).st_size == member[3]
    except FileNotFoundError:
        return False


def _check_space(staging: str, members: list[Member], missing: list[Member]) -> None:
    state = os.statvfs(staging)
    block = state.f_frsize

    def needed_by(some: list[Member]) -> int:
        return sum(-(-member[3] // block) * block for member in some)

    free = state.f_bavail * block
    short = needed_by(missing) - free
    if short > 0:
        raise OSError(
            errno.ENOSPC, _too_small(staging, needed_by(members), free, short)
        )


def _too_small(staging: str, needed: int, free: int, short: int) -> str:
    state = os.statvfs(staging)
    total = -(-(state.f_blocks * state.f_frsize + short) // MIB)
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


def _extract_missing(
    descriptor: int, staging: str, missing: list[Member], scratch: str
) -> None:
    """Extracts on all cores: zlib and the file system work without the GIL."""
    pending = iter(missing)
    taking = threading.Lock()
    failures: list[BaseException] = []

    def work(number: int) -> None:
        mine = scratch + str(number)
        try:
            while not failures:
                with taking:
                    member = next(pending, None)
                if member is None:
                    return
                _extract_member(descriptor, member, mine)
                os.rename(mine, os.path.join(staging, member[0]))
        except BaseException as error:
            failures.append(error)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    workers = [
        threading.Thread(target=work, args=(number,), daemon=True)
        for number in range(1, cores)
    ]
    for worker in workers:
        worker.start()
    work(0)
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]


def _extract_member(descriptor: int, member: Member, path: str) -> None:
    name, method, compressed, size, offset, mode = member
    name_length, extra_length = struct.unpack(
        "<2H", os.pread(descriptor, 4, offset + 26)
    )
    start = offset + 30 + name_length + extra_length
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        inflate = zlib.decompressobj(-15) if method else None
        end = start + compressed
        written = 0
        while start < end:
            data = os.pread(descriptor, min(_CHUNK, end - start), start)
            if not data:
                break
            start += len(data)
            # No chunk of output is larger than this either: memory is scarce.
            while data:
                if inflate is None:
                    output, data = data, b""
                else:
                    output = inflate.decompress(data, 4 * _CHUNK)
                    data = inflate.unconsumed_tail
                written += _write_all(file, output)
        if inflate is not None:
            written += _write_all(file, inflate.flush())
    finally:
        os.close(file)
    if written != size:
        raise OSError(errno.EIO, f"{name} has {written} bytes instead of {size}")


def _write_all(file: int, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    return len(data)
