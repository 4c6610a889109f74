"""What wheels work on a target; held against the library that pip uses."""

from __future__ import annotations

import itertools
import re
import sys

from typing import TYPE_CHECKING

import pytest

from packaging.tags import sys_tags

from poetry_plugin_package_function.bundling.constraining import marker_environment
from poetry_plugin_package_function.bundling.constraining import supported_tags
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import System
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform
from poetry_plugin_package_function.runtimes import platform_tags
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag


def target(runtime: str = "python3.13", machine: str = "x86_64") -> Target:
    found = RUNTIMES[runtime]
    return LAMBDA.target(found, machine)


def names(target: Target) -> list[str]:
    return [str(tag) for tag in supported_tags(target)]


@pytest.mark.parametrize(
    ("tag", "works"),
    [
        ("cp313-cp313-manylinux_2_34_x86_64", True),
        ("cp313-cp313-manylinux_2_35_x86_64", False),
        ("cp313-cp313-manylinux_2_17_x86_64", True),
        ("cp313-cp313-manylinux2014_x86_64", True),
        ("cp313-cp313-manylinux2010_x86_64", True),
        ("cp313-cp313-manylinux1_x86_64", True),
        ("cp313-cp313-linux_x86_64", True),
        ("cp313-cp313-musllinux_1_2_x86_64", False),
        ("cp313-cp313-manylinux_2_17_aarch64", False),
        ("cp313-cp313t-manylinux_2_17_x86_64", False),
        ("cp312-cp312-manylinux_2_17_x86_64", False),
        ("cp37-abi3-manylinux_2_28_x86_64", True),
        ("cp314-abi3-manylinux_2_28_x86_64", False),
        ("py3-none-manylinux2014_x86_64", True),
        ("py3-none-any", True),
        ("py2-none-any", False),
        ("cp313-cp313-win_amd64", False),
        ("cp313-cp313-macosx_11_0_arm64", False),
    ],
)
def test_wheels_that_work(tag: str, works: bool) -> None:
    assert works is (tag in names(target()))


def test_an_older_system() -> None:
    """Amazon Linux 2 has glibc 2.26."""
    found = names(target("python3.11", "aarch64"))

    assert "cp311-cp311-manylinux_2_26_aarch64" in found
    assert "cp311-cp311-manylinux_2_27_aarch64" not in found
    assert "cp311-cp311-manylinux2014_aarch64" in found
    assert [] == [tag for tag in found if "2010" in tag or "x86_64" in tag]
    assert [] == [tag for tag in found if "_2_16_" in tag]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux knows its own tags only")
def test_this_machine_is_no_special_case() -> None:
    """The same tags as `packaging` finds for this machine, in the same order.

    Versions of it differ in where `linux_*` stands, which no index has.
    """
    own = list(sys_tags())
    newest = next(tag.platform for tag in own if "linux_" not in tag.platform[:6])
    match = re.fullmatch(r"manylinux_2_(\d+)_x86_64", newest)
    if match is None:
        pytest.skip("this machine is no x86_64 with glibc")
    system = System("this one", (2, int(match[1])), (), ())
    version = f"3.{sys.version_info.minor}"
    found = supported_tags(Target(version, "x86_64", system))

    assert {*own} == {*found}
    assert without_linux(own) == without_linux(found)


def without_linux(tags: Iterable[Tag]) -> list[Tag]:
    return [tag for tag in tags if not tag.platform.startswith("linux_")]


@pytest.mark.parametrize(
    ("tag", "glibc", "machine"),
    [
        ("manylinux_2_28_x86_64", (2, 28), "x86_64"),
        ("manylinux2014_aarch64", (2, 17), "aarch64"),
        ("manylinux1_x86_64", (2, 5), "x86_64"),
        ("manylinux_2_39_aarch64", (2, 39), "aarch64"),
    ],
)
def test_platforms(tag: str, glibc: tuple[int, ...], machine: str) -> None:
    found = parse_platform(tag)

    assert found is not None
    system, found_machine = found
    assert (glibc, machine) == (system.glibc, found_machine)
    assert tag in platform_tags(system, machine)


@pytest.mark.parametrize(
    "tag",
    [
        *("", "any", "linux_x86_64", "musllinux_1_2_x86_64", "manylinux_2_28"),
        *("win_amd64", "macosx_11_0_arm64", "manylinux_2_28_i686", "manylinux3_x86_64"),
        *("manylinux_3_0_x86_64", "manylinux_2_x86_64", "manylinux_2_28_x86_64\n"),
    ],
)
def test_what_is_no_platform(tag: str) -> None:
    assert parse_platform(tag) is None


def test_newer_systems_have_all_that_older_ones_have() -> None:
    """Symbol versions only ever grow."""

    def grows(versions: Iterable[tuple[int, ...]]) -> bool:
        return all(a <= b for a, b in itertools.pairwise(versions))

    systems = [
        found[0]
        for minor in range(5, 45)
        if (found := parse_platform(f"manylinux_2_{minor}_x86_64"))
    ]
    assert 40 == len(systems)
    assert grows(each.glibcxx for each in systems)
    assert grows(each.cxxabi for each in systems)
    for runtime in RUNTIMES.values():
        least = systems[runtime.system.glibc[1] - 5]
        assert runtime.system.glibcxx >= least.glibcxx
        assert runtime.system.cxxabi >= least.cxxabi


def test_markers_of_a_target() -> None:
    """What depends on the machine is the target's, the version the interpreter's."""
    own = {
        "platform_machine": "arm64",
        "sys_platform": "darwin",
        "platform_system": "Darwin",
        "os_name": "posix",
        "platform_release": "24.1.0",
        "platform_version": "Darwin Kernel",
        "python_full_version": "3.13.2",
        "python_version": "3.13",
        "implementation_name": "cpython",
    }
    found = marker_environment(target(), own)

    expected = {
        "platform_machine": "x86_64",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "python_full_version": "3.13.2",
        "implementation_name": "cpython",
    }
    assert expected.items() <= found.items()
    assert "Darwin" not in str(found)


def test_targets_are_told_in_full() -> None:
    assert "python3.13 on x86_64 (Amazon Linux 2023, glibc 2.34)" == str(target())
    found = parse_platform("manylinux_2_28_aarch64")
    assert found is not None
    system, machine = found
    other = Target("3.12", machine, system)
    assert "Python 3.12 on aarch64 (manylinux_2_28, glibc 2.28)" == str(other)
