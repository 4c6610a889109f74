"""The command in an environment without Poetry makes what it makes beside it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from packaging.requirements import Requirement

from tests.e2e.environments import cached_environment
from tests.e2e.environments import pip
from tests.e2e.projects import names_in
from tests.e2e.running import BIN
from tests.e2e.running import LIMIT_S
from tests.e2e.running import clean_environment
from tests.e2e.standalone import standalone_wheel
from tests.lambda_runtime.building import kept_directory
from tests.modules import failed_imports
from tests.modules import modules_in
from tests.package_index import index_url
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tools.standalone import NAME
from tools.standalone import PACKAGE
from tools.standalone import requirements


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Installed:
    """The distribution, and a new environment with it.

    Attributes:
        wheel: What was installed; nothing else is in its directory.
        python: The environment's.
        env: The variables to run it with.
    """

    wheel: Path
    python: Path
    env: Mapping[str, str]

    def run(self, directory: Path, *command: str, **env: str) -> str:
        """Runs a command that is to succeed; what it wrote to stdout."""
        return run(directory, *command, **{**self.env, **env})


def run(directory: Path, *command: str, **env: str) -> str:
    done = subprocess.run(
        command,
        cwd=directory,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert 0 == done.returncode, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    base = tmp_path_factory.mktemp("standalone")
    wheel = standalone_wheel(base)
    subprocess.run([sys.executable, "-m", "venv", base / "venv"], check=True)
    python = base / "venv" / "bin" / "python"
    pip("install", "--quiet", str(wheel), python=str(python))
    return Installed(wheel, python, clean_environment(base))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with an environment, most of which is nested if little room is left."""
    directory = tmp_path_factory.mktemp("project")
    venv = make_venv(directory / "venv")
    install(venv, "my_app", {"my_app/__init__.py": "import big\n", "my_app/data": "x"})
    install(venv, "big", {"big.py": "".join(f"x{n} = {n}\n" for n in range(99_999))})
    make_project(directory)
    return directory


def test_nothing_of_poetry_is_installed(installed: Installed) -> None:
    """What it requires, and no more: none of that requires anything."""
    command = (str(installed.python), "-m", "pip", "list", "--format", "json")
    listed = json.loads(installed.run(installed.wheel.parent, *command))

    names = {each["name"].lower() for each in listed} - {"pip", "setuptools"}
    required = [Requirement(each) for each in requirements()]
    here = {each.name for each in required if not each.marker or each.marker.evaluate()}
    assert {NAME, *here} == names
    assert 6 == len(required)  # docs/standalone.md


def test_each_module_alone_without_poetry(installed: Installed) -> None:
    """All that is in it can be imported there."""
    modules = modules_in(installed.wheel.parents[1] / "project" / "src")

    assert f"{PACKAGE}.cli" in modules
    assert "" == failed_imports(str(installed.python), modules, installed.env)


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--layers-size", "261000000"),
        ("--layer",),
        ("--compile", "--python", sys.executable),
        ("--layers-size", "261000000", "--compile", "--python", sys.executable),
    ],
    ids=["flat", "nested", "layer", "compiled", "nested and compiled"],
)
def test_the_same_bytes(
    installed: Installed, project: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Archives are those of the plugin's distribution, whatever form they have."""
    made: dict[str, dict[str, bytes]] = {}
    for directory in (installed.python.parent, BIN):
        command = str(directory / "package-python-function")
        target = tmp_path / f"{len(made)}"
        where = ("--output-dir", str(target), "--report", str(tmp_path / "report.json"))
        installed.run(project, command, "venv", *where, *options)
        report = json.loads((tmp_path / "report.json").read_text())
        assert report["nested_zip"] is ("--layers-size" in options)
        made[command] = {path.name: path.read_bytes() for path in target.iterdir()}

    own, plugins = made.values()
    assert own == plugins
    assert ("my_app-layer.zip" in own) is ("--layer" in options)


def test_its_handler_is_imported(installed: Installed, project: Path) -> None:
    """What verifies it is found under the package's name."""
    options = ("--handler", "my_app.handler", "--python", sys.executable, "--dry-run")
    venv = make_venv(installed.wheel.parents[1] / "handler")
    install(venv, "my_app", {"my_app.py": "def handler(event, context): ...\n"})
    command = str(installed.python.parent / NAME)

    said = installed.run(project, command, str(venv), *options)

    assert "my_app.handler was imported in" in said


def test_it_runs_as_a_module(installed: Installed, project: Path) -> None:
    """Under the name of its package."""
    command = (str(installed.python), "-m", PACKAGE, "venv", "--dry-run")
    assert "CodeSha256" in installed.run(project, *command)


def test_it_has_no_file_of_the_plugins(installed: Installed) -> None:
    """So that each can be removed from an environment that has both."""
    own = {name.partition("/")[0] for name in names_in(installed.wheel)}
    assert {PACKAGE, f"{PACKAGE}-0.1.0.dist-info"} == own


def index(base: Path, wheel: Path) -> dict[str, str]:
    """Variables that let pip and uv find the distribution, which no index has yet."""
    return {
        "PIP_FIND_LINKS": str(wheel.parent),
        "PIP_NO_COMPILE": "1",
        "UV_DEFAULT_INDEX": index_url(),
        "UV_FIND_LINKS": str(wheel.parent),
        "UV_CACHE_DIR": str(base / "uv-cache"),
        "UV_PYTHON": sys.executable,
        "UV_TOOL_DIR": str(base / "uv-tools"),
        "UV_TOOL_BIN_DIR": str(base / "uv-bin"),
        "PIPX_HOME": str(base / "pipx"),
        "PIPX_BIN_DIR": str(base / "bin"),
        "PIPX_MAN_DIR": str(base / "man"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        # Of no matter for what is tested, and of some seconds.
        "PIPX_SHARED_LIBS": str(kept_directory("pipx-shared")),
    }


@pytest.mark.large
def test_pipx(installed: Installed, project: Path, tmp_path: Path) -> None:
    """`pipx install` brings the command, and `pipx run` needs no name of one."""
    pipx = str(cached_environment("pipx", "pipx ==1.*").with_name("pipx"))
    env = index(tmp_path, installed.wheel)

    installed.run(project, pipx, "install", NAME, **env)
    command = str(tmp_path / "bin" / "package-python-function")
    made = installed.run(project, command, "venv", "--dry-run")
    run_once = installed.run(project, pipx, "run", NAME, "venv", "--dry-run", **env)

    assert {"package-python-function", NAME} == {*os.listdir(tmp_path / "bin")}
    assert hash_in(made) == hash_in(run_once)


def test_uvx(installed: Installed, project: Path, tmp_path: Path) -> None:
    """`uvx` takes nothing but the distribution's name; `uv tool install` works, too."""
    env = index(tmp_path, installed.wheel)
    uv, uvx = (str(BIN / name) for name in ("uv", "uvx"))

    run_once = installed.run(project, uvx, NAME, "venv", "--dry-run", **env)
    installed.run(project, uv, "tool", "install", NAME, **env)
    command = str(tmp_path / "uv-bin" / "package-python-function")
    made = installed.run(project, command, "venv", "--dry-run")

    assert hash_in(made) == hash_in(run_once)


def hash_in(said: str) -> str:
    """What Lambda will say of the archive."""
    (found,) = (line for line in said.splitlines() if line.startswith("CodeSha256"))
    return found
