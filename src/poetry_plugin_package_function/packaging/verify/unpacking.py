"""Archives unpacked as Lambda unpacks them, for as long as they are looked at."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import threading
import time
import zipfile

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.host import lock
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.archives import files_of
from poetry_plugin_package_function.packaging.verify.read_only_tree import ReadOnlyTree
from poetry_plugin_package_function.packaging.verify.read_only_tree import remove


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from typing import Self

    from poetry_plugin_package_function.packaging.sources.entry import Entry
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


@dataclass(frozen=True)
class Unpacked:
    """The directories of one execution environment, without symbolic links in them.

    Attributes:
        task_root: The archive's files; none of them can be written, unless by root.
        tmp_dir: What is `/tmp` there; empty.
        runtime_path: Where modules of Lambda's runtime are looked for: where Lambda has
            them, as its own images do, then in a directory with what replaces them,
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

    Attributes:
        ready: Set when a function's archives have been unpacked. Who lets others wait
            for that clears it before, and sets it if it does not come to that.
    """

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.ready.set()
        self._place: _Place | None = None

    def __enter__(self) -> Self:
        """Makes nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Removes everything."""
        if self._place is not None:
            self._place.remove()

    @contextmanager
    def unpacked(
        self, archives: Archives, provided: Sequence[Entry] = ()
    ) -> Iterator[Unpacked]:
        """Unpacks a function's archives, until the block ends.

        Args:
            archives: What packaging has written.
            provided: The files of what replaces modules of Lambda's runtime.

        Raises:
            VerifyError: They cannot be unpacked.
        """
        with scratch_directory() as directory:
            scratch = os.path.realpath(directory)
            try:
                yield self._environment(scratch, archives, provided)
            finally:
                remove(scratch)  # whatever the user's code has done to it

    def _environment(
        self, scratch: str, archives: Archives, provided: Sequence[Entry]
    ) -> Unpacked:
        try:
            layer = files_of(archives.layer) if archives.layer else ()
            root = self._update(
                [
                    *_below("task", files_of(archives.function)),
                    *_below("opt", layer),
                    *_below("runtime", provided),
                ]
            )
            runtime = [f"{root}/runtime"] if provided else []
            unpacked = Unpacked(
                task_root=f"{root}/task",
                tmp_dir=os.path.join(scratch, "tmp"),
                runtime_path=(verifier.RUNTIME, *runtime),
                layers_root=f"{root}/opt" if archives.layer else verifier.LAYERS,
                home_dir=os.path.join(scratch, "home", "user"),
                scratch=scratch,
            )
            os.mkdir(unpacked.tmp_dir)
            os.mkdir(os.path.dirname(unpacked.home_dir), 0o555)
            self.ready.set()
        except (OSError, zipfile.BadZipFile, SourceError) as error:
            raise VerifyError(
                f"{archives.function} could not be unpacked into"
                f" {tempfile.gettempdir()}: {error}.",
                "Free some space, or set TMPDIR to a directory that has more.",
            ) from None
        return unpacked

    def _update(self, entries: Sequence[Entry]) -> str:
        """Unpacks over what the function before has left, or anew; says where."""
        if self._place is None:
            in_memory = _has_room(MEMORY, sum(each.size_bytes for each in entries))
            self._place = _Place(MEMORY if in_memory else tempfile.gettempdir())
        try:
            self._place.tree.update(entries)
        except OSError:
            # Somebody else has taken the room in memory; on the disk it fails again.
            full, self._place = self._place, _Place(tempfile.gettempdir())
            full.remove()
            self._place.tree.update(entries)
        return self._place.tree.root


class _Place:
    """A directory that functions are unpacked into, one after the other.

    Attributes:
        tree: What is in it; others cannot look into the directory.
    """

    def __init__(self, parent: str) -> None:
        """Makes it, and removes what runs have left there that were killed."""
        self._path = os.path.realpath(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        self._lock = lock(self._path)
        self.tree = ReadOnlyTree(os.path.join(self._path, "root"))
        _remove_abandoned(parent, os.stat(self._path).st_uid)

    def remove(self) -> None:
        """Removes it."""
        remove(self._path)
        if self._lock is not None:
            os.close(self._lock)


def _below(directory: str, entries: Iterable[Entry]) -> Iterator[Entry]:
    return (each._replace(name=f"{directory}/{each.name}") for each in entries)


def _has_room(memory: str, size_bytes: int) -> bool:
    """Whether files may go into memory: twice the room, and four times the memory.

    Containers' engines do not let code be loaded from there (`noexec`).
    """
    if sys.platform != "linux":
        return False
    else:
        try:
            there = os.statvfs(memory)
            with open(MEMINFO, encoding="ascii") as lines:
                (available_kib,) = (
                    int(line.split()[1])
                    for line in lines
                    if line.startswith("MemAvailable")
                )
        except (OSError, ValueError):  # nothing is there
            return False
        return (
            os.access(memory, os.W_OK | os.X_OK)
            and not there.f_flag & (os.ST_RDONLY | os.ST_NOEXEC)
            and there.f_bavail * there.f_frsize > 2 * size_bytes
            and available_kib << 10 > 4 * size_bytes
        )


def _remove_abandoned(parent: str, user: int) -> None:
    """Removes what a user's processes have left that were killed: it takes memory."""
    with os.scandir(parent) as entries:
        found = [each for each in entries if each.name.startswith(_PREFIX)]
    for entry in found:
        with suppress(OSError):
            status = entry.stat(follow_symlinks=False)
            is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == user
            if is_ours and time.time() - status.st_mtime > _ABANDONED_S:
                taken = lock(entry.path)
                if taken is not None:
                    remove(entry.path)
                    os.close(taken)
