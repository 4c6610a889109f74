"""How many cores this process may use, which may be fewer than the machine has."""

from __future__ import annotations

import os
import posixpath

from pathlib import Path
from pathlib import PurePosixPath
from typing import Final


_CGROUPS: Final = Path("/sys/fs/cgroup")
_OWN_CGROUPS: Final = Path("/proc/self/cgroup")


def usable_cores() -> int:
    """Counts the cores that affinity and cgroups leave to this process.

    A container that may use 1.5 cores gets two workers: one would leave some of it.
    """
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    else:
        allowed = os.cpu_count() or 1
    quota = cpu_quota(_CGROUPS, _OWN_CGROUPS)
    return allowed if quota is None else max(1, min(allowed, -int(-quota // 1)))


def cpu_quota(cgroups: Path, own: Path) -> float | None:
    """Reads the smallest limit, in cores, of the cgroups that a process is in.

    Args:
        cgroups: Where the hierarchies are mounted.
        own: The process's `/proc/PID/cgroup`, a line for each hierarchy.

    Source: https://docs.kernel.org/admin-guide/cgroup-v2.html (`cpu.max`) and
    https://docs.kernel.org/scheduler/sched-bwc.html (`cpu.cfs_quota_us`).
    """
    try:
        lines = os.fsdecode(own.read_bytes()).split("\n")
    except OSError:  # not Linux
        return None
    quotas = []
    for line in lines:
        _, _, group = line.partition(":")
        controllers, colon, path = group.partition(":")
        if not colon:
            continue
        if not controllers:
            quotas += _quotas(cgroups, path, "cpu.max")
        elif "cpu" in controllers.split(","):
            # The hierarchy is mounted under its controllers' names, or one of them.
            for mount in {controllers, "cpu"}:
                quotas += _quotas(cgroups / mount, path, "cpu.cfs_quota_us")
    return min(quotas, default=None)


def _quotas(mount: Path, path: str, file: str) -> list[float]:
    quotas = []
    # "/../x" is a cgroup above those that this namespace shows.
    group = PurePosixPath(posixpath.normpath(f"/{path.lstrip('/')}"))
    # A container sees its own cgroup as the root: what is not there has no say.
    for each in (group, *group.parents):
        directory = mount / each.relative_to("/")
        try:
            text = (directory / file).read_text(encoding="ascii").split()
            if len(text) == 1:
                period = (directory / "cpu.cfs_period_us").read_text(encoding="ascii")
                text.append(period)
            quota_us, period_us = map(int, text)  # "max" is no number
            quota = quota_us / period_us
        except (OSError, ValueError, ArithmeticError):
            continue
        if quota_us > 0 and period_us > 0:  # -1 is what "max" is in version 1
            quotas.append(quota)
    return quotas
