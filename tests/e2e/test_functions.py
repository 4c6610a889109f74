"""Several functions in one project: each as if it were alone, and built once."""

from __future__ import annotations

import json
import os
import subprocess

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import answer
from tests.e2e.projects import distributions_in
from tests.e2e.projects import names_in
from tests.e2e.projects import sha256
from tests.e2e.running import BIN
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


TABLE = "[tool.poetry-plugin-package-function"
PYPROJECT = f"""\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["six (==1.17.0)"]

[project.optional-dependencies]
text = ["markupsafe (>=3,<4)"]

[dependency-groups]
worker = ["iniconfig (>=2,<3)"]

[tool.poetry]
packages = [{{ include = "shop" }}]

{TABLE}]
exclude = ["shop/notes.txt"]

{TABLE}.functions.api]
extras = ["text"]
handler = "shop.api.handler"

{TABLE}.functions.worker]
with = ["worker"]
handler = "shop.worker.handler"
include = ["settings.toml"]
layer = true

{TABLE}.functions.cron]
exclude = ["shop/api.py", "shop/worker.py"]

{POETRY_CORE}"""
PLATFORM = "manylinux_2_28_aarch64"
OLD = "manylinux_2_12_x86_64"
API = """\
from markupsafe import escape

def handler(event, context):
    return {"text": str(escape("<"))}
"""
WORKER = """\
import iniconfig
import six

def handler(event, context):
    return {"six": six.__version__}
"""
FILES = {
    "pyproject.toml": PYPROJECT,
    "shop/__init__.py": "",
    "shop/api.py": API,
    "shop/worker.py": WORKER,
    "shop/cron.py": "def handler(event, context):\n    return 1\n",
    "shop/notes.txt": "notes",
    "settings.toml": "",
}


