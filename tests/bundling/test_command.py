"""What the command refuses before it builds anything, and how it says so."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

from typing import TYPE_CHECKING

import pytest

from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.outputs.buffered_output import BufferedOutput
from poetry.console.application import Application

from tests.bundling.projects import run
from tests.trees import make_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


LABEL = "[tool.poetry-plugin-package-function]"
PYPROJECT = f"""\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["six"]

[dependency-groups]
dev = []

{LABEL}
"""
FUNCTIONS = "".join(
    f"[tool.poetry-plugin-package-function.functions.{name}]\n{keys}\n"
    for name, keys in (("api", ""), ("worker", "layer = true"), ("cron", ""))
)
EARLIER = {"dist/shop.zip": "an earlier ZIP", "report.json": "an earlier report"}


@pytest.fixture(autouse=True)
def _project_is_here(in_directory: Path) -> None:
    """The project is in the current directory."""


def refused(directory: Path, options: str, status: int = 2, table: str = "") -> str:
    """What is said on stderr, after a look that nothing else has been done.

    There is no lock, which would be the next thing to be refused.
    """
    write_files(directory, {"pyproject.toml": PYPROJECT + table, **EARLIER})
    before = sorted(directory.rglob("*"))

    done = run(directory, *shlex.split(options))

    assert status == done.status
    assert "Building" not in done.stdout
    assert before == sorted(directory.rglob("*"))
    for name, content in EARLIER.items():
        assert content == (directory / name).read_text()
    return done.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--only dev --with docs", "--with excludes --only."),
        ("--only dev --without docs", "--without excludes --only."),
        ("--all-groups --only dev", "--only excludes --all-groups."),
        ("--all-groups --with dev", "--with excludes --all-groups."),
        ("--extras a --all-extras", "--extras excludes --all-extras."),
        ("--output f.zip --output-dir out", "--output-dir excludes --output."),
        ("--venv . --with dev", "--with excludes --venv."),
        ("--venv . --extras a", "--extras excludes --venv."),
        ("--layer --eager", "--eager excludes --layer."),
        ("--layer --layer-only", "--layer-only excludes --layer."),
        ("--layer-only --handler a.b", "--handler excludes --layer-only."),
        ("--layer-output a.zip", "has no effect without `layer` or `layer-only`."),
        (
            "--layer --layer-output dist/shop.zip",
            "Archives, the report and the sizes are files of their own, not ",
        ),
        ("--runtime python3.99", "--runtime: Lambda has no 'python3.99'; it has "),
        ("api", "The project has no function 'api': it has no tables"),
        ("--format yaml", "yaml"),
    ],
)
def test_what_makes_no_sense(options: str, expected: str, tmp_path: Path) -> None:
    """It is named once, with where to read on; exit status 2."""
    said = refused(tmp_path, options)

    assert 1 == said.count(expected)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("apy", "The project has no function 'apy'; its functions: api, worker, cron."),
        (
            "--output a.zip",
            "The functions api, worker, cron would all be written to ",
        ),
        ("--report a.json api cron", "give each a file of its own"),
        ("--compare a.json", "would all be compared with"),
        ("--runtime python3.99", "Lambda has no 'python3.99'"),
        ("--layer api --layer-only", "--layer-only excludes --layer."),
    ],
)
def test_what_makes_no_sense_of_several_functions(
    options: str, expected: str, tmp_path: Path
) -> None:
    """What is wrong with all of them is said once."""
    said = refused(tmp_path, options, table=FUNCTIONS)

    assert 1 == said.count(expected)


def test_all_that_is_wrong_in_the_table_is_one_error(tmp_path: Path) -> None:
    """Unknown keys, with a guess at what was meant, and bad values."""
    table = """\
exlude = ["x"]
with = "dev"
all-groups = 1
layers-size = "many"
include = ["../outside"]
python = 3
"""
    said = refused(tmp_path, "", table=table)

    assert "exlude: unknown key. Did you mean `exclude`?" in said
    for key in ("with", "all-groups", "layers-size", "include", "python"):
        assert re.search(rf"^{re.escape(LABEL)} {key}: ", said, re.MULTILINE), key


@pytest.mark.parametrize("epoch", ["315532799", "now", "", "1e20", "99999999999"])
def test_a_source_date_epoch_that_is_none(
    epoch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It fails before any work."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)

    assert "SOURCE_DATE_EPOCH" in refused(tmp_path, "")


@pytest.mark.parametrize("name", ["missing", "empty", "file"])
def test_a_venv_that_is_none(name: str, tmp_path: Path) -> None:
    """It is named in the error."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")

    assert str(tmp_path / name) in refused(tmp_path, f"--venv {name}", 1)


def test_an_environment_of_another_version(tmp_path: Path) -> None:
    """A given environment has to be the runtime's."""
    make_venv(tmp_path / "venv", {"six.py": ""}, python="3.12")

    said = refused(tmp_path, "--venv venv --runtime python3.13", 1)

    assert "is a virtual environment of Python 3.12, and python3.13 on x86_64" in said


