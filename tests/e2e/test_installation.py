"""What our wheel holds, and what Poetry has of it. `release/` adds it to others."""

from __future__ import annotations

import configparser
import json
import sys
import zipfile

from typing import TYPE_CHECKING

from tests.e2e.environments import ROOT
from tests.e2e.running import run


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
    (info,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
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
