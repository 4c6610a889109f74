"""Archives unpacked as Lambda unpacks them, for as long as they are looked at."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import threading
import time
import zipfile

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.archives import File
from poetry_plugin_package_function.packaging.verify.archives import files_of
from poetry_plugin_package_function.packaging.verify.read_only_tree import ReadOnlyTree
from poetry_plugin_package_function.packaging.verify.read_only_tree import remove


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from typing import Self

    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.verify.archives import Archives


MEMORY: Final = "/dev/shm"  # noqa: S108 - what is made there is ours alone
"""A file system in memory, where there is one.

To make and remove a file takes a fifth of what it takes on a disk, and ext4 looks for a
long time for an inode that has not been in use within the last five minutes
(`recently_deleted` in fs/ext4/ialloc.c), which after the first run means each.
"""

MEMINFO: Final = "/proc/meminfo"
"""Source: proc_meminfo(5)."""

_PREFIX: Final = "package-function-task-"
_ABANDONED_S: Final = 60.0
"""From making a directory to locking it, this is more than enough."""

NOTHING_PROVIDED: Final[Mapping[str, Content]] = MappingProxyType({})


@dataclass(frozen=True)
class Unpacked:
    """The directories of one execution environment, without symbolic links in them.

    Attributes:
        task_root: The archive's files; none of them can be written, unless by root.
        tmp_dir: What is `/tmp` there; empty.
        runtime_path: Where modules of Lambda's runtime are looked for: where Lambda has
            them, as its own images do, then in a directory with what stands for them,
            if anything does.
        layers_root: What is `/opt` there: the layer's files, if it has been unpacked.
        home_dir: A home directory that is not there and cannot be made, as Lambda's.
        scratch: Where `tmp_dir` is; more may be put there.
    """

    task_root: str
    tmp_dir: str
    runtime_path: tuple[str, ...]
    layers_root: str
    home_dir: str
    scratch: str


class Workspace:
    """Where the archives of a run are unpacked; all is gone when its block ends.

    What one archive has been unpacked to is changed into what the next one has. One is
    there at a time: others would be in the way of what is measured.
    """

    def __init__(self) -> None:
        self._made: list[_Place] = []
        self._idle: list[_Place] = []
        self._alone = threading.Lock()

    def __enter__(self) -> Self:
        """Makes nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Removes everything."""
        for place in self._made:
            place.remove()

    @contextmanager
    def unpacked(
        self, archives: Archives, provided: Mapping[str, Content] = NOTHING_PROVIDED
    ) -> Iterator[Unpacked]:
        """Unpacks a function's archives, until the block ends.

        Args:
            archives: What packaging has written.
            provided: What stands for modules of Lambda's runtime: the files, by the
                names that they have there.

        Raises:
            VerifyError: They cannot be unpacked.
        """
        with self._alone, self._environment(archives, provided) as unpacked:
            yield unpacked

    @contextmanager
    def _environment(
        self, archives: Archives, provided: Mapping[str, Content]
    ) -> Iterator[Unpacked]:
        where = tempfile.gettempdir()
        scratch = os.path.realpath(tempfile.mkdtemp(prefix="package-function-"))
        try:
            try:
                trees = {"task": files_of(archives.function)}
                if archives.layer is not None:
                    trees["opt"] = files_of(archives.layer)
                if provided:
                    trees["runtime"] = {
                        name: File(content, is_executable=False)
                        for name, content in provided.items()
                    }
                place = self._take(trees)
                where = place.path
                for name, files in trees.items():
                    place.trees[name].update(files)
                unpacked = _environment(scratch, place, trees)
            except (OSError, zipfile.BadZipFile, SourceError) as error:
                raise VerifyError(
                    f"{archives.function} could not be unpacked into {where}: {error}.",
                    "Free some space, or set TMPDIR to a directory that has more.",
                ) from None
            yield unpacked
            self._idle.append(place)
        finally:
            remove(scratch)

    def _take(self, trees: Mapping[str, Mapping[str, File]]) -> _Place:
        with suppress(IndexError):
            return self._idle.pop()
        size_bytes = sum(
            file.content.size_bytes
            for files in trees.values()
            for file in files.values()
            if isinstance(file.content, ZipMember)
        )
        place = _Place(
            MEMORY if _has_room(MEMORY, size_bytes) else tempfile.gettempdir()
        )
        self._made.append(place)
        return place


class _Place:
    """Directories that functions are unpacked to, one after the other.

    Attributes:
        path: Where they are.
        trees: "task", "opt" and "runtime"; none is there before it has been updated.
    """

    def __init__(self, parent: str) -> None:
        """Makes the directory that they are in.

        Args:
            parent: Where that is made.
        """
        _remove_abandoned(parent)
        self.path = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = _locked(self.path)
        self.trees = {
            name: ReadOnlyTree(os.path.join(self.path, name))
            for name in ("task", "opt", "runtime")
        }

    def remove(self) -> None:
        """Removes it."""
        remove(self.path)
        if self._lock is not None:
            os.close(self._lock)


def _environment(
    scratch: str, place: _Place, trees: Mapping[str, Mapping[str, File]]
) -> Unpacked:
    """Makes what is not out of archives."""
    unpacked = Unpacked(
        task_root=place.trees["task"].root,
        tmp_dir=os.path.join(scratch, "tmp"),
        runtime_path=(
            verifier.RUNTIME,
            *([place.trees["runtime"].root] if "runtime" in trees else []),
        ),
        layers_root=place.trees["opt"].root if "opt" in trees else verifier.LAYERS,
        home_dir=os.path.join(scratch, "home", "user"),
        scratch=scratch,
    )
    os.mkdir(unpacked.tmp_dir)
    os.mkdir(os.path.dirname(unpacked.home_dir), 0o555)
    return unpacked


def _has_room(memory: str, size_bytes: int) -> bool:
    """Whether files may be put into memory: twice the room, and four times the memory.

    Containers' engines do not let code be loaded from there (`noexec`).
    """
    try:
        there = os.statvfs(memory)
        with open(MEMINFO, encoding="ascii") as lines:
            (available_kib,) = (
                int(line.split()[1])
                for line in lines
                if line.startswith("MemAvailable")
            )
    except (OSError, ValueError):  # not Linux, or nothing there
        return False
    return (
        os.access(memory, os.W_OK | os.X_OK)
        and not there.f_flag & (os.ST_RDONLY | os.ST_NOEXEC)
        and there.f_bavail * there.f_frsize > 2 * size_bytes
        and available_kib << 10 > 4 * size_bytes
    )


def _locked(directory: str) -> int | None:
    """Locks a directory until its descriptor is closed; None if another process has it.

    The kernel takes the lock from a process that is gone, however it has ended.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_abandoned(parent: str) -> None:
    """Removes what processes have left that were killed: it takes memory otherwise."""
    with os.scandir(parent) as entries:
        found = [each for each in entries if each.name.startswith(_PREFIX)]
    for entry in found:
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
            if is_ours and time.time() - status.st_mtime > _ABANDONED_S:
                lock = _locked(entry.path)
                if lock is not None:
                    remove(entry.path)
                    os.close(lock)


def size_bytes(directory: str, block_bytes: int) -> int:
    """Adds up what the files below a directory take, in whole blocks."""
    return sum(
        -(-os.lstat(os.path.join(parent, name)).st_size // block_bytes) * block_bytes
        for parent, _, names in os.walk(directory)
        for name in names
    )
