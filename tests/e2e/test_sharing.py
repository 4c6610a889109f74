"""What functions share, and what not though it would be quicker."""

from __future__ import annotations

import os
import zipfile

from typing import TYPE_CHECKING

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import distributions_in
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


TABLE = "[tool.poetry-plugin-package-function.functions"


def project(directory: Path, *, first: str, second: str) -> Path:
    """A project whose two functions have a group each."""
    return write_files(
        directory,
        {
            "pyproject.toml": f"""\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"

[dependency-groups]
first = [{first}]
second = [{second}]

{TABLE}.a]
with = ["first"]

{TABLE}.b]
with = ["second"]

{POETRY_CORE}""",
            "my_app/__init__.py": "",
        },
    )


def package(poetry: Poetry, directory: Path) -> int:
    """Packages both functions; how many environments that took."""
    done = poetry.package(poetry.lock(directory), "-v").well()
    return done.stdout.count("Building a virtual environment")


def read(directory: Path, function: str, name: str) -> bytes:
    with zipfile.ZipFile(directory / "dist" / f"{function}.zip") as archive:
        return archive.read(name)


def test_several_versions_of_something_are_built_apart(
    poetry: Poetry, tmp_path: Path
) -> None:
    """Groups decide which of them is taken; here by markers."""
    versions = (
        "\"six (==1.16.0) ; python_version < '3.11'\"",
        "\"six (==1.17.0) ; python_version >= '3.11'\"",
    )
    directory = project(
        tmp_path, first=", ".join(versions), second='"iniconfig (>=2,<3)"'
    )

    assert 2 == package(poetry, directory)
    assert {"six", "my_app"} == distributions_in(directory / "dist" / "a.zip")
    assert {"iniconfig", "my_app"} == distributions_in(directory / "dist" / "b.zip")


def test_a_file_that_two_distributions_have_is_each_functions_own(
    isolated: Poetry, tmp_path: Path
) -> None:
    """Who has it is settled in what a function takes, not in what is there."""
    wheels = tmp_path / "wheels"
    for name in ("first", "second"):
        make_wheel(wheels, name, {"shared.py": f"NAME = {name!r}\n"})
    pins = {
        name: f'"{name} @ {(wheels / f"{name}-1.0-py3-none-any.whl").as_uri()}"'
        for name in ("first", "second")
    }
    directory = project(tmp_path / "app", **pins)

    assert 1 == package(isolated, directory)
    assert b"NAME = 'first'\n" == read(directory, "a", "shared.py")
    assert b"NAME = 'second'\n" == read(directory, "b", "shared.py")
    assert ["a.zip", "b.zip"] == sorted(os.listdir(directory / "dist"))


def test_what_two_functions_both_need_is_installed_once(
    poetry: Poetry, tmp_path: Path
) -> None:
    """And what only one of them needs is in no other."""
    directory = project(
        tmp_path, first='"six (==1.17.0)"', second='"six (>=1)", "iniconfig (>=2,<3)"'
    )

    done = poetry.package(poetry.lock(directory), "-v").well()

    assert 1 == done.stdout.count("Building a virtual environment")
    assert 1 == done.stdout.count("Installing six")
    assert {"six", "my_app"} == distributions_in(directory / "dist" / "a.zip")
    everything = {"six", "iniconfig", "my_app"}
    assert everything == distributions_in(directory / "dist" / "b.zip")
