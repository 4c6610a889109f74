"""What cannot be had for a target is found out before anything is downloaded."""

from __future__ import annotations

import re

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from packaging.tags import compatible_tags
from poetry.utils.env import MockEnv

from poetry_plugin_package_function.bundling.constraining import constrain
from poetry_plugin_package_function.bundling.plan import Bundle
from poetry_plugin_package_function.bundling.preflight import check_wheels
from poetry_plugin_package_function.bundling.preflight import wanted_packages
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform
from poetry_plugin_package_function.services import LAMBDA
from tests.bundling.projects import UNFETCHED
from tests.bundling.projects import Locked
from tests.bundling.projects import load
from tests.bundling.projects import locked
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.config.config import Config
    from poetry.poetry import Poetry


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
dependencies = ["jinja", "native"]

[dependency-groups]
dev = ["windows"]
"""
MANYLINUX = "manylinux_2_17_x86_64.manylinux2014_x86_64"
SDIST = ("native-1.0.tar.gz", UNFETCHED)


def project(directory: Path, *packages: Locked) -> Poetry:
    write_files(directory, {"pyproject.toml": PYPROJECT})
    return locked(directory, *packages)


def bundle_for(
    runtime: str, architecture: str = "x86_64", groups: tuple[str, ...] = ("main",)
) -> Bundle:
    found = RUNTIMES[runtime]
    machine = ARCHITECTURES[architecture]
    target = LAMBDA.target(found, machine)
    return Bundle(groups, (), None, target)


def check(poetry: Poetry, bundle: Bundle) -> list[str]:
    """What will be built, in words."""
    python = bundle.target.python if bundle.target else "3.11"
    major, minor = map(int, python.split("."))
    env = MockEnv((major, minor, 1), supported_tags=[*compatible_tags()])
    if bundle.target:
        constrain(env, bundle.target)
    said: list[str] = []
    check_wheels(poetry, bundle, env, said.append)
    return said


def refused(poetry: Poetry, bundle: Bundle) -> list[str]:
    """What is missing, in lines."""
    with pytest.raises(IncompatibleTargetError) as raised:
        check(poetry, bundle)
    assert "poetry config installer.no-binary " in raised.value.hint
    return raised.value.reason.splitlines()


def test_all_that_has_no_wheel_is_listed_at_once(tmp_path: Path) -> None:
    """With who requires it, what there is and what would work; the rest is not."""
    poetry = project(
        tmp_path,
        Locked("jinja", "3.1", requires=("markup-safe",)),
        Locked("markup-safe", "2.1", wheels=(f"cp311-cp311-{MANYLINUX}",)),
        Locked("native", wheels=("cp313-cp313-win_amd64", "cp313-cp313-win_arm64")),
        Locked("windows", groups=("dev",), wheels=("cp313-cp313-win_amd64",)),
    )

    assert [
        f"poetry.lock has no wheel for {bundle_for('python3.13').target} of:",
        "- markup-safe 2.1, required by my-app > jinja",
        "    has wheels of cp311 for manylinux2014_x86_64, manylinux_2_17_x86_64",
        "    has one for python3.11 on x86_64 (Amazon Linux 2, glibc 2.26)",
        "- native 1.0, required by my-app",
        "    has wheels of cp313 for win_amd64, win_arm64",
    ] == refused(poetry, bundle_for("python3.13"))


@pytest.mark.parametrize(
    ("tags", "works"),
    [
        (f"cp313-cp313-{MANYLINUX}", True),
        ("cp313-cp313-manylinux_2_34_x86_64", True),
        ("cp313-cp313-manylinux_2_35_x86_64", False),
        ("cp39-abi3-manylinux_2_28_x86_64", True),
        ("cp313-cp313-manylinux_2_17_aarch64", False),
        ("cp313-cp313-musllinux_1_2_x86_64", False),
        ("cp312-cp312-manylinux_2_17_x86_64", False),
        ("py2.py3-none-any", True),
    ],
)
def test_which_wheels_do(tags: str, works: bool, tmp_path: Path) -> None:
    """One that works is enough, whatever else there is."""
    others = ("cp313-cp313-win_amd64", "cp313-cp313-macosx_11_0_arm64")
    poetry = project(tmp_path, Locked("native", wheels=(*others, tags)))

    if works:
        check(poetry, bundle_for("python3.13"))
    else:
        assert (
            "- native 1.0, required by my-app"
            == refused(poetry, bundle_for("python3.13"))[1]
        )


def test_the_nearest_runtime_that_would_work(tmp_path: Path) -> None:
    """Amazon Linux 2 has an older glibc than wheels of today ask for."""
    tags = tuple(
        f"cp3{minor}-cp3{minor}-{platform}"
        for minor in (11, 12, 14)
        for platform in ("manylinux_2_27_x86_64", "macosx_12_0_arm64")
    )
    poetry = project(tmp_path, Locked("native", wheels=tags))

    assert [
        "- native 1.0, required by my-app",
        # Those of the right Python tell the most.
        "    has wheels of cp311 for macosx_12_0_arm64, manylinux_2_27_x86_64",
        "    has one for python3.12 on x86_64 (Amazon Linux 2023, glibc 2.34)",
    ] == refused(poetry, bundle_for("python3.11"))[1:]


def test_the_nearest_runtime_is_the_next_one(tmp_path: Path) -> None:
    """Not the oldest, nor the newest."""
    tags = tuple(
        f"cp3{minor}-cp3{minor}-manylinux_2_17_x86_64" for minor in (10, 11, 14)
    )
    poetry = project(tmp_path, Locked("native", wheels=tags))

    for runtime, nearest in (
        ("python3.13", "python3.14"),
        ("python3.12", "python3.11"),
    ):
        found = refused(poetry, bundle_for(runtime))
        assert found[-1].startswith(f"    has one for {nearest} on x86_64 (")


def test_the_nearest_runtime_may_be_on_another_machine(tmp_path: Path) -> None:
    poetry = project(
        tmp_path, Locked("native", wheels=("cp313-cp313-manylinux_2_28_x86_64",))
    )

    found = refused(poetry, bundle_for("python3.13", "arm64"))
    assert found[-1].startswith("    has one for python3.13 on x86_64 (")


def test_another_cloud_is_offered_no_runtime(tmp_path: Path) -> None:
    poetry = project(
        tmp_path, Locked("native", wheels=("cp312-cp312-manylinux_2_28_x86_64",))
    )
    parsed = parse_platform("manylinux_2_17_x86_64")
    assert parsed is not None
    system, machine = parsed
    target = Target("3.12", machine, system)

    found = refused(poetry, Bundle(("main",), (), None, target))

    assert "poetry.lock has no wheel for Python 3.12 on x86_64 (many" in found[0]
    assert "    has wheels of cp312 for manylinux_2_28_x86_64" == found[-1]


def test_a_long_list_is_cut(tmp_path: Path) -> None:
    """Eleven platforms, and that there are others."""
    tags = tuple(f"cp313-cp313-macosx_{n}_0_arm64" for n in range(10, 30))
    poetry = project(tmp_path, Locked("native", wheels=tags))

    told = refused(poetry, bundle_for("python3.13"))[-1]
    assert told.endswith(", others")
    assert 12 == told.count("macosx") + told.count("others")


def test_what_is_not_wanted_is_not_looked_at(tmp_path: Path) -> None:
    """Groups that are left out, and markers that are not the target's."""
    windows = Locked("windows", groups=("dev",), wheels=("cp313-cp313-win_amd64",))
    marked = replace(
        windows, name="native", groups=("main",), marker='sys_platform == "win32"'
    )
    poetry = project(tmp_path, windows, marked)

    check(poetry, bundle_for("python3.13"))
    with_dev = bundle_for("python3.13", groups=("main", "dev"))
    assert ["- windows 1.0, required by my-app"] == [
        line for line in refused(poetry, with_dev) if line.startswith("-")
    ]


