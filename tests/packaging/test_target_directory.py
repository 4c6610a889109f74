"""Directories that pip, uv and SAM's builder fill, packaged as they are."""

from __future__ import annotations

import os
import subprocess
import sys

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import PackageFunctionError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from tests.e2e.projects import contents
from tests.e2e.projects import names_in
from tests.e2e.wheels import make_wheel
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


BIN = os.path.dirname(sys.executable)
HERE = "{}.{}".format(*sys.version_info[:2])
ENTRY_POINTS = "[console_scripts]\nlib-tool = lib:main\n"


@pytest.fixture
def wheels(tmp_path: Path) -> tuple[Path, ...]:
    """A library with files for each scheme, and another one that shares with it."""
    lib = {
        "lib.py": "def main(): ...\n",
        "shared/one.py": "x = 1\n",
        "lib-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
        "lib-1.0.data/purelib/lib_more.py": "y = 2\n",
        "lib-1.0.data/scripts/lib-script": "#!python\nprint()\n",
        "lib-1.0.data/scripts/lib.py": "#!python\nprint()\n",
        "lib-1.0.data/data/share/man/man1/lib.1": "a page\n",
        "lib-1.0.data/data/etc/lib.conf": "[lib]\n",
        "lib-1.0.data/headers/lib.h": "int lib;\n",
    }
    other = {
        "shared/two.py": "x = 2\n",
        "other.pth": "import sys\n",
        # Packages, whatever they are called.
        "bin/__init__.py": "",
        "bin/tool.py": "z = 3\n",
        "share_price/__init__.py": "",
    }
    directory = tmp_path / "wheels"
    return (
        make_wheel(directory, "lib", lib),
        make_wheel(directory, "other", other),
        make_wheel(directory, "setuptools", {"setuptools.py": ""}),
    )


