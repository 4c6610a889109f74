from __future__ import annotations

import platform
import sys

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.environment import runs_here
from poetry_plugin_package_function.runtimes import AMAZON_LINUX_2023
from poetry_plugin_package_function.runtimes import Target
from tests.trees import make_venv


if TYPE_CHECKING:
    from pathlib import Path


def test_found(tmp_path: Path) -> None:
    """The one site-packages, and whose Python's it is."""
    venv = make_venv(tmp_path / "venv", python="3.13")

    found = find_site_packages(venv)

    assert (venv / "lib/python3.13/site-packages",) == found.directories
    assert "3.13" == found.python


def test_lib64_as_a_link(tmp_path: Path) -> None:
    """`venv` makes lib64 a link to lib: that is one directory."""
    venv = make_venv(tmp_path / "venv")
    (venv / "lib64").symlink_to("lib")

    assert 1 == len(find_site_packages(venv).directories)


def test_another_name_for_the_one_python(tmp_path: Path) -> None:
    """Conda has lib/python3.1 as a link to lib/python3.11: that is one Python."""
    venv = make_venv(tmp_path / "venv")
    (venv / "lib/python3.1").symlink_to("python3.11")

    assert "3.11" == find_site_packages(venv).python


def test_lib64_apart(tmp_path: Path) -> None:
    """On Fedora and Amazon Linux, virtualenv keeps native modules apart."""
    venv = make_venv(tmp_path / "venv")
    platlib = venv / "lib64/python3.11/site-packages"
    platlib.mkdir(parents=True)

    expected = (venv / "lib/python3.11/site-packages", platlib)
    assert expected == find_site_packages(venv).directories


@pytest.mark.parametrize(
    ("said", "python"),
    [
        (None, None),
        ("home = C:\\Python\n", None),
        ("home = C:\\Python\nversion = 3.11.7\n", "3.11"),
        ("home = C:\\Python\nversion_info = 3.14.0.final.0\n", "3.14"),
        ("python-version = 3\nversion_info=3.12.1\r\n", "3.12"),
    ],
)
def test_windows(tmp_path: Path, said: str | None, python: str | None) -> None:
    """`Lib/site-packages`, which does not tell the version: `pyvenv.cfg` does."""
    directory = tmp_path / "venv/Lib/site-packages"
    directory.mkdir(parents=True)
    if said is not None:
        (tmp_path / "venv/pyvenv.cfg").write_text(said)

    found = find_site_packages(tmp_path / "venv")

    assert ((directory,), python) == (found.directories, found.python)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda _: None, "does not exist"),
        (lambda path: path.write_text(""), "is not a directory"),
        (lambda path: path.symlink_to("gone"), "is not a directory"),
        (lambda path: path.mkdir(), r"There is no lib/python\*/site-packages"),
        (lambda path: (path / "lib/python3.11").mkdir(parents=True), "There is no lib"),
    ],
)
def test_no_venv(tmp_path: Path, make: object, message: str) -> None:
    """Missing, a file, a dangling link, empty, broken: each is said."""
    assert callable(make)
    make(tmp_path / "venv")

    with pytest.raises(SourceError, match=message) as raised:
        find_site_packages(tmp_path / "venv")
    for way in ("poetry bundle venv DIR", "uv sync", "pip install --target DIR"):
        assert way in raised.value.hint


def test_several_pythons(tmp_path: Path) -> None:
    """Which one's files to take is not guessed."""
    venv = make_venv(tmp_path / "venv")
    (venv / "lib/python3.12/site-packages").mkdir(parents=True)
    (venv / "lib/python3.13").mkdir()

    with pytest.raises(SourceError, match=r"site-packages of 2 Pythons: 3\.11, 3\.12"):
        find_site_packages(venv)


@pytest.mark.parametrize(
    ("system", "machine", "libc", "expected"),
    [
        ("linux", "x86_64", ("glibc", "2.34"), True),
        ("linux", "x86_64", ("glibc", "2.36.9000"), True),
        ("linux", "x86_64", ("glibc", "2.4"), False),
        ("linux", "x86_64", ("glibc", "2.31"), False),
        ("linux", "x86_64", ("musl", "1.2.5"), False),
        ("linux", "x86_64", ("", ""), False),
        ("linux", "aarch64", ("glibc", "2.36"), False),
        ("darwin", "x86_64", ("", ""), False),
    ],
)
def test_where_a_target_runs(
    monkeypatch: pytest.MonkeyPatch,
    system: str,
    machine: str,
    libc: tuple[str, str],
    expected: bool,
) -> None:
    """On its machine, with its C library or a newer one."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: libc)
    assert expected is runs_here(Target("3.13", "x86_64", AMAZON_LINUX_2023))
    assert runs_here(None)
    assert runs_here(Target("3.13", "", AMAZON_LINUX_2023))  # what runs anywhere
