"""Which functions share an environment, and what each takes of it."""

from __future__ import annotations

import sys

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.bundling.plan import Bundle
from poetry_plugin_package_function.bundling.sharing import is_separable
from poetry_plugin_package_function.bundling.sharing import shares
from poetry_plugin_package_function.bundling.sharing import taken_by
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target
from tests.bundling.projects import Locked
from tests.bundling.projects import load
from tests.bundling.projects import locked
from tests.trees import install
from tests.trees import make_venv
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
ARM = Target("3.13", "aarch64", RUNTIME.system, RUNTIME)
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


def own_venv(directory: Path) -> Path:
    """An environment whose interpreter can be asked, and with nothing in it."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    venv = make_venv(directory, python=python)
    home = Path(sys.executable).resolve().parent
    (venv / "pyvenv.cfg").write_text(f"home = {home}\n")
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(Path(sys.executable).resolve())
    return venv


def test_what_a_function_takes(tmp_path: Path) -> None:
    """The project itself, and what an environment of its own would have."""
    marked = Locked("tzdata", marker='sys_platform == "win32"')
    arm_only = Locked("neon", marker='platform_machine == "aarch64"')
    poetry = project(tmp_path, marked, arm_only)
    venv = own_venv(tmp_path / "venv")

    assert {"my-app", "six", "markupsafe"} == taken_by(poetry, API, venv) - {"neon"}
    assert {"my-app", "six", "iniconfig"} == taken_by(poetry, WORKER, venv) - {"neon"}
    # Markers are the target's.
    on_arm = Bundle(("worker", "main"), (), PYTHON, ARM)
    expected = {"my-app", "six", "iniconfig", "neon"}
    assert expected == taken_by(poetry, on_arm, venv)


def separable(venv: Path, *names: str) -> bool:
    return is_separable(venv, frozenset(names))  # type: ignore[arg-type]


def test_what_has_files_of_its_own_can_be_taken_alone(tmp_path: Path) -> None:
    """Modules of a namespace are files of their own, too, and so are scripts."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "first", {"space/first.py": "", "../../../bin/run": ""})
    install(venv, "second", {"space/second.py": "", "../../../bin/run": ""})

    assert separable(venv, "first")
    assert separable(venv, "second")
    assert separable(venv, "first", "second")


def test_a_file_of_two_distributions_keeps_them_together(tmp_path: Path) -> None:
    """It is what was installed last, whoever takes it."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "first", {"shared.py": "1"})
    install(venv, "second", {"shared.py": "2"})
    install(venv, "third", {"third.py": "3"})

    assert not separable(venv, "first")
    assert not separable(venv, "second", "third")
    assert separable(venv, "third")
    assert separable(venv, "first", "second")
