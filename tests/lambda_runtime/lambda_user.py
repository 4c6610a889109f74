"""The user that the function runs as: never root, whom file modes do not bind."""

from __future__ import annotations

import os
import shutil
import subprocess

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Sequence

_UID = 65534  # "nobody" on Linux
_GID = 65534
# Says by its status whether all paths can be used by whoever runs it.
_REACHABLE_SH = (
    'for path; do [ -r "$path" ] || exit 1;'
    ' [ ! -d "$path" ] || [ -x "$path" ] || exit 1; done'
)


class UnreachableError(RuntimeError):
    """The unprivileged user cannot reach the interpreter or a directory it needs."""


@dataclass(frozen=True)
class Launch:
    """A command line, and the arguments of `Popen` that make it unprivileged."""

    command: tuple[str, ...]
    uid: int | None
    gid: int | None
    groups: tuple[int, ...] | None


def launch(command: Sequence[str], needed: Sequence[Path]) -> Launch:
    """How to start `command`, which reads the `needed` paths, unprivileged.

    For an ordinary user the command stays as it is. Root becomes 65534. If that user
    cannot reach a needed path (an interpreter in root's home, pytest's temporary
    directories), it is let through with the capability to read, not to write,
    whatever the modes say; `setpriv` of util-linux grants it and leaves the process
    id as it is.
    """
    if os.geteuid() != 0:
        return Launch(tuple(command), uid=None, gid=None, groups=None)
    probe = ("/bin/sh", "-c", _REACHABLE_SH, "sh", *map(str, needed))
    if _succeeds(Launch(probe, uid=_UID, gid=_GID, groups=())):
        return Launch(tuple(command), uid=_UID, gid=_GID, groups=())
    setpriv = shutil.which("setpriv")
    if setpriv is not None:
        prefix = (
            setpriv,
            f"--reuid={_UID}",
            f"--regid={_GID}",
            "--clear-groups",
            "--inh-caps=-all,+dac_read_search",
            "--ambient-caps=-all,+dac_read_search",
            "--",
        )
        if _succeeds(Launch((*prefix, *probe), uid=None, gid=None, groups=None)):
            return Launch((*prefix, *command), uid=None, gid=None, groups=None)
    msg = (
        f"user {_UID}, as whom a function runs when root starts it, cannot reach one"
        f" of {', '.join(map(str, needed))}, and setpriv of util-linux is missing or"
        " may not grant it CAP_DAC_READ_SEARCH; run as an ordinary user, or use an"
        " interpreter, a cache (XDG_CACHE_HOME) and directories (TMPDIR) that"
        " everybody can read"
    )
    raise UnreachableError(msg)


def with_setpriv(start: Launch) -> tuple[str, ...]:
    """A command that becomes unprivileged itself, for one that has to begin as root."""
    if start.uid is None:
        return start.command
    setpriv = ("setpriv", f"--reuid={start.uid}", f"--regid={start.gid}")
    return (*setpriv, "--clear-groups", "--inh-caps=-all", "--", *start.command)


def hand_over(directory: Path) -> None:
    """Make `directory` and all that is in it the function's own."""
    if os.geteuid() != 0:
        return
    os.chown(directory, _UID, _GID)
    for parent, directories, names in os.walk(directory):
        for name in (*directories, *names):
            os.chown(Path(parent, name), _UID, _GID, follow_symlinks=False)


def _succeeds(launch: Launch) -> bool:
    try:
        done = subprocess.run(
            launch.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=launch.uid,
            group=launch.gid,
            extra_groups=launch.groups,
            cwd="/",
            check=False,
        )
    except PermissionError:  # a container without CAP_SETUID
        return False
    return done.returncode == 0