def run(*command: object, **env: str) -> str:
    done = subprocess.run(
        [*map(str, command)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


def by_pip(target: Path, *arguments: object) -> Path:
    quiet = ("--no-index", "--no-deps", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", "install", *quiet)
    run(*pip, "--target", target, *arguments)
    return target


def by_uv(target: Path, *arguments: object) -> Path:
    python = ("--python", sys.executable)
    uv = (f"{BIN}/uv", "pip", "install", "--no-index", "--no-deps", *python)
    cache = str(target.with_name("uv-cache"))
    run(*uv, "--target", target, *arguments, UV_CACHE_DIR=cache)
    return target


def by_sam(target: Path, *wheels: Path) -> Path:
    """What `sam build` calls; the function's own code is beside its dependencies."""
    from aws_lambda_builders.builder import LambdaBuilder

    source = target.with_name("source")
    requirements = "".join(f"{wheel}\n" for wheel in wheels)
    write_files(
        source,
        {
            "requirements.txt": f"--no-index\n{requirements}",
            "app.py": "import lib\n\n\ndef handler(event, context): ...\n",
            "helpers/names.py": "",
        },
    )
    scratch = target.with_name("scratch")
    for directory in (target, scratch):
        directory.mkdir()
    builder = LambdaBuilder(
        language="python", dependency_manager="pip", application_framework=None
    )
    builder.build(
        *map(str, (source, target, scratch, source / "requirements.txt")),
        runtime=f"python{HERE}",
        executable_search_paths=[BIN],
    )
    return target


def in_venv(venv: Path, *wheels: Path) -> Path:
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    quiet = ("--no-index", "--no-deps", "--disable-pip-version-check")
    pip = (sys.executable, "-m", "pip", f"--python={venv}/bin/python")
    run(*pip, "install", *quiet, *wheels)
    return venv


@pytest.mark.slow
@pytest.mark.parametrize("fill", [by_pip, by_uv])
def test_the_bytes_of_a_virtual_environment(
    tmp_path: Path, wheels: tuple[Path, ...], fill: Callable[..., Path]
) -> None:
    """The same distributions make the same ZIP: no scripts, data, headers or locks."""
    pyproject = make_project(tmp_path / "project", "lib")
    expected, found = tmp_path / "venv.zip", tmp_path / "found.zip"
    package_venv(in_venv(tmp_path / "venv", *wheels), pyproject, expected)

    package_venv(fill(tmp_path / "target", *wheels), pyproject, found)

    assert contents(expected) == contents(found)
    assert expected.read_bytes() == found.read_bytes()
    assert {"bin/__init__.py", "bin/tool.py", "other.pth", "setuptools.py"} <= {
        *names_in(found)
    }
    assert not {"bin/lib.py", "bin/lib-tool", ".lock"} & {*names_in(found)}


@pytest.mark.slow
def test_what_sam_has_built(tmp_path: Path, wheels: tuple[Path, ...]) -> None:
    """Dependencies are as in a virtual environment; what is beside is the project's."""
    pyproject = make_project(tmp_path / "project")
    expected, found = tmp_path / "venv.zip", tmp_path / "found.zip"
    package_venv(in_venv(tmp_path / "venv", *wheels), pyproject, expected)

    report = package_venv(
        by_sam(tmp_path / "target", *wheels),
        pyproject,
        found,
        python=sys.executable,
        handler="app.handler",
    )

    own = {"app.py", "helpers/names.py", "requirements.txt"}
    shipped = {each[0]: each for each in contents(found)}
    assert own <= shipped.keys()
    assert contents(expected) == [shipped[name] for name in sorted({*shipped} - own)]
    assert ("app", "helpers.names") == report.entry_modules
    assert report.verified is not None
    assert report.verified.is_complete
    assert HERE == report.python


@pytest.mark.slow
def test_bytecode_of_a_named_interpreter(
    tmp_path: Path, wheels: tuple[Path, ...]
) -> None:
    """--python compiles what no interpreter comes with, as it does in its own venv."""
    pyproject = make_project(tmp_path / "project")
    flags: dict[str, Any] = {"compile": True}
    expected, found = tmp_path / "venv.zip", tmp_path / "found.zip"
    package_venv(in_venv(tmp_path / "venv", *wheels), pyproject, expected, **flags)

    target = by_pip(tmp_path / "target", *wheels)
    report = package_venv(target, pyproject, found, python=HERE, **flags)

    assert report.bytecode is not None
    assert expected.read_bytes() == found.read_bytes()


@pytest.mark.slow
def test_two_versions(tmp_path: Path) -> None:
    """An upgrade by pip leaves metadata and modules of before: both are named."""
    for version in ("1.0", "2.0"):
        files = {"demo.py": version, f"only_in_{version[0]}.py": ""}
        wheel = make_wheel(tmp_path / "wheels", "demo", files, version)
        target = by_pip(tmp_path / "target", "--upgrade", wheel)

    with pytest.raises(SourceError, match=r"demo 1\.0 and 2\.0") as raised:
        find_site_packages(target)
    assert f"rm -r {target}" in raised.value.hint


# -- by hand: what it is for --------------------------------------------------------


def filled(directory: Path, *tags: str) -> Path:
    """A directory with a distribution for each of these tags."""
    for number, tag in enumerate(tags):
        write_files(
            directory,
            {
                f"d{number}.py": "",
                f"d{number}-1.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n",
                f"d{number}-1.dist-info/RECORD": f"d{number}.py,,\n",
            },
        )
    return directory


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("py3-none-any",), None),
        (("py3-none-any", "cp312-cp312-manylinux_2_28_x86_64"), "3.12"),
        (("cp39-abi3-manylinux_2_28_x86_64",), None),
        (("cp39-abi3-linux_x86_64", "cp313-cp313-linux_x86_64"), "3.13"),
        (("cp313-none-any",), "3.13"),
        (("cp312-cp312-linux_x86_64\nTag: cp312-cp312-linux_aarch64",), "3.12"),
        (("cp311-none-any\nTag: cp312-none-any",), None),
    ],
)
def test_the_python_of_wheels(
    tmp_path: Path, tags: tuple[str, ...], expected: str | None
) -> None:
    """Wheels for one Python tell which; pure ones and the stable ABI do not."""
    found = find_site_packages(filled(tmp_path / "target", *tags))

    assert expected == found.python
    assert (tmp_path / "target",) == found.directories


def test_wheels_for_several_pythons(tmp_path: Path) -> None:
    """They cannot work together, and which are right is not guessed."""
    tags = ("cp312-cp312-linux_x86_64", "cp311-cp311-linux_x86_64")

    with pytest.raises(SourceError, match=r"for 2 Pythons: 3\.11 \(d1\), 3\.12 \(d0\)"):
        find_site_packages(filled(tmp_path / "target", *tags))