def test_markers_are_the_targets(tmp_path: Path) -> None:
    """Whatever machine this is."""
    arm = Locked(
        "native",
        marker='platform_machine == "aarch64"',
        wheels=("cp313-cp313-manylinux_2_17_aarch64",),
    )
    poetry = project(tmp_path, arm)

    check(poetry, bundle_for("python3.13", "arm64"))
    check(poetry, bundle_for("python3.13"))  # where it is not wanted
    found = refused(poetry, bundle_for("python3.12", "arm64"))
    assert "- native 1.0, required by my-app" == found[1]


def test_a_project_without_a_name_is_called_as_its_directory(tmp_path: Path) -> None:
    """And not as Poetry calls it."""
    directory = tmp_path / "orders"
    table = '[tool.poetry]\npackage-mode = false\ndependencies = {native = "*"}\n'
    write_files(directory, {"pyproject.toml": table})
    wheels = ("cp313-cp313-win_amd64",)
    poetry = locked(directory, Locked("native", wheels=wheels))

    found = refused(poetry, bundle_for("python3.13"))
    assert "- native 1.0, required by orders" == found[1]


def test_what_has_no_wheel_at_all_is_built(tmp_path: Path) -> None:
    """On this machine; whether it works there is looked at when it has been."""
    poetry = project(tmp_path, Locked("native", wheels=(), files=(SDIST,)))
    check(poetry, bundle_for("python3.13", "arm64"))


@pytest.mark.parametrize("setting", ["native", ":all:"])
def test_no_binary_is_obeyed(setting: str, tmp_path: Path, config: Config) -> None:
    """Who has it built, knows that there is no wheel."""
    poetry = project(
        tmp_path,
        Locked("native", wheels=("cp313-cp313-win_amd64",), files=(SDIST,)),
    )
    refused(poetry, bundle_for("python3.13"))

    config.merge({"installer": {"no-binary": [setting]}})
    assert [
        "Building native 1.0 from source: the lock's wheels are for win_amd64"
    ] == check(poetry, bundle_for("python3.13"))