@pytest.fixture(scope="module")
def shop(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with three functions; tests write their results elsewhere."""
    return poetry.lock(write_files(tmp_path_factory.mktemp("shop"), FILES))


def test_all_are_packaged_out_of_one_environment(
    poetry: Poetry, shop: Path, client_python: Path, tmp_path: Path
) -> None:
    """Each has what it asks for and no more, whatever the others need."""
    out = tmp_path / "out"
    reports = ("--report", str(out / "{name}.json"))
    done = poetry.package(shop, "--output-dir", str(out), *reports).well()

    assert 1 == done.stdout.count("Building a virtual environment")
    assert "(groups: main, worker, extras: text)" in done.stdout
    assert {
        *("api.zip", "worker.zip", "worker-layer.zip", "cron.zip"),
        *("api.json", "worker.json", "cron.json"),
    } == {*os.listdir(out)}
    assert {"six", "markupsafe", "shop"} == distributions_in(out / "api.zip")
    assert {"shop"} == distributions_in(out / "worker.zip")
    assert {"six", "shop"} == distributions_in(out / "cron.zip")
    assert "settings.toml" in names_in(out / "worker.zip")
    assert "settings.toml" not in names_in(out / "api.zip")
    # A key of its own takes the place of the one for all.
    assert "shop/notes.txt" not in names_in(out / "api.zip")
    assert "shop/notes.txt" in names_in(out / "cron.zip")
    assert "shop/api.py" not in names_in(out / "cron.zip")

    client = client_python
    assert {"text": "&lt;"} == answer(out / "api.zip", "shop.api.handler", client)
    worked = answer(
        out / "worker.zip",
        "shop.worker.handler",
        client,
        layer=out / "worker-layer.zip",
    )
    assert {"six": "1.17.0"} == worked
    assert 1 == answer(out / "cron.zip", "shop.cron.handler", client)
    for name in ("api", "worker", "cron"):
        report = json.loads((out / f"{name}.json").read_bytes())
        assert (name, "shop") == (report["function"], report["distribution_name"])
        assert sha256(out / f"{name}.zip") == report["code_sha256"]


def test_one_alone_has_the_same_bytes(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """Out of an environment that has nothing else."""
    for names in ((), ("api",), ("worker",), ("cron",)):
        out = tmp_path / "-".join(("out", *names))
        done = poetry.package(shop, *names, "--output-dir", str(out)).well()
        assert 1 == done.stdout.count("Building a virtual environment")
    together = tmp_path / "out"
    for name in ("api", "worker", "cron"):
        alone = tmp_path / f"out-{name}"
        assert {each.name for each in alone.iterdir()} <= {*os.listdir(together)}
        for each in alone.iterdir():
            assert (together / each.name).read_bytes() == each.read_bytes()


def test_json_is_an_array(poetry: Poetry, shop: Path, tmp_path: Path) -> None:
    """In the order in which they are named, each once; and all else on stderr."""
    names = ("worker", "api", "worker")
    options = ("--format", "json", "--output-dir", str(tmp_path))
    done = poetry.package(shop, *names, *options).well()

    reports = json.loads(done.stdout)
    assert ["worker", "api"] == [each["function"] for each in reports]
    assert "Packaging api into " in done.stderr


def test_they_are_compared_one_by_one(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """Each with its own report of before."""
    reports = ("--report", str(tmp_path / "{name}.json"))
    options = ("--output-dir", str(tmp_path), *reports, "api", "cron")
    poetry.package(shop, *options).well()
    other = write_files(tmp_path / "shop", {**FILES, "shop/api.py": API + "MORE = 1\n"})
    (other / "poetry.lock").write_bytes((shop / "poetry.lock").read_bytes())
    poetry.package(other, *options).well()

    unchanged = {
        name: json.loads((tmp_path / f"{name}.json").read_bytes())["comparison"][
            "unchanged"
        ]
        for name in ("api", "cron")
    }
    assert {"api": False, "cron": True} == unchanged


def test_what_makes_no_sense(poetry: Poetry, shop: Path) -> None:
    """It is said once, before anything is built."""
    done = poetry.package(shop, "--output", "a.zip")

    expected = "The functions api, worker, cron would all be written"
    assert 1 == done.failed(2).count(expected)
    assert "Building" not in done.stdout


def test_one_that_fails_leaves_those_before_it(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """What is complete stays, and what failed has not replaced anything."""
    (tmp_path / "worker.zip").write_text("earlier")
    options = ("--output-dir", str(tmp_path), "--handler", "shop.api.handler")
    done = poetry.package(shop, "api", "worker", *options)

    assert 1 == done.status
    assert "worker: Unable to import module 'shop.api': No module named" in done.stderr
    assert ["api.zip", "worker.zip"] == sorted(os.listdir(tmp_path))
    assert "earlier" == (tmp_path / "worker.zip").read_text()


def test_what_was_packaged_is_told_even_if_another_fails(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """On a page for people, and for programs, which have the exit status, too."""
    (tmp_path / "cron.zip").mkdir()
    options = ("--output-dir", str(tmp_path), "--handler", "shop.api.handler")
    done = poetry.package(shop, "api", "worker", *options, "--format", "markdown")
    assert (1, True) == (done.status, done.stdout.startswith("## `api`: flat\n"))
    done = poetry.package(shop, "api", "worker", *options, "--format", "json")
    assert ["api"] == [each["function"] for each in json.loads(done.stdout)]
    # A place that cannot be written to is found out before all of it.
    done = poetry.package(shop, "api", "cron", *options, "--venv", str(tmp_path))
    assert "cron.zip is a directory." in done.failed(1)
    assert ["api.zip", "cron.zip"] == sorted(os.listdir(tmp_path))


def test_no_archive_has_another_in_it(poetry: Poetry, tmp_path: Path) -> None:
    """Whatever the patterns of `include` find, and whatever was there before."""
    table = PYPROJECT.replace('["settings.toml"]', '["dist/*", "poetry.lock"]')
    files = {**FILES, "pyproject.toml": table, "dist/cron.zip": "earlier"}
    project = poetry.lock(write_files(tmp_path / "shop", files))
    for names in ((), ("worker",), ()):
        poetry.package(project, *names).well()
        found = names_in(project / "dist" / "worker.zip")
        assert "poetry.lock" in found
        assert [] == [name for name in found if name.startswith("dist/")]


def test_one_that_cannot_be_built_stops_no_other_before_it(
    poetry: Poetry, tmp_path: Path
) -> None:
    """Though they would share an environment; and the error has its name."""
    table = PYPROJECT.replace(
        'worker = ["iniconfig (>=2,<3)"]', 'worker = ["numpy (==2.2.6)"]'
    )
    project = poetry.lock(
        write_files(tmp_path / "shop", {**FILES, "pyproject.toml": table})
    )
    done = poetry.package(project, "cron", "worker", "--platform", OLD)
    assert "worker: poetry.lock has no wheel for " in done.failed(1)
    assert ["cron.zip"] == os.listdir(project / "dist")


def test_other_targets_are_built_apart(
    poetry: Poetry, shop: Path, tmp_path: Path
) -> None:
    """One environment for each; functions of one target still share theirs."""
    table = PYPROJECT.replace(
        f"{TABLE}.functions.api]\n",
        f'{TABLE}.functions.api]\nplatform = "{PLATFORM}"\n',
    )
    project = write_files(tmp_path / "shop", {**FILES, "pyproject.toml": table})
    poetry.lock(project)
    done = poetry.package(project, "--output-dir", str(tmp_path / "out")).well()

    assert 2 == done.stdout.count("Building a virtual environment")
    assert any(
        name.endswith("aarch64-linux-gnu.so")
        for name in names_in(tmp_path / "out" / "api.zip")
    )


def test_the_other_command_line(poetry: Poetry, shop: Path, tmp_path: Path) -> None:
    """`--function` takes what the tables say beside groups, which the venv decides."""
    venv = tmp_path / "venv"
    poetry(shop, "bundle", "venv", "--without", "worker", str(venv)).well()
    command = str(BIN / "package-python-function")
    done = subprocess.run(
        [
            *(command, str(venv), "--function", "cron", "--function", "worker"),
            *("--output-dir", str(tmp_path / "out"), "--format", "json"),
        ],
        cwd=shop,
        capture_output=True,
        check=False,
        env={**poetry.env},
    )
    # Of `worker` the environment has no group, so its handler cannot be imported.
    assert 1 == done.returncode
    assert b"No module named 'iniconfig'" in done.stderr
    assert ["cron"] == [each["function"] for each in json.loads(done.stdout)]
    assert ["cron.zip"] == os.listdir(tmp_path / "out")
