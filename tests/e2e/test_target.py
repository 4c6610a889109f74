"""Packages for other runtimes and machines than this one, by the command itself."""

from __future__ import annotations

import json
import os
import shutil
import sys
import zipfile

from functools import partial
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.elf import read_elf
from tests.e2e.projects import pep621
from tests.e2e.projects import small_project
from tests.machine import interpreter
from tests.trees import make_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


OWN = f"3.{sys.version_info.minor}"
MACHINES = {"x86_64": 62, "aarch64": 183}  # EM_X86_64, EM_AARCH64
NATIVE = ("markupsafe (==3.0.3)", "orjson (==3.11.4)", "six (==1.17.0)")
MARKED = (
    "six (==1.17.0) ; platform_machine == 'aarch64'",
    "idna (==3.11) ; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "packaging (==25.0) ; python_version >= '3.11'",
)


def project(directory: Path, dependencies: tuple[str, ...]) -> Path:
    files = {"pyproject.toml": pep621(dependencies=dependencies)}
    return write_files(directory, {**files, "my_app/__init__.py": ""})


@pytest.fixture(scope="module")
def native(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with extension modules, locked."""
    return poetry.lock(project(tmp_path_factory.mktemp("native"), NATIVE))


def package(
    poetry: Poetry, directory: Path, out: Path, *options: str
) -> tuple[dict[str, Any], list[str]]:
    """Packages; what the report and the archive have."""
    report = out / "report.json"
    archive = out / "my_app.zip"
    poetry.package(
        directory, "--output", str(archive), "--report", str(report), *options
    ).well()
    with zipfile.ZipFile(archive) as source:
        source.extractall(out / "task")
        return json.loads(report.read_text()), source.namelist()


@pytest.mark.parametrize(
    ("architecture", "machine"), [("arm64", "aarch64"), ("x86_64", "x86_64")]
)
def test_all_is_for_the_architecture(
    poetry: Poetry, native: Path, tmp_path: Path, architecture: str, machine: str
) -> None:
    """Whatever machine this is, and named in the report."""
    options = "--runtime", f"python{OWN}", "--architecture", architecture
    report, names = package(poetry, native, tmp_path, *options)

    modules = [name for name in names if name.endswith(".so")]
    assert 2 <= len(modules)
    assert modules == [name for name in modules if f"-{machine}-linux" in name]
    for name in modules:
        with (tmp_path / "task" / name).open("rb") as file:
            elf = read_elf(partial(os.pread, file.fileno()))
        assert elf is not None
        assert MACHINES[machine] == elf.machine, name
    assert machine == report["target"]["machine"]
    assert f"python{OWN}" == report["target"]["runtime"]


def test_markers_are_the_targets(poetry: Poetry, tmp_path: Path) -> None:
    """Not this machine's."""
    directory = poetry.lock(project(tmp_path / "project", MARKED))
    found = {}
    for architecture in "arm64", "x86_64":
        out = tmp_path / architecture
        out.mkdir()
        options = "--runtime", f"python{OWN}", "--architecture", architecture
        _, names = package(poetry, directory, out, *options)
        found[architecture] = {
            name.partition("-")[0] for name in names if "-info" in name
        }

    assert {"my_app", "packaging", "six"} == found["arm64"]
    assert {"my_app", "packaging", "idna"} == found["x86_64"]


def test_a_platform_of_another_cloud(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """There the interpreter is that of the environment."""
    report, names = package(
        poetry, native, tmp_path, "--platform", "manylinux_2_28_aarch64"
    )

    assert any("aarch64" in name for name in names)
    expected = {"runtime": None, "machine": "aarch64", "glibc": "2.28"}
    assert expected.items() <= report["target"].items()


def test_reuse_keeps_targets_apart(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """Each has an environment of its own."""
    isolated = poetry.having(POETRY_CACHE_DIR=str(tmp_path / "cache"))
    names: list[list[str]] = []
    for architecture in "arm64", "x86_64", "arm64":
        out = tmp_path / f"{len(names)}"
        out.mkdir()
        options = "--runtime", f"python{OWN}", "--architecture", architecture
        names.append(package(isolated, native, out, *options, "--reuse")[1])

    assert names[0] == names[2] != names[1]


@pytest.mark.parametrize("minor", [12, 13])
def test_the_interpreter_is_the_runtimes(
    poetry: Poetry, native: Path, tmp_path: Path, minor: int
) -> None:
    """Found as Poetry finds it."""
    python = interpreter(f"3.{minor}")
    found = poetry.having(PATH=f"{python.parent}{os.pathsep}{poetry.env['PATH']}")
    report, names = package(found, native, tmp_path, "--runtime", f"python3.{minor}")

    assert f"3.{minor}" == report["python"] == report["target"]["python"]
    assert any(f"cpython-3{minor}-x86_64" in name for name in names)


def test_no_such_interpreter(poetry: Poetry, small: Path, tmp_path: Path) -> None:
    """The error names ways to get one."""
    if shutil.which("python3.15") is not None:
        pytest.skip("there is a Python 3.15")
    said = poetry.package(
        small, "--runtime", "python3.15", "--output", str(tmp_path / "x.zip")
    ).failed(1)

    assert "There is no Python 3.15 here, which python3.15 needs." in said
    assert "poetry python install 3.15" in said


def test_an_interpreter_of_another_version(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """--python and --runtime have to agree."""
    said = poetry.package(
        *(small, "--runtime", "python3.13", "--python", sys.executable),
        *("--output", str(tmp_path / "x.zip")),
    ).failed(1)

    assert f"is Python {OWN}, and python3.13 on x86_64" in said
    assert "--python 3.13" in said


def test_a_project_that_does_not_allow_the_runtime(
    poetry: Poetry, tmp_path: Path
) -> None:
    """It is the project that says so."""
    directory = small_project(tmp_path)
    pyproject = directory / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(">=3.10", f">={OWN}"))
    poetry.lock(directory)
    python = interpreter("3.10")
    found = poetry.having(PATH=f"{python.parent}{os.pathsep}{poetry.env['PATH']}")
    said = found.package(directory, "--runtime", "python3.10").failed(1)

    assert f"The project allows Python >={OWN},<4.0, and the one for" in said
    assert "python3.10 here is 3.10." in said


def test_an_environment_of_another_version(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """A given environment has to be the runtime's."""
    venv = make_venv(tmp_path / "venv", {"six.py": ""}, python="3.12")
    said = poetry.package(
        *(small, "--venv", str(venv), "--runtime", "python3.13"),
        *("--output", str(tmp_path / "x.zip")),
    ).failed(1)

    assert "is a virtual environment of Python 3.12, and python3.13 on x86_64" in said


# -- before anything is downloaded --------------------------------------------------


def test_what_has_no_wheel_is_told_before_the_download(
    isolated: Poetry, tmp_path: Path
) -> None:
    """All of it, with who requires it, what there is and what would work."""
    dependencies = ("pywin32 (==311)", "jinja2 (==3.1.6)", "markupsafe (==2.1.1)")
    directory = isolated.lock(project(tmp_path / "project", dependencies))
    said = isolated.package(
        *(directory, "--runtime", f"python{OWN}", "--architecture", "arm64")
    ).failed(1)

    assert f"poetry.lock has no wheel for python{OWN} on aarch64" in said
    assert "- pywin32 311, required by my-app" in said
    assert "win_arm64" in said
    assert not (directory / "dist").exists()


@pytest.mark.skipif(OWN != "3.11", reason="the lock's wheels are for Python 3.11")
def test_the_nearest_runtime_that_would_work(isolated: Poetry, tmp_path: Path) -> None:
    """Amazon Linux 2 has an older glibc than wheels of today ask for."""
    directory = isolated.lock(
        project(tmp_path / "project", ("scipy (==1.16.3) ; python_version >= '3.11'",))
    )
    said = isolated.package(directory, "--runtime", "python3.11").failed(1)

    assert "required by my-app > scipy\n    has wheels of cp311 for macosx" in said
    assert "manylinux_2_27_x86_64" in said
    assert "has one for python3.12 on x86_64" in said


def test_a_pure_sdist_is_built(poetry: Poetry, tmp_path: Path) -> None:
    """What has no wheel at all is built, for whatever machine."""
    directory = poetry.lock(project(tmp_path / "project", ("docopt (==0.6.2)",)))
    options = "--runtime", f"python{OWN}", "--architecture", "arm64"
    _, names = package(poetry, directory, tmp_path, *options)

    assert "docopt.py" in names


def test_no_binary_is_obeyed(isolated: Poetry, tmp_path: Path) -> None:
    """Who has it built, knows that there is no wheel."""
    directory = isolated.lock(project(tmp_path / "project", ("markupsafe (==2.1.1)",)))
    poetry = isolated.having(POETRY_INSTALLER_NO_BINARY="markupsafe")
    said = poetry.package(
        directory, "--runtime", f"python{OWN}", "--output", str(tmp_path / "x.zip")
    ).said

    assert "has no wheel for" not in said