def test_what_this_machine_builds_is_said(tmp_path: Path) -> None:
    """Without a target all is built that has no wheel for this machine."""
    tags = tuple(f"cp3{minor}-cp3{minor}-{MANYLINUX}" for minor in (9, 7, 8, 10))
    poetry = project(
        tmp_path,
        Locked("native", wheels=tags, files=(SDIST,)),
        Locked("jinja", wheels=("py3-none-win_amd64",)),
    )
    said = check(poetry, replace(bundle_for("python3.13"), target=None))

    assert [
        "Building jinja 1.0 from source: the lock's wheels are for win_amd64",
        "Building native 1.0 from source: the lock's wheels are for cp37 to cp310",
    ] == sorted(said)


def old_lock(poetry: Poetry, *, requires: str = "") -> Poetry:
    """The project again, with its lock as Poetry 2.0 has written it."""
    lock = poetry.locker.lock
    text = lock.read_text()
    assert 'lock-version = "2.1"' in text
    text = text.replace('lock-version = "2.1"', 'lock-version = "2.0"')
    lock.write_text(re.sub(r"(groups|markers) = .*\n", "", text))
    return load(poetry.file.path.parent)


def test_an_older_lock_is_solved(tmp_path: Path) -> None:
    """It does not say what is of which group: Poetry's solver finds it, offline."""
    poetry = old_lock(
        project(
            tmp_path,
            Locked("jinja", "3.1", requires=("markup-safe",)),
            Locked("markup-safe", "2.1", wheels=(f"cp311-cp311-{MANYLINUX}",)),
            Locked("native", wheels=("cp313-cp313-win_amd64",), files=(SDIST,)),
            Locked("windows", groups=("dev",), wheels=("cp313-cp313-win_amd64",)),
        )
    )

    assert [
        "- markup-safe 2.1, required by my-app > jinja",
        "- native 1.0, required by my-app",
    ] == sorted(
        line
        for line in refused(poetry, bundle_for("python3.13"))
        if line.startswith("-")
    )
    with_dev = refused(poetry, bundle_for("python3.13", groups=("main", "dev")))
    assert "- windows 1.0, required by my-app" in with_dev


def test_an_older_lock_that_cannot_be_solved_is_left_to_poetry(tmp_path: Path) -> None:
    """It has words for that, which its users know."""
    poetry = old_lock(project(tmp_path, Locked("jinja")))
    assert [] == check(poetry, bundle_for("python3.13"))


def test_the_line_that_asks_for_another_runtime(tmp_path: Path) -> None:
    """For one that the lock has all wheels for, and that the project allows."""
    tags = tuple(f"cp3{minor}-cp3{minor}-{MANYLINUX}" for minor in (10, 12, 13))
    poetry = project(
        tmp_path,
        Locked("native", wheels=tags),
        Locked("jinja", wheels=(f"cp313-cp313-{MANYLINUX}",)),
    )
    for runtime, architecture, line in (
        ("python3.11", "x86_64", "--runtime python3.13."),
        ("python3.11", "arm64", "--runtime python3.13 --architecture x86_64."),
        ("python3.13", "arm64", "another target: --architecture x86_64."),
    ):
        with pytest.raises(IncompatibleTargetError) as raised:
            check(poetry, bundle_for(runtime, architecture))
        assert line in raised.value.hint

    narrow = PYPROJECT.replace("dep", 'requires-python = "<3.13"\ndep', 1)
    write_files(tmp_path, {"pyproject.toml": narrow})
    with pytest.raises(IncompatibleTargetError) as raised:
        check(load(tmp_path), bundle_for("python3.11"))
    assert raised.value.hint.startswith("Newer versions may have one: poetry update ")


def test_files_that_are_no_wheels_are_passed_over(tmp_path: Path) -> None:
    """Whatever an index has."""
    files = (SDIST, ("native-1.0-1.whl", UNFETCHED), ("native.exe", UNFETCHED))
    poetry = project(
        tmp_path, Locked("native", files=files, wheels=("cp313-cp313-win_amd64",))
    )
    assert (
        "    has wheels of cp313 for win_amd64"
        == refused(poetry, bundle_for("python3.13"))[-1]
    )


def test_what_is_wanted_is_what_poetry_would_install(tmp_path: Path) -> None:
    """Not what only another group needs, and each once."""
    poetry = project(
        tmp_path,
        Locked("jinja", groups=("main", "dev")),
        Locked("native", groups=("dev",)),
    )
    environment = MockEnv((3, 13, 1)).marker_env

    for groups, expected in ((("main",), ["jinja"]), (("dev",), ["jinja", "native"])):
        bundle = Bundle(groups, (), None)
        found = wanted_packages(poetry, bundle, environment)
        assert expected == sorted(package.name for package in found)
