"""What our wheel holds, and that it works in a Poetry it was added to."""

from __future__ import annotations

import configparser
import json
import shutil
import sys
import zipfile

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.environments import ROOT
from tests.e2e.environments import cached_environment
from tests.e2e.environments import own_requirements
from tests.e2e.projects import sha256
from tests.e2e.running import run
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


NAME = "poetry_plugin_package_function"
IMPORTS = f"""\
import json, sys
import poetry.console.application
before = set(sys.modules)
import {NAME}.plugin
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_the_wheel_holds_what_is_needed_and_nothing_else(wheel: Path) -> None:
    """All of `src`, data included, both entry points, the licence; no tests."""
    names = set(names_in_wheel(wheel))
    source = ROOT / "src"
    expected = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"{NAME}-0.1.0.dist-info"
    assert expected == {name for name in names if not name.startswith(info)}
    assert f"{NAME}/packaging/nesting/loader/loader.py" in names
    assert f"{NAME}/py.typed" in names
    assert f"{NAME}/report/schema.json" in names
    assert f"{NAME}/report/page/page.js" in names
    assert f"{info}/licenses/LICENSE" in names
    parser = configparser.ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        parser.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert {
        "console_scripts": {"package-python-function": f"{NAME}.cli:main"},
        "poetry.application.plugin": {
            "package-function": f"{NAME}.plugin:PackageFunctionPlugin"
        },
    } == {section: dict(parser[section]) for section in parser.sections()}


def names_in_wheel(wheel: Path) -> list[str]:
    """The names of its files."""
    with zipfile.ZipFile(wheel) as archive:
        return [name for name in archive.namelist() if not name.endswith("/")]


def test_the_plugin_module_imports_next_to_nothing(poetry: Poetry, small: Path) -> None:
    """Every call of Poetry pays for it: neither the command nor what it needs."""
    done = run(
        [sys.executable, "-c", IMPORTS], small, poetry.env, poetry.new_tmp()
    ).well()
    imported = json.loads(done.stdout)
    foreign = [name for name in imported if not name.startswith(("poetry.", NAME))]
    assert [] == foreign
    assert [NAME, f"{NAME}.plugin"] == [n for n in imported if n.startswith(NAME)]


def test_the_command_is_listed_and_has_help(poetry: Poetry, small: Path) -> None:
    """`poetry list` and `poetry help package-function` know it."""
    listed = poetry(small, "list").well().stdout
    assert "package-function" in listed
    said = poetry(small, "package-function", "--help").well().stdout
    for option in ("--with", "--extras", "--venv", "--report", "--layers-size"):
        assert option in said
    assert "</" not in said


@pytest.fixture
def fresh_poetry(poetry: Poetry, tmp_path: Path) -> Poetry:
    """A Poetry of its own, without this plugin, that may be changed.

    It has what the plugin needs, so that `self add` has only the plugin to install.
    """
    cached = cached_environment("poetry-newest", "poetry>=2.5", *own_requirements())
    environment = tmp_path / "poetry"
    shutil.copytree(cached.parents[1], environment, symlinks=True)
    # Its scripts name the place that it was copied from; its Python does not.
    command = (str(environment / "bin" / "python"), "-m", "poetry")
    # `poetry self` runs without plugins, so without the one for mirrors: Poetry's own
    # project, which is in its configuration directory, says where packages are.
    write_files(
        tmp_path / "config",
        {
            "pyproject.toml": '[[tool.poetry.source]]\nname = "index"\n'
            f'url = "{poetry.env["POETRY_PYPI_MIRROR_URL"]}"\n'
        },
    )
    return replace(poetry, command=command).having(
        POETRY_HOME=str(tmp_path / "home"),
        POETRY_CONFIG_DIR=str(tmp_path / "config"),
        POETRY_DATA_DIR=str(tmp_path / "data"),
    )


def test_self_add_makes_the_command_work(
    fresh_poetry: Poetry, wheel: Path, small: Path, ordinary: Path, tmp_path: Path
) -> None:
    """`poetry self add` installs our wheel into Poetry; the archive is the same."""
    before = fresh_poetry(small, "list").well().stdout
    assert "package-function" not in before
    added = fresh_poetry(small, "self", "add", str(wheel))
    assert 0 == added.status, added.said
    assert "package-function" in fresh_poetry(small, "list").well().stdout
    archive = tmp_path / "f.zip"
    fresh_poetry.package(small, "--output", str(archive)).well()
    assert sha256(ordinary) == sha256(archive)
    fresh_poetry(small, "self", "remove", NAME.replace("_", "-"))
    assert "package-function" not in fresh_poetry(small, "list").well().stdout
