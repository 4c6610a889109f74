"""Which files may be executed, where the system does not say it."""

from __future__ import annotations

import zipfile

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.bundling import wheel_modes
from poetry_plugin_package_function.bundling.wheel_modes import restore_modes
from poetry_plugin_package_function.packaging.sources import modes
from poetry_plugin_package_function.packaging.sources.facts import inspect
from poetry_plugin_package_function.packaging.sources.modes import modes_in_git
from poetry_plugin_package_function.packaging.sources.walk import walk
from tests.e2e.wheels import make_wheel
from tests.git import repository
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


FILES = {
    "src/app/__init__.py": "",
    "src/app/run": "#!/bin/sh\n",
    "src/app/data": "",
    "src/app/script.py": "#!/usr/bin/env python3\n",
    "src/app/module.py": "#!/usr/bin/env python3\n",
    "src/app/größe": "#!/bin/sh\n",
}
EXECUTABLE = {"src/app/run", "src/app/data", "src/app/script.py"}


@pytest.fixture(autouse=True)
def _no_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, where nothing is known of files but what is in them."""
    for module in (modes, wheel_modes):
        monkeypatch.setattr(module, "HAS_MODES", False)


def executable_below(directory: Path) -> set[str]:
    """The names of files that are taken for executable."""
    return {
        each.name
        for each in walk(str(directory), "", lambda _: False)
        if each.executable and not each.name.startswith(".git/")
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository, in which Git has modes that the files do not have any more."""
    directory = write_files(tmp_path / "checkout", FILES)
    for name in EXECUTABLE:
        (directory / name).chmod(0o755)
    repository(directory)
    for name in EXECUTABLE:
        (directory / name).chmod(0o644)
    return directory


def test_git_says_it_of_files_that_it_knows(checkout: Path) -> None:
    """Whatever is in them; with what is new beside them."""
    write_files(checkout, {"src/app/new": "#!/bin/sh\n", "src/app/new.txt": ""})
    assert EXECUTABLE | {"src/app/new"} == executable_below(checkout)


def test_where_git_says_nothing_the_content_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs and scripts are; a module of Python's as a rule is not."""
    files: dict[str, str | bytes] = {
        "lib.so": b"\x7fELF\2\1\1",
        "run": "#!/bin/sh\n",
        "module.py": "#!/usr/bin/env python3\n",
        "data.txt": "",
    }
    outside = write_files(tmp_path / "outside", files)
    assert {"lib.so", "run"} == executable_below(outside)
    monkeypatch.setenv("PATH", "")
    without_git = write_files(tmp_path / "checkout", {**files, ".git/HEAD": ""})
    assert {"lib.so", "run"} == executable_below(without_git)


def test_git_knows_nothing_of_other_directories(tmp_path: Path) -> None:
    """It is no error."""
    assert {} == modes_in_git(str(tmp_path))


def wheel_of(directory: Path) -> Path:
    """What poetry-core builds on Windows: no file is executable in it."""
    files = {name.removeprefix("src/"): text for name, text in FILES.items()}
    return make_wheel(directory, "app", files)


def test_wheels_that_are_built_get_their_modes_back(
    checkout: Path, tmp_path: Path
) -> None:
    """Those that Git knows in the project; its packages are deeper there."""
    wheel = wheel_of(tmp_path / "dist")
    before = inspect(wheel)
    assert not any(each.executable for each in before.files)
    restore_modes(wheel, checkout)
    after = inspect(wheel)
    found = {f"src/{each.path}" for each in after.files if each.executable}
    assert EXECUTABLE == found
    assert [each._replace(executable=False)[:4] for each in after.files] == [
        each[:4] for each in before.files
    ]
    assert [wheel] == [*wheel.parent.iterdir()]


SAME_NAMES = {
    "examples/pkg/run.sh": False,
    "src/pkg/run.sh": True,
    "lib/pkg/own.sh": True,
    "src/pkg/own.sh": False,
    "a/pkg/some.sh": True,
    "b/pkg/some.sh": True,
    "a/pkg/either": True,
    "b/pkg/either": False,
    "src/pkg/tool": True,
    "share/data.txt": True,
}


@pytest.mark.parametrize("is_told", [True, False])
def test_of_files_of_one_name_the_package_has_the_mode(
    tmp_path: Path, is_told: bool
) -> None:
    """Where the project says that it is, or as usual; others only if they agree."""
    checkout = write_files(tmp_path / "checkout", dict.fromkeys(SAME_NAMES, ""))
    packages = '[{ include = "pkg", from = "lib" }]' if is_told else "[]"
    pyproject = f"[tool.poetry]\npackages = {packages}\n"
    write_files(checkout, {"pyproject.toml": pyproject})
    for name, is_executable in SAME_NAMES.items():
        (checkout / name).chmod(0o755 if is_executable else 0o644)
    repository(checkout)
    names = {
        "pkg/run.sh": True,
        "pkg/own.sh": is_told,
        "pkg/some.sh": True,
        "pkg/either": False,
        "app-1.0.data/purelib/pkg/tool": True,
        "app-1.0.data/data/share/data.txt": True,
        "app-1.0.data/data/data.txt": True,
    }
    wheel = make_wheel(tmp_path / "dist", "app", dict.fromkeys(names, ""))

    restore_modes(wheel, checkout)

    with zipfile.ZipFile(wheel) as file:
        found = {
            name: bool(file.getinfo(name).external_attr >> 16 & 0o111) for name in names
        }
    assert names == found


def test_what_git_does_not_know_is_judged_in_wheels_too(tmp_path: Path) -> None:
    """By its content."""
    wheel = wheel_of(tmp_path / "dist")
    restore_modes(wheel, tmp_path)
    found = {each.path for each in inspect(wheel).files if each.executable}
    assert {"app/run", "app/größe"} == found


def test_where_files_have_modes_wheels_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the byte."""
    monkeypatch.setattr(wheel_modes, "HAS_MODES", True)
    wheel = wheel_of(tmp_path / "dist")
    before = wheel.read_bytes()
    restore_modes(wheel, tmp_path)
    assert before == wheel.read_bytes()
