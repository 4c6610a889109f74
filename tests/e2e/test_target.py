"""Packages for other runtimes and machines than this one, by the command itself.

One case for each kind; interpreters and wheels that are missing are in tests/bundling.
"""

from __future__ import annotations

import json
import os
import re
import sys
import zipfile

from functools import partial
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.elf.reader import read_elf
from tests.e2e.projects import distributions_in
from tests.e2e.projects import pep621
from tests.machine import interpreter
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


OWN = f"3.{sys.version_info.minor}"
EM_X86_64, EM_AARCH64 = 62, 183
DEPENDENCIES = (
    "markupsafe (==3.0.3)",
    "orjson (==3.11.4)",
    "six (==1.17.0) ; platform_machine == 'aarch64'",
    "idna (==3.11) ; sys_platform == 'linux' and platform_machine == 'x86_64'",
    "packaging (==25.0) ; python_version >= '3.11'",
)
BOTH = ("my_app", "markupsafe", "orjson", "packaging")


def project(directory: Path, dependencies: tuple[str, ...]) -> Path:
    files = {"pyproject.toml": pep621(dependencies=dependencies)}
    return write_files(directory, {**files, "my_app/__init__.py": ""})


@pytest.fixture(scope="module")
def native(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with extension modules and markers, locked."""
    return poetry.lock(project(tmp_path_factory.mktemp("native"), DEPENDENCIES))


def package(
    poetry: Poetry, directory: Path, out: Path, *options: str
) -> tuple[dict[str, Any], list[str]]:
    """Packages; what the report and the archive have."""
    report = out / "report.json"
    archive = out / "my_app.zip"
    done = poetry.package(
        directory, "--output", str(archive), "--report", str(report), *options
    ).well()
    made_for = json.loads(report.read_text())["made_for"]
    assert f"  Made for    {made_for}\n" in done.stdout
    with zipfile.ZipFile(archive) as source:
        source.extractall(out / "task")
        return json.loads(report.read_text()), source.namelist()


def machine_of(library: Path) -> int:
    with library.open("rb") as file:
        elf = read_elf(partial(os.pread, file.fileno()))
    assert elf is not None
    return elf.machine


def test_all_is_for_the_architecture(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """Whatever machine this is, and named in the report; markers are the target's."""
    options = "--runtime", f"python{OWN}", "--architecture", "arm64"
    report, names = package(poetry, native, tmp_path, *options)

    modules = [name for name in names if name.endswith(".so")]
    assert 2 <= len(modules)
    assert modules == [name for name in modules if "-aarch64-linux" in name]
    assert {EM_AARCH64} == {machine_of(tmp_path / "task" / name) for name in modules}
    assert "aarch64" == report["target"]["machine"]
    assert f"python{OWN}" == report["target"]["runtime"]
    assert {*BOTH, "six"} == distributions_in(tmp_path / "my_app.zip")


def test_without_a_runtime_it_is_lambdas(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """That of the Python which Poetry chooses, to the byte, and how to pin it."""
    done = poetry.package(native, "--output", str(tmp_path / "f.zip")).well()
    assert f"  Made for    python{OWN}, x86_64 (Lambda)\n" in done.stdout
    assert f'            to pin it: runtime = "python{OWN}"\n' in done.stdout

    named, _ = package(poetry, native, tmp_path, "--runtime", f"python{OWN}")
    assert named["target"]["is_named"]
    written = [(tmp_path / name).read_bytes() for name in ("f.zip", "my_app.zip")]
    assert written[0] == written[1]


def test_what_this_machine_builds(poetry: Poetry, native: Path, tmp_path: Path) -> None:
    """It is said; nothing is held against a target."""
    report, _ = package(poetry, native, tmp_path, "--platform", "host")
    assert report["target"] is None
    assert report["made_for"].startswith(f"this machine, Python {OWN}: ")


def test_agentcore(poetry: Poetry, native: Path, tmp_path: Path) -> None:
    """It is on arm64, whatever is said, and has limits of its own."""
    report, names = package(poetry, native, tmp_path, "--target", "agentcore")
    assert f"python{OWN}, arm64 (AgentCore)" == report["made_for"]
    assert 786_432_000 == report["limit_bytes"]
    assert any("aarch64" in name for name in names)


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


def test_one_cache_serves_several_targets(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """Each gets its own wheels out of it."""
    isolated = poetry.having(POETRY_CACHE_DIR=str(tmp_path / "cache"))
    names: list[list[str]] = []
    for architecture in "arm64", "x86_64", "arm64":
        out = tmp_path / f"{len(names)}"
        out.mkdir()
        options = "--runtime", f"python{OWN}", "--architecture", architecture
        names.append(package(isolated, native, out, *options)[1])

    assert names[0] == names[2] != names[1]


def test_the_interpreter_is_the_runtimes(
    poetry: Poetry, native: Path, tmp_path: Path
) -> None:
    """Found as Poetry finds it; Lambda's default architecture is x86_64."""
    minor = 13 if OWN != "3.13" else 12
    python = interpreter(f"3.{minor}")
    found = poetry.having(PATH=f"{python.parent}{os.pathsep}{poetry.env['PATH']}")
    report, names = package(found, native, tmp_path, "--runtime", f"python3.{minor}")

    assert f"3.{minor}" == report["python"] == report["target"]["python"]
    modules = [name for name in names if name.endswith(".so")]
    assert 2 <= len(modules)
    assert modules == [name for name in modules if f"-3{minor}-x86_64-linux" in name]
    assert {EM_X86_64} == {machine_of(tmp_path / "task" / name) for name in modules}
    assert {*BOTH, "idna"} == distributions_in(tmp_path / "my_app.zip")


# -- before anything is downloaded --------------------------------------------------


@pytest.mark.parametrize("lock", ["2.1", "2.0"])
def test_what_has_no_wheel_is_told_before_the_download(
    isolated: Poetry, tmp_path: Path, lock: str
) -> None:
    """All of it, with who requires it, what there is and what would work.

    Locks of Poetry 2.0 and before do not say which groups need what.
    """
    dependencies = ("pywin32 (==311)", "jinja2 (==3.1.6)", "markupsafe (==2.1.1)")
    directory = isolated.lock(project(tmp_path / "project", dependencies))
    if lock != "2.1":
        path = directory / "poetry.lock"
        text = path.read_text().replace('lock-version = "2.1"', 'lock-version = "2.0"')
        path.write_text(re.sub(r"(?m)^(groups|markers) = .*\n", "", text))
    said = isolated.package(
        *(directory, "--runtime", f"python{OWN}", "--architecture", "arm64")
    ).failed(1)

    assert f"poetry.lock has no wheel for python{OWN} on aarch64" in said
    assert "- pywin32 311, required by my-app" in said
    assert "win_arm64" in said
    assert not (directory / "dist").exists()


def test_a_pure_sdist_is_built(poetry: Poetry, tmp_path: Path) -> None:
    """What has no wheel at all is built, for whatever machine."""
    directory = poetry.lock(project(tmp_path / "project", ("docopt (==0.6.2)",)))
    options = "--runtime", f"python{OWN}", "--architecture", "arm64"
    _, names = package(poetry, directory, tmp_path, *options)

    assert "docopt.py" in names
