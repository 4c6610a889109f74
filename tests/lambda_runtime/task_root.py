"""The function's directory: unpacked as Lambda unpacks a ZIP, and removed again."""

from __future__ import annotations

import calendar
import os
import shutil
import stat
import tempfile
import zipfile

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pathlib import PurePosixPath
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator

_DIRECTORY_MODE = 0o755
_MODE_WHEN_NONE_IS_GIVEN = 0o644
_OTHERS_READ_AND_EXECUTE = 0o005


class UnpackError(ValueError):
    """A member of the ZIP that cannot stand in a task root."""


@dataclass(frozen=True)
class Workspace:
    """The directories of one execution environment; the last is what is at `/opt`."""

    task_root: Path
    tmp_dir: Path
    layers_root: Path


@contextmanager
def workspace() -> Iterator[Workspace]:
    """A task root, an `/opt` (not made yet) and an empty `/tmp`, gone at the end.

    They lie where the unprivileged user can reach them, which pytest's `tmp_path`,
    closed to all but its owner, is not.
    """
    base = Path(tempfile.mkdtemp(prefix="lambda-")).resolve()
    try:
        base.chmod(_DIRECTORY_MODE)
        tmp_dir = base / "tmp"
        tmp_dir.mkdir()
        yield Workspace(base / "task", tmp_dir, base / "opt")
    finally:
        remove_tree(base)


def unpack(archive: Path, task_root: Path, *, read_only: bool = True) -> None:
    """Unpack `archive` into `task_root` with the modes and times that the ZIP gives.

    With `read_only` nothing in it can be written afterwards, and what the ZIP lets
    only an owner read cannot be read: in Lambda the function's user owns nothing in
    the task root. That binds an ordinary user only; `run` sees to it that the function
    does not run as root.
    """
    with zipfile.ZipFile(archive) as source:
        members = source.infolist()
        _check_names(members)
        _make_directory(task_root)
        # Links come last, so that no member is ever written through one.
        for member in sorted(members, key=_is_link):
            _unpack_member(source, member, task_root)
    if read_only:
        _make_read_only(task_root)


def remove_tree(root: Path) -> None:
    """Remove `root` and what is in it, read-only directories included."""
    if not root.exists():
        return
    for directory, _, _ in os.walk(root):
        Path(directory).chmod(0o700)
    shutil.rmtree(root)


def _check_names(members: list[zipfile.ZipInfo]) -> None:
    bad = [
        member.filename
        for member in members
        if PurePosixPath(member.filename).is_absolute()
        or ".." in PurePosixPath(member.filename).parts
    ]
    if bad:
        msg = f"members that lie outside of the task root: {', '.join(sorted(bad))}"
        raise UnpackError(msg)


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _unpack_member(
    source: zipfile.ZipFile, member: zipfile.ZipInfo, task_root: Path
) -> None:
    target = task_root / member.filename
    if member.is_dir():
        _make_directory(target)
        return
    _make_directory(target.parent)
    if _is_link(member):
        if not target.parent.resolve().is_relative_to(task_root.resolve()):
            msg = f"{member.filename}: a link that lies behind a link that leads out"
            raise UnpackError(msg)
        target.symlink_to(os.fsdecode(source.read(member)))
        return
    with source.open(member) as stream, target.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    mode = stat.S_IMODE(member.external_attr >> 16)
    target.chmod(mode or _MODE_WHEN_NONE_IS_GIVEN)
    # Bytecode that is checked by time stamp is valid only if this is kept. A ZIP's
    # date has no zone; Lambda's clock is UTC.
    modified_s = calendar.timegm((*member.date_time, 0, 0, 0))
    os.utime(target, (modified_s, modified_s))


def _make_directory(directory: Path) -> None:
    if directory.is_dir():
        return
    if directory.parent != directory:
        _make_directory(directory.parent)
    directory.mkdir()
    directory.chmod(_DIRECTORY_MODE)  # whatever the umask is


def _make_read_only(task_root: Path) -> None:
    for directory, _, names in os.walk(task_root, topdown=False):
        for name in names:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(_as_others(path.stat().st_mode))
        Path(directory).chmod(_as_others(_DIRECTORY_MODE))


def _as_others(mode: int) -> int:
    """The mode that gives everybody what `mode` gives others, writing excepted."""
    return (mode & _OTHERS_READ_AND_EXECUTE) * 0o111
