"""What a user's environment says makes no difference to the archive."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import contents
from tests.e2e.projects import sha256
from tests.e2e.projects import small_project
from tests.e2e.running import BIN
from tests.e2e.running import Poetry
from tests.e2e.running import run
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def copied(small: Path, tmp_path: Path) -> Path:
    """The small project in a directory of the test's own."""
    directory = tmp_path / "elsewhere" / "project"
    shutil.copytree(small, directory, ignore=shutil.ignore_patterns("dist"))
    return directory


def make_venv(directory: Path) -> None:
    """Makes a real virtual environment."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(directory)]
    subprocess.run(command, check=True)


def snapshot(directory: Path) -> dict[str, tuple[int, int]]:
    """Size and time of everything below a directory."""
    return {
        str(path): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in directory.rglob("*")
    }


def test_an_active_virtual_environment_stays_untouched(
    poetry: Poetry, copied: Path, ordinary: Path, tmp_path: Path
) -> None:
    """It is neither packaged nor emptied: not a file in it changes."""
    active = tmp_path / "active"
    make_venv(active)
    (active / "mine.txt").write_text("mine")
    before = snapshot(active)
    path = os.pathsep.join([str(active / "bin"), poetry.env["PATH"]])
    poetry.package(copied, env={"VIRTUAL_ENV": str(active), "PATH": path}).well()
    assert before == snapshot(active)
    assert sha256(ordinary) == sha256(copied / "dist" / "my_app.zip")


@pytest.mark.parametrize(
    "env",
    [
        {
            "POETRY_VIRTUALENVS_CREATE": "false",
            "POETRY_VIRTUALENVS_IN_PROJECT": "true",
            "POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES": "true",
            "POETRY_INSTALLER_PARALLEL": "false",
            # If the first one were obeyed, Poetry would empty the machine's Python.
            "PIP_REQUIRE_VIRTUALENV": "1",
        },
        {
            "POETRY_VIRTUALENVS_OPTIONS_ALWAYS_COPY": "true",
            "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "false",
            "POETRY_INSTALLER_RE_RESOLVE": "true",
        },
    ],
    ids=["where and how", "what else"],
)
def test_poetrys_settings(
    env: dict[str, str], poetry: Poetry, copied: Path, ordinary: Path
) -> None:
    """They are about the user's environments, not about the one that is packaged.

    None of those in one run hides that another one is obeyed.
    """
    poetry.package(copied, env=env).well()
    assert sha256(ordinary) == sha256(copied / "dist" / "my_app.zip")
    assert not (copied / ".venv").exists()


def test_an_environment_in_the_project(
    poetry: Poetry, copied: Path, ordinary: Path
) -> None:
    """A `.venv` that is there already stays as it is."""
    make_venv(copied / ".venv")
    before = snapshot(copied / ".venv")
    poetry.package(copied, env={"POETRY_VIRTUALENVS_IN_PROJECT": "true"}).well()
    assert before == snapshot(copied / ".venv")
    assert sha256(ordinary) == sha256(copied / "dist" / "my_app.zip")


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_the_umask(umask: int, poetry: Poetry, copied: Path, ordinary: Path) -> None:
    """It decides on the mode of the archive, and on nothing in it."""
    poetry(copied, "package-function", umask=umask).well()
    archive = copied / "dist" / "my_app.zip"
    assert sha256(ordinary) == sha256(archive)
    assert 0o666 & ~umask == archive.stat().st_mode & 0o777


@pytest.mark.parametrize(
    "env",
    [
        {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
    ],
    ids=["east", "west"],
)
def test_clock_language_and_hash_seed(
    env: dict[str, str], poetry: Poetry, copied: Path, ordinary: Path
) -> None:
    """Another directory, another time zone, another locale: the same bytes."""
    poetry.package(copied, env=env).well()
    assert sha256(ordinary) == sha256(copied / "dist" / "my_app.zip")


def test_one_core(poetry: Poetry, copied: Path, ordinary: Path) -> None:
    """The number of cores decides on the time only."""
    taskset = shutil.which("taskset")
    if taskset is None:
        pytest.skip("there is no taskset here")
    poetry(copied, "package-function", prefix=(taskset, "-c", "0")).well()
    assert sha256(ordinary) == sha256(copied / "dist" / "my_app.zip")


RICH = """\
description = "A function with all that metadata can hold"
readme = "README.md"
license = "MIT"
authors = [{ name = "Ä. U. Thor", email = "author@example.org" }]
keywords = ["b", "a"]
classifiers = ["Topic :: Utilities", "Intended Audience :: Developers"]

[project.optional-dependencies]
more = ["idna (==3.10)"]

[project.urls]
Homepage = "https://example.org"

[project.scripts]
my-app = "my_app:handler"
"""


@pytest.fixture(scope="session")
def rich(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose metadata have much that a version of Poetry could write anew."""
    directory = small_project(tmp_path_factory.mktemp("rich"), project=RICH)
    write_files(directory, {"README.md": "# Ünïcode\n", "LICENSE": "MIT\n"})
    return poetry.lock(directory)


def test_the_bundled_environment_gives_the_same_files(
    poetry: Poetry, rich: Path, tmp_path: Path
) -> None:
    """`poetry bundle venv`, then `package-python-function`: only streams are others."""
    archive = tmp_path / "f.zip"
    poetry.package(rich, "--output", str(archive)).well()
    venv = tmp_path / "venv"
    poetry(rich, "bundle", "venv", str(venv), "--only", "main").well()
    by_hand = tmp_path / "by-hand.zip"
    run(
        [str(BIN / "package-python-function"), str(venv), "--output", str(by_hand)],
        rich,
        poetry.env,
        poetry.new_tmp(),
    ).well()
    assert contents(archive) == contents(by_hand)


def test_poetry_2_1_gives_the_same_bytes(
    poetry: Poetry, poetry_2_1: Poetry, rich: Path, tmp_path: Path
) -> None:
    """The oldest Poetry that is supported and the newest write one archive."""
    assert "Poetry (version 2.1." in poetry_2_1(rich, "--version").well().stdout
    archives = []
    for name, each in (("newest", poetry), ("oldest", poetry_2_1)):
        for extras in ((), ("-E", "more")):
            archive = tmp_path / f"{name}-{len(extras)}.zip"
            # A lock file of the newest is valid for the oldest too.
            each.package(rich, *extras, "--output", str(archive)).well()
            archives.append(sha256(archive))
    assert archives[:2] == archives[2:]