NATIVE = "cp310-cp310-linux_x86_64"
PURE = "py3-none-any"


@pytest.mark.parametrize(
    ("tag", "flags", "message", "hint"),
    [
        (NATIVE, {"runtime": "python3.13"}, "is for Python 3.10, and", "3.13 --only"),
        (PURE, {"platform": "manylinux_2_28_x86_64"}, "which Python", "--python 3.13"),
        (PURE, {"compile": True}, "which --compile needs", "--python 3.13, for"),
        (NATIVE, {"compile": True}, "which --compile needs", "--python 3.10."),
        (
            PURE,
            {"compile": True, "runtime": "python3.12"},
            "which --compile needs",
            "--python 3.12.",
        ),
        (PURE, {"handler": "d0.handler"}, "which --handler needs", "--python 3.13"),
    ],
)
def test_what_cannot_work(
    tmp_path: Path, tag: str, flags: dict[str, Any], message: str, hint: str
) -> None:
    """What needs a Python, or another one, says how to name it; nothing is written."""
    output = tmp_path / "fn.zip"
    output.write_text("old")

    with pytest.raises(PackageFunctionError, match=message) as raised:
        package_venv(
            filled(tmp_path / "target", tag),
            make_project(tmp_path / "project"),
            output,
            **flags,
        )
    assert hint in raised.value.hint
    assert "old" == output.read_text()


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("3.99", "There is no Python 3.99 here"),
        ("false", "does not work as Python"),
        (sys.executable, rf"is for Python 3\.10, and .* is Python {HERE}"),
    ],
)
def test_an_interpreter_that_will_not_do(
    tmp_path: Path, python: str, message: str
) -> None:
    target = filled(tmp_path / "target", NATIVE)

    with pytest.raises((SourceError, IncompatibleTargetError), match=message) as raised:
        find_site_packages(target, python)
    assert "--python" in raised.value.hint


@pytest.fixture
def another() -> str:
    """A version that this Python is not."""
    return "3.13" if HERE == "3.12" else "3.12"


def test_another_python_than_the_runtime(tmp_path: Path, another: str) -> None:
    """The interpreter that is named is held against the runtime."""
    flags: dict[str, Any] = {"runtime": f"python{another}", "python": sys.executable}

    with pytest.raises(IncompatibleTargetError, match="--python is Python") as raised:
        package_venv(
            filled(tmp_path / "target", PURE),
            make_project(tmp_path / "project"),
            tmp_path / "fn.zip",
            **flags,
        )
    assert f"--python {another}" in raised.value.hint


def test_a_runtime_says_the_python(tmp_path: Path, another: str) -> None:
    """Then the report, and what depends on the version, go by it."""
    report = package_venv(
        filled(tmp_path / "target", PURE),
        make_project(tmp_path / "project"),
        tmp_path / "fn.zip",
        runtime=f"python{another}",
    )

    assert another == report.python


def test_code_of_no_distribution_is_the_projects(tmp_path: Path) -> None:
    """In a virtual environment it is nobody's: somebody has put it there."""
    target = filled(tmp_path / "target", PURE)
    write_files(target, {"app/__init__.py": "", "app/data.json": "{}"})
    output = tmp_path / "fn.zip"

    report = package_venv(target, make_project(tmp_path / "project"), output)

    assert ("app",) == report.entry_modules


def test_a_venv_with_metadata_at_its_top(tmp_path: Path) -> None:
    """It is still one."""
    venv = make_venv(tmp_path / "venv", python="3.13")
    install(venv, "lib", {"lib.py": ""})
    filled(venv, PURE)

    assert "3.13" == find_site_packages(venv).python


def test_site_packages_of_a_venv(tmp_path: Path) -> None:
    """The environment is named: it knows the Python and has an interpreter."""
    venv = make_venv(tmp_path / "venv")
    directory = install(venv, "lib", {"lib.py": ""}).parent

    with pytest.raises(SourceError, match="site-packages of a virtual") as raised:
        find_site_packages(directory)
    assert f"{venv}." in raised.value.hint