def test_markup_of_the_users_stays_as_it_is(tmp_path: Path) -> None:
    """What looks like Poetry's own is not taken for it."""
    said = refused(tmp_path, "--with '<info>dev</info>'")

    assert "The project has no group '<info>dev</info>'; its groups: " in said


# -- what needs nothing to be built --------------------------------------------------


def test_a_venv_needs_no_lock(tmp_path: Path) -> None:
    """With --venv poetry.lock is not looked at, and nothing else is built."""
    write_files(tmp_path, {"pyproject.toml": PYPROJECT, "shop.py": ""})
    venv = make_venv(tmp_path / "venv", {"six.py": "", "shop.py": ""})
    before = sorted(venv.rglob("*"))

    done = run(tmp_path, "--venv", "venv")

    assert [0, ""] == [done.status, done.stderr], done
    assert "Building" not in done.stdout
    assert before == sorted(venv.rglob("*"))
    assert ["shop.zip"] == [each.name for each in (tmp_path / "dist").iterdir()]


def test_the_tables_places_start_at_the_project(tmp_path: Path) -> None:
    """Those of options start at the current directory."""
    table = 'output = "made/f.zip"\nreport = "made/report.json"\nvenv = "venv"\n'
    write_files(tmp_path, {"pyproject.toml": PYPROJECT + table, "docs/a.md": ""})
    make_venv(tmp_path / "venv", {"six.py": "", "shop.py": ""})
    os.chdir(tmp_path / "docs")

    assert 0 == run(tmp_path).status
    assert ["f.zip", "report.json"] == sorted(
        each.name for each in (tmp_path / "made").iterdir()
    )
    assert 0 == run(tmp_path, "--output-dir", "out", "--report", "r.json").status
    assert (tmp_path / "docs/out/shop.zip").exists()
    assert (tmp_path / "docs/r.json").exists()


def test_a_warning_is_an_error(tmp_path: Path) -> None:
    """It is shown, and there is no archive."""
    write_files(tmp_path, {"pyproject.toml": PYPROJECT, **EARLIER})
    make_venv(tmp_path / "venv", {"shop.py": "", "uuid.py": ""}, python="3.13")
    assert 0 == run(tmp_path, "--venv", "venv", "--output", "other.zip").status

    done = run(tmp_path, "--venv", "venv", "--report", "report.json", "--strict")

    assert 1 == done.status
    assert ", as --strict says; what was there before is untouched:" in done.stderr
    assert "has uuid.py, which Lambda finds before Python's own" in done.stderr
    assert "SHA-256" not in done.stdout
    for name, content in EARLIER.items():
        assert content == (tmp_path / name).read_text()


def test_a_dry_run(tmp_path: Path) -> None:
    """The result is shown, and no file is written or replaced."""
    write_files(tmp_path, {"pyproject.toml": PYPROJECT, **EARLIER})
    venv = make_venv(tmp_path / "venv", {"six.py": "", "shop.py": ""}, python="3.13")
    before = sorted(tmp_path.rglob("*"))

    options = ("--venv", str(venv), "--report", "new/r.json", "--dry-run")
    done = run(tmp_path, *options)

    assert 0 == done.status, done
    assert "  File        dist/shop.zip\n" in done.stdout
    assert "  Report      new/r.json\n" in done.stdout
    assert "  Dry run     nothing has been written, and nothing repl" in done.stdout
    assert before == sorted(tmp_path.rglob("*"))
    for name, content in EARLIER.items():
        assert content == (tmp_path / name).read_text()


@pytest.mark.parametrize("options", [("-q",), ("-q", "--format", "json"), ()])
def test_what_nobody_has_thought_of_is_shown(
    options: tuple[str, ...], in_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Poetry shows it, unless it is to be quiet: why there is no ZIP is no detail."""

    def fail(_path: Path) -> None:
        raise ZeroDivisionError("nobody knows")

    monkeypatch.setattr("poetry_plugin_package_function.request.read_project", fail)
    write_files(in_directory, {"pyproject.toml": PYPROJECT})
    application = Application()
    application.auto_exits(False)
    stderr = BufferedOutput()

    status = application.run(
        ArgvInput(["poetry", "package-function", *options]), BufferedOutput(), stderr
    )

    assert (1, True) == (status, "nobody knows" in stderr.fetch())


def test_other_commands_do_not_pay_for_this_one() -> None:
    """They import what registers it, and nothing else of ours."""
    code = """\
import sys
from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.outputs.buffered_output import BufferedOutput
from poetry.console.application import Application
application = Application()
application.auto_exits(False)
application.run(ArgvInput(["poetry", "about"]), BufferedOutput(), BufferedOutput())
print(*sorted(name for name in sys.modules if "package_function" in name))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    ours = "poetry_plugin_package_function"
    assert [ours, f"{ours}.plugin"] == done.stdout.split()
