"""What differs between the systems that package: Linux, macOS and Windows.

Archives are the same whatever packages them, so all that depends on it is here, and as
little of it as there can be. Lambda is Linux: nothing here is about it.
"""

from __future__ import annotations

import os
import signal
import stat
import sys

from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    import subprocess


HAS_MODES: Final = sys.platform != "win32"
"""Whether the system knows of a file whether it may be executed."""

GIT_CONVERTS: Final = sys.platform == "win32"
"""Whether Git changes line ends if nobody has said what it is to do. Source:
https://gitforwindows.org (core.autocrlf)."""

SYSTEM: Final = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, "Linux")
"""What people call this system."""

IMPORTS: Final = sys.platform != "win32"
"""Whether handlers are imported here. Windows has no Python like Lambda's: neither
`fork` nor `fcntl`, `pwd` or `resource`, nor paths that begin with "/"."""

_TELLS_CASE: Final = sys.platform == "linux"
"""Whether `App.py` is another file than `app.py`, as in archives and on Lambda."""

if sys.platform == "win32":
    STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGBREAK)
else:
    STOPPING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a process to stop."""


def posix(path: str) -> str:
    """Writes a path with "/", as archives, Git and pyproject.toml have it."""
    return path.replace(os.sep, "/")


def relative(path: str | os.PathLike[str], start: str | os.PathLike[str]) -> str:
    """Writes where a path is from a directory on, with "/".

    On Windows there is no way from one drive to another: then it is the path itself.
    """
    try:
        return posix(os.path.relpath(path, start))
    except ValueError:
        return posix(os.fspath(path))


def below(path: str, directory: str) -> str:
    """Writes where a path is below a directory that it begins with, with "/"."""
    return posix(path.removeprefix(os.path.join(directory, "")))


def is_spelt(path: str, top: str) -> bool:
    """Whether what is found at a path is called so, and not in another case.

    Args:
        path: Where something has been found.
        top: A directory above it, whose own name does not count.
    """
    if _TELLS_CASE or path == top:
        return True
    directory = top
    for name in below(path, top).split("/"):
        if name not in os.listdir(directory):
            return False
        directory = os.path.join(directory, name)
    return True


def is_link(item: os.DirEntry[str]) -> bool:
    """Whether something is a link: a symbolic one, or a junction of Windows."""
    if sys.platform == "win32":
        tag = item.stat(follow_symlinks=False).st_reparse_tag
        return tag in (stat.IO_REPARSE_TAG_SYMLINK, stat.IO_REPARSE_TAG_MOUNT_POINT)
    else:
        return item.is_symlink()


def lock(directory: str) -> int | None:
    """Locks a directory until its descriptor is closed; None if it cannot be locked.

    Another process may have it, or the file system has no locks. The kernel takes it
    from a process that is gone, however it has ended.

    Raises:
        OSError: It cannot be opened; on Windows no directory can.
    """
    descriptor = os.open(directory, os.O_RDONLY)
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
    return descriptor


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a group, and all that is left of the group."""
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # nothing is
            os.killpg(process.pid, signal.SIGKILL)
