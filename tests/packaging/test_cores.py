from __future__ import annotations

import os
import shutil
import subprocess
import sys

from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.packaging import cores
from poetry_plugin_package_function.packaging.cores import cpu_quota
from poetry_plugin_package_function.packaging.cores import usable_cores
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def quota_of(
    directory: Path, own: str | bytes, files: Mapping[str, str | bytes]
) -> float | None:
    """The quota under made-up cgroups: our `/proc/self/cgroup`, and the mounts."""
    write_files(directory, {"own": own})
    return cpu_quota(write_files(directory / "cgroups", files), directory / "own")


V2 = "0::/a.slice/b.scope\n"


@pytest.mark.parametrize(
    ("quota", "files"),
    [
        (1.5, {"a.slice/b.scope/cpu.max": "150000 100000\n"}),
        (0.05, {"a.slice/b.scope/cpu.max": "5000 100000\n"}),
        (None, {"a.slice/b.scope/cpu.max": "max 100000\n"}),
        (2.0, {"a.slice/cpu.max": "200000 100000\n"}),
        (2.0, {"cpu.max": "200000 100000\n"}),
        (
            1.0,
            {
                "a.slice/b.scope/cpu.max": "300000 100000\n",
                "a.slice/cpu.max": "50000 50000\n",
                "cpu.max": "max 100000\n",
            },
        ),
        (4.0, {"a.slice/cpu.max": "max 100000", "cpu.max": "400000 100000"}),
        (None, {"a.slice/other.scope/cpu.max": "100000 100000\n"}),
        (None, {}),
    ],
)
def test_version_2(tmp_path: Path, quota: float | None, files: dict[str, str]) -> None:
    """The smallest `cpu.max` counts, of our own cgroup and of all above it."""
    assert quota == quota_of(tmp_path, V2, files)


V1 = "12:memory:/m\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n0::/y\n"


def v1(directory: str, quota: str, period: str = "100000\n") -> dict[str, str]:
    return {
        f"{directory}/cpu.cfs_quota_us": quota,
        f"{directory}/cpu.cfs_period_us": period,
    }


@pytest.mark.parametrize(
    ("quota", "files"),
    [
        (1.5, v1("cpu,cpuacct/docker/abc", "150000\n")),
        (1.5, v1("cpu/docker/abc", "150000\n")),
        (2.5, v1("cpu,cpuacct", "125000\n", "50000\n")),
        (None, v1("cpu,cpuacct/docker/abc", "-1\n")),
        (3.0, v1("cpu/docker/abc", "-1\n") | v1("cpu/docker", "300000\n")),
        (None, v1("memory/m", "100000\n")),
        (None, v1("name=systemd/x", "100000\n")),
        (None, {"cpu/docker/abc/cpu.cfs_quota_us": "150000\n"}),
        (None, {"cpu/docker/abc/cpu.cfs_period_us": "100000\n"}),
        (1.0, v1("cpu/docker/abc", "300000\n") | {"y/cpu.max": "100000 100000"}),
    ],
)
def test_version_1(tmp_path: Path, quota: float | None, files: dict[str, str]) -> None:
    """Quota and period stand in two files, under the name of the controllers.

    A process may be in hierarchies of both versions: the smallest limit counts.
    """
    assert quota == quota_of(tmp_path, V1, files)


def test_the_order_of_controllers(tmp_path: Path) -> None:
    """A hierarchy that is mounted under another order of its names is found as cpu."""
    assert 2.0 == quota_of(tmp_path, "4:cpuacct,cpu:/\n", v1("cpu", "200000\n"))


def test_not_linux(tmp_path: Path) -> None:
    """Where nothing tells of cgroups there is no limit."""
    assert cpu_quota(tmp_path, tmp_path / "missing") is None


def test_a_cgroup_outside_of_the_namespace(tmp_path: Path) -> None:
    """What stands above the mount has no say."""
    write_files(tmp_path, {"cpu.max": "1 1\n", "x/cpu.max": "1 1\n"})

    assert quota_of(tmp_path, "0::/../x\n", {"cpu.max": "max 100000\n"}) is None


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"\n", b"nonsense\n", b"0\n", b"0:\n", b":::\n", b"0::\n", b"\xff\xfe"),
        *(b"0::/\xff\n", b"0::/a\0b\n", b"0::/" + b"x" * 5000, b"4:cpu\n"),
    ],
)
def test_garbage_about_our_own_cgroup(tmp_path: Path, text: bytes) -> None:
    """A line that says nothing is passed over, and the lines that say more count."""
    assert quota_of(tmp_path, text, {}) is None
    assert 1.5 == quota_of(
        tmp_path, text + b"\n0::/mine\n", {"mine/cpu.max": "150000 100000"}
    )


NO_LIMITS = (
    *("", "\n", "max", "-1", "0", "x", "1e5", "٣", "²", "\0", "1 2 3", "1x"),
    *("9" * 400, "9" * 5000),
)


@pytest.mark.parametrize("text", NO_LIMITS)
@pytest.mark.parametrize("mate", ["1", "-1", "0", ""])
def test_garbage_in_a_limit(tmp_path: Path, text: str, mate: str) -> None:
    """What is no limit is none, for either version."""
    for quota, period in ((text, mate), (mate, text)):
        if not text.startswith("9") or quota == text:
            v2 = {"cpu.max": f"{quota} {period}"}
            assert quota_of(tmp_path, "0::/\n", v2) is None
            assert quota_of(tmp_path, "4:cpu:/\n", v1("cpu", quota, period)) is None


@given(text=st.binary(max_size=40), own=st.binary(max_size=40))
def test_any_garbage(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, own: bytes
) -> None:
    """Nothing that a file may hold is an error; what is read is a positive number."""
    directory = tmp_path_factory.mktemp("cgroups")
    files = {"cpu.max": text, "cpu/cpu.cfs_quota_us": text}
    files["cpu/cpu.cfs_period_us"] = own

    quota = quota_of(directory, own + b"\n0::/\n4:cpu:/\n", files)

    assert quota is None or quota > 0


@pytest.mark.parametrize(
    ("expected", "affinity", "quota"),
    [
        (8, 8, None),
        (2, 8, 1.5),
        (1, 8, 1.0),
        (2, 8, 1.00001),
        (1, 8, 0.05),
        (2, 2, 16.0),
        (1, 1, None),
    ],
)
def test_affinity_and_quota(
    monkeypatch: pytest.MonkeyPatch, expected: int, affinity: int, quota: float | None
) -> None:
    """The smaller one counts; a part of a core is a worker, and there is always one."""
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False
    )
    monkeypatch.setattr(cores, "cpu_quota", lambda *_: quota)

    assert expected == usable_cores()


@pytest.mark.parametrize(("expected", "count"), [(6, 6), (1, None)])
def test_a_system_without_affinity(
    monkeypatch: pytest.MonkeyPatch, expected: int, count: int | None
) -> None:
    """The machine's cores count, and one where it does not tell."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: count)
    monkeypatch.setattr(cores, "cpu_quota", lambda *_: None)

    assert expected == usable_cores()


@pytest.mark.skipif(shutil.which("taskset") is None, reason="there is no taskset here")
def test_a_process_that_is_bound_to_one_core() -> None:
    """A process that taskset has bound to one core has one."""
    core = min(os.sched_getaffinity(0))
    code = f"from {usable_cores.__module__} import usable_cores; print(usable_cores())"

    told = subprocess.run(
        ["taskset", "-c", str(core), sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "1" == told.stdout.strip()


def test_this_machine() -> None:
    """What is found here is a number of cores that the machine has."""
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
