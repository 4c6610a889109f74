"""What other clouds run of a package: as much of them as the index has."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import BIN
from tests.e2e.running import Poetry
from tests.e2e.running import clean_environment
from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail
from tests.machine import interpreter
from tests.recipes.pages import RECIPES
from tests.recipes.workflows import blocks
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator


AZURE = "azure-functions.md"
GOOGLE = "google-cloud-functions.md"
OWN = Path(sys.executable)
LIMIT_S = 60


@pytest.fixture(scope="module")
def poetry(tmp_path_factory: pytest.TempPathFactory) -> Poetry:
    base = tmp_path_factory.mktemp("poetry")
    scratch = base / "tmp"
    scratch.mkdir()
    usual = Poetry((str(BIN / "poetry"),), clean_environment(base), scratch)
    # The environments that are kept here go with the tests, but wheels stay.
    cache = Path(usual(base, "config", "cache-dir").well().stdout.strip())
    (cache / "artifacts").mkdir(parents=True, exist_ok=True)
    (base / "cache").mkdir()
    (base / "cache" / "artifacts").symlink_to(cache / "artifacts")
    return usual.having(POETRY_CACHE_DIR=str(base / "cache"))


def package(
    poetry: Poetry, directory: Path, archive: Path, python: Path, *flags: str
) -> str:
    """Packages a project, with a Python that is known; what was said.

    To find the Python that a page names, Poetry asks all that there are: that takes
    longer than the rest, and has its tests.
    """
    known = ("--python", str(python), "--output", str(archive))
    return poetry.package(directory, *known, *flags).well().stdout


def project(base: Path, page: str, **files: str) -> Path:
    """The project of a page, for the kind of machine that this is."""
    (settings,) = blocks(page, "toml")
    settings = settings.replace("_x86_64", f"_{platform.machine()}")
    (code,) = blocks(page, "python")
    (name,) = re.findall(r'include = \["(\w+\.py)"', settings)
    return write_files(
        base / "hello", {"pyproject.toml": settings, name: code, **files}
    )


def unpacked(archive: Path, directory: Path) -> Path:
    """The files of an archive."""
    shutil.unpack_archive(archive, directory)
    return directory


def environment(base: Path) -> dict[str, str]:
    """Our environment, with a temporary directory of its own."""
    tmp = base / "tmp"
    tmp.mkdir(exist_ok=True)
    return {**clean_environment(base), "TMPDIR": str(tmp)}


def kept_python(name: str, python: Path, requirement: str) -> Path:
    """The Python of an environment with one requirement, made once."""

    def build(directory: Path) -> None:
        # Not each interpreter brings a pip along; ours can install for any.
        made = run_apart([str(python), "-m", "venv", "--without-pip", str(directory)])
        assert made.returncode == 0, tail(made.stdout)
        target = f"--python={directory / 'bin' / 'python'}"
        pip = [sys.executable, "-m", "pip", target, "install", requirement]
        installed = run_apart(pip)
        assert installed.returncode == 0, tail(installed.stdout)

    version = run_apart([str(python), "--version"]).stdout.split()[-1]
    home = kept_directory("recipes") / f"{name}-{version}"
    if not (home / "bin" / "python").exists():  # its interpreter may have gone
        shutil.rmtree(home, ignore_errors=True)
    return built_once(home, build) / "bin" / "python"


# Azure


def azures_python() -> Path:
    """A Python that Microsoft's runtime is for."""
    if sys.version_info >= (3, 13):
        return Path(sys.executable)
    for version in ("3.13", "3.14"):
        try:
            return interpreter(version)
        except pytest.skip.Exception:
            continue
    pytest.skip("azure-functions-runtime takes Python 3.13 or 3.14, which is not here")


