"""Which functions share an environment, and what each takes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from packaging.markers import default_environment

from poetry_plugin_package_function.bundling.plan import Bundle
from poetry_plugin_package_function.bundling.sharing import shares
from poetry_plugin_package_function.bundling.sharing import taken_by
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.services import LAMBDA
from tests.bundling.projects import Locked
from tests.bundling.projects import load
from tests.bundling.projects import locked
from tests.trees import write_files


if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry


PYPROJECT = """\
[project]
name = "My.App"
version = "1.0"
dependencies = ["six"]

[project.optional-dependencies]
text = ["markupsafe"]

[dependency-groups]
worker = ["iniconfig"]
"""
PACKAGES = (
    Locked("six"),
    Locked("iniconfig", groups=("worker",)),
    Locked("markupsafe", marker='extra == "text"', optional=True),
)
RUNTIME = RUNTIMES["python3.13"]
ARM = LAMBDA.target(RUNTIME, "aarch64")
PYTHON = Path("/usr/bin/python3.13")


def project(directory: Path, *more: Locked) -> Poetry:
    write_files(directory, {"pyproject.toml": PYPROJECT})
    return locked(directory, *PACKAGES, *more)


def extras(*names: str) -> tuple[NormalizedName, ...]:
    return names  # type: ignore[return-value]


API = Bundle(("main",), extras("text"), None)
WORKER = Bundle(("main", "worker"), (), None)
CRON = Bundle(("main",), (), None)


def test_one_environment_has_what_all_take(tmp_path: Path) -> None:
    """Whoever uses it still takes what is its own."""
    (share,) = shares(project(tmp_path), [API, WORKER, CRON])

    assert Bundle(("main", "worker"), extras("text"), None) == share.bundle
    assert {0: API, 1: WORKER, 2: CRON} == share.users


def test_interpreters_and_targets_are_built_apart(tmp_path: Path) -> None:
    """In the order of their first users; those of one target still share theirs."""
    arm = Bundle(("main",), (), PYTHON, ARM)
    arm_worker = Bundle(("main", "worker"), (), PYTHON, ARM)
    other_python = Bundle(("worker",), (), PYTHON)

    found = shares(project(tmp_path), [CRON, arm, other_python, API, arm_worker])

    assert [[0, 3], [1, 4], [2]] == [[*share.users] for share in found]
    assert [API, arm_worker, other_python] == [share.bundle for share in found]


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_what_stands_in_is_there_for_all(tmp_path: Path, version: str) -> None:
    """Who imports no handler shares with who does, whatever lock it is."""
    lock = project(tmp_path).locker.lock
    lock.write_text(
        lock.read_text().replace('version = "2.1"', f'version = "{version}"')
    )
    importing = replace(CRON, stand_ins=True)

    (share,) = shares(load(tmp_path), [CRON, importing])

    assert importing == share.bundle
    assert {0: importing, 1: importing} == share.users


@pytest.mark.parametrize("name", ["six", "Six"])
def test_several_versions_of_something_are_built_apart(
    name: str, tmp_path: Path
) -> None:
    """Groups and extras decide which of them is taken; the same ones still share."""
    poetry = project(tmp_path, Locked(name, "2.0", groups=("worker",)))

    found = shares(poetry, [API, WORKER, CRON, API])

    assert [API, WORKER, CRON] == [share.bundle for share in found]
    assert [[0, 3], [1], [2]] == [[*share.users] for share in found]


def test_older_locks_do_not_say_what_is_of_which_group(tmp_path: Path) -> None:
    lock = project(tmp_path).locker.lock
    lock.write_text(lock.read_text().replace('version = "2.1"', 'version = "2.0"'))

    assert [API, WORKER] == [
        share.bundle for share in shares(load(tmp_path), [API, WORKER])
    ]


# -- what is taken of an environment -------------------------------------------------


MARKERS: dict[str, object] = {
    **dict(default_environment()),
    "extra": "",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
}


def test_what_a_function_takes(tmp_path: Path) -> None:
    """The project itself, and what an environment of its own would have."""
    marked = Locked("tzdata", marker='sys_platform == "win32"')
    arm_only = Locked("neon", marker='platform_machine == "aarch64"')
    poetry = project(tmp_path, marked, arm_only)

    assert {"my-app", "six", "markupsafe"} == taken_by(poetry, API, MARKERS)
    assert {"my-app", "six", "iniconfig"} == taken_by(poetry, WORKER, MARKERS)
    assert {"my-app", "six"} == taken_by(poetry, CRON, MARKERS)
    # Markers are those that the environment has been built for.
    on_arm = {**MARKERS, "platform_machine": "aarch64"}
    expected = {"my-app", "six", "iniconfig", "neon"}
    assert expected == taken_by(poetry, WORKER, on_arm)