@pytest.fixture(scope="module")
def azure(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked project."""
    (host,) = blocks(AZURE, "json")
    base = tmp_path_factory.mktemp("azure")
    directory = project(base, AZURE, **{"host.json": host})
    # Poetry's own Python may be an older one.
    poetry(directory, "env", "use", str(azures_python())).well()
    poetry(directory, "lock").well()
    return directory


def answered(
    app: Path, base: Path, *, before: Path | None = None, behind: Path | None = None
) -> str:
    """Has Microsoft's runtime call the app; where it has a dependency from."""
    python = kept_python(
        "azure-functions-runtime-1.3.0",
        azures_python(),
        "azure-functions-runtime==1.3.0",
    )
    host = Path(__file__).with_name("azure_host.py")
    command = [str(python), "-I", str(host), str(before or ""), str(behind or "")]
    done = subprocess.run(
        [*command, str(app)],
        cwd=app,
        env=environment(base),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    library = found.pop("pydantic")
    assert found == {"function": "hello", "status": "200", "body": "Hello, Azure!"}
    return str(library)


def test_azures_runtime_runs_a_flat_package(
    poetry: Poetry, azure: Path, tmp_path: Path
) -> None:
    """Wherever the app's root is on `sys.path`, and as Microsoft documents it."""
    archive = tmp_path / "dist" / "hello.zip"
    package(poetry, azure, archive, azures_python())
    app = unpacked(archive, tmp_path / "wwwroot")

    for places in ({"before": app}, {"behind": app}):
        assert answered(app, tmp_path, **places).startswith(f"{app}/pydantic/")

    (script,) = blocks(AZURE, "sh")
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    command = ["sh", "-eu", "-c", script]
    subprocess.run(command, cwd=tmp_path, env={**os.environ, "PATH": path}, check=True)
    app = unpacked(tmp_path / "dist" / "app.zip", tmp_path / "documented")
    libraries = app / ".python_packages" / "lib" / "site-packages"
    assert {*os.listdir(app)} == {".python_packages", "function_app.py", "host.json"}
    used = answered(app, tmp_path, before=libraries, behind=app)
    assert used.startswith(f"{libraries}/pydantic/")


# Google


@pytest.fixture(scope="module")
def google(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The locked project."""
    return poetry.lock(project(tmp_path_factory.mktemp("google"), GOOGLE))


def server() -> list[str]:
    """What Cloud Run is told to run."""
    text = (RECIPES / GOOGLE).read_text(encoding="utf-8")
    (command,) = re.findall(r"--command (\S+)", text)
    (arguments,) = re.findall(r"--args=(\S+)", text)
    assert command == "python3"
    return str(arguments).split(",")


@contextmanager
def serving(python: list[str], directory: Path, base: Path) -> Iterator[str]:
    """Runs the framework in a directory; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**environment(base), "HOST": "127.0.0.1", "PORT": str(port)}
    with (base / "log").open("w") as log:
        process = subprocess.Popen(
            [*python, *server()],
            cwd=directory,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline_s = time.monotonic() + LIMIT_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert process.poll() is None, (base / "log").read_text()
            assert time.monotonic() < deadline_s, (base / "log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(LIMIT_S)


def greeted(address: str) -> str:
    """What the function answers; no proxy is asked for it."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}?name=Google", timeout=LIMIT_S) as response:
        return str(response.read().decode())


def test_google_without_a_build(poetry: Poetry, google: Path, tmp_path: Path) -> None:
    """The framework serves the function out of the unpacked directory alone."""
    archive = tmp_path / "hello.zip"
    package(poetry, google, archive, OWN, "--with", "server")
    directory = unpacked(archive, tmp_path / "workspace")
    # No site-packages, and no variables of Python's: only the current directory.
    with serving([sys.executable, "-S", "-E"], directory, tmp_path) as address:
        assert "Hello, Google!" == greeted(address)


def test_google_with_a_build(poetry: Poetry, google: Path, tmp_path: Path) -> None:
    """What the build installs is before the ZIP; all that is in this compiles."""
    archive = tmp_path / "hello.zip"
    package(poetry, google, archive, OWN)
    directory = unpacked(archive, tmp_path / "workspace")
    assert not (directory / "functions_framework").exists()
    compiled = subprocess.run(
        [sys.executable, "-m", "compileall", "-f", "-q", "."], cwd=directory
    )
    assert 0 == compiled.returncode
    python = kept_python(
        "functions-framework-3.10.2",
        Path(sys.executable),
        "functions-framework==3.10.2",
    )
    with serving([str(python), "-P"], directory, tmp_path) as address:
        assert "Hello, Google!" == greeted(address)
