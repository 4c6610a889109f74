"""The project is built by the backend that it names, as `poetry build` does it."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import answer
from tests.e2e.projects import distributions_in
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.git import git
from tests.git import repository
from tests.machine import interpreter
from tests.packaging.native import needs_gcc
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


DYNAMIC = """\
[project]
name = "my-app"
dynamic = ["version"]
requires-python = ">=3.10,<4.0"

[tool.poetry]
version = "0.0.0"
"""
SETUPTOOLS = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
"""
EXTENSION = """\
#include <Python.h>

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_fast", NULL, -1};

PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&definition); }
"""
SETUP = """\
from setuptools import Extension, setup

print("setup.py speaks")
setup(ext_modules=[Extension("my_app._fast", ["src/my_app/fast.c"])])
"""
HATCHLING = f"""\
{DYNAMIC}
[tool.hatch.version]
path = "src/my_app/__init__.py"

[tool.hatch.build.targets.wheel]
packages = ["src/my_app"]
exclude = ["secret.txt"]

[tool.hatch.build.targets.wheel.force-include]
"../shared/data.txt" = "my_app/data.txt"

[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""
DYNAMIC_VERSIONING = f"""\
{DYNAMIC}
[tool.poetry-dynamic-versioning]
enable = true

[build-system]
requires = ["poetry-core>=1.0.0", "poetry-dynamic-versioning>=1.0.0,<2.0.0"]
build-backend = "poetry_dynamic_versioning.backend"
"""
SCRIPT = """\
import sys
import six

print("build.py speaks")
with open("my_app/generated.py", "w") as file:
    file.write(f"VALUES = {[*sys.version_info[:2], six.__version__]!r}\\n")
"""
IN_TREE = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# Needs no index.
BACKEND = """\
import os, zipfile

INFO = "my_app-7.0.dist-info"
FILES = {
    f"{INFO}/METADATA": "Metadata-Version: 2.1\\nName: my-app\\nVersion: 7.0\\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\\nGenerator: b\\nRoot-Is-Purelib: true\\n"
    "Tag: py3-none-any\\n",
    f"{INFO}/RECORD": f"my_app.py,,\\n{INFO}/METADATA,,\\n{INFO}/WHEEL,,\\n"
    f"{INFO}/RECORD,,\\n",
}

def build_wheel(directory, config_settings=None, metadata_directory=None):
    print("the backend speaks")
    os.mkdir("build")
    name = "my_app-7.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as target:
        target.write("code.py", "my_app.py")
        for path, text in FILES.items():
            target.writestr(path, text)
    return name
"""


# As setuptools does.
SHIPS_WHAT_IS_THERE = BACKEND.replace(
    'os.mkdir("build")',
    """left = "build/lib/deleted.py"
    if os.path.exists(left):
        FILES["deleted.py"] = ""
        FILES[f"{INFO}/RECORD"] += "deleted.py,,\\n"
    os.makedirs("build/lib", exist_ok=True)
    open("build/lib/new.py", "w").close()""",
)


def own_backend(directory: Path, backend: str = BACKEND, more: str = "") -> Path:
    """A project with a backend of its own."""
    return write_files(
        directory,
        {
            "pyproject.toml": pep621(more=more).replace(POETRY_CORE, IN_TREE),
            "backend.py": backend,
            "code.py": "def handler(event, context):\n    return event\n",
        },
    )


def snapshot(directory: Path) -> dict[str, bytes]:
    """All files but those in `dist`, where results go."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.relative_to(directory).parts[0] != "dist"
    }


@needs_gcc
def test_setuptools_with_an_extension_module(poetry: Poetry, tmp_path: Path) -> None:
    """It is compiled for the environment's Python, and all packages are there.

    What an earlier build has left is not shipped, and the project is as it was. The
    compiler runs in the same place each time, and so its result is the same. For
    another machine it cannot be compiled, which is an error.
    """
    python = interpreter("3.13")
    write_files(
        tmp_path,
        {
            "pyproject.toml": pep621(dependencies=()).replace(POETRY_CORE, SETUPTOOLS),
            "setup.py": SETUP,
            "src/my_app/__init__.py": "",
            "src/my_app/fast.c": EXTENSION,
            "src/other_pkg/__init__.py": "",
            "build/lib.linux-x86_64-cpython-313/my_app/deleted.py": "",
            "build/lib/my_app/deleted.py": "",
        },
    )
    poetry.lock(tmp_path)
    before = snapshot(tmp_path)
    done = poetry.package(tmp_path, "--python", str(python), "--format", "json").well()
    assert "my_app" == json.loads(done.stdout)["distribution_name"]
    assert before == snapshot(tmp_path)
    names = names_in(tmp_path / "dist" / "my_app.zip")
    (extension,) = (name for name in names if name.endswith(".so"))
    assert extension.startswith("my_app/_fast.cpython-313-")
    assert "other_pkg/__init__.py" in names
    assert not any("deleted" in name for name in names)
    digest = sha256(tmp_path / "dist" / "my_app.zip")
    poetry.package(tmp_path, "--python", str(python)).well()
    assert digest == sha256(tmp_path / "dist" / "my_app.zip")

    elsewhere = ("--runtime", "python3.13", "--architecture", "arm64")
    said = poetry.package(tmp_path, "--python", str(python), *elsewhere).failed(1)
    assert "my_app/_fast" in said


def test_hatchling(poetry: Poetry, tmp_path: Path) -> None:
    """Its own keys and what Git ignores count; so do neighbours in the repository.

    That the readme is not there is of no matter: nothing of it is shipped.
    """
    table = "[project]\n"
    assert table in HATCHLING
    write_files(
        tmp_path,
        {
            ".gitignore": "ignored.txt\n",
            "shared/data.txt": "data",
            "app/pyproject.toml": HATCHLING.replace(
                table, f'{table}readme = "MISSING.md"\n'
            ),
            "app/src/my_app/__init__.py": '__version__ = "3.2.1"\n',
            "app/src/my_app/secret.txt": "",
        },
    )
    project = repository(tmp_path) / "app"
    write_files(project, {"src/my_app/ignored.txt": ""})
    poetry.lock(project)
    poetry.package(project).well()
    assert {
        "my_app/__init__.py",
        "my_app/data.txt",
        *(f"my_app-3.2.1.dist-info/{name}" for name in ("METADATA", "RECORD", "WHEEL")),
    } == set(names_in(project / "dist" / "my_app.zip"))


def test_a_version_that_a_backend_finds_out(poetry: Poetry, tmp_path: Path) -> None:
    """poetry-dynamic-versioning asks Git: its version is the archive's."""
    write_files(
        tmp_path, {"pyproject.toml": DYNAMIC_VERSIONING, "my_app/__init__.py": ""}
    )
    poetry.lock(tmp_path)
    repository(tmp_path)
    report = tmp_path / "dist" / "report.json"
    poetry.package(tmp_path, "--report", str(report)).well()
    (found,) = json.loads(report.read_text())["distributions"]
    assert ("my-app", "1.2.3") == (found["name"], found["version"])
    metadata = "my_app-1.2.3.dist-info/METADATA"
    assert metadata in names_in(tmp_path / "dist" / "my_app.zip")
    assert "?? dist/" == git(tmp_path, "status", "--porcelain")


@pytest.mark.parametrize("name", ["poetry", "poetry_2_1"])
def test_a_build_script(
    name: str, client_python: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The environment's Python runs it, with its requirements, and nothing is left.

    What it prints is nowhere on standard output.
    """
    poetry: Poetry = request.getfixturevalue(name)
    python = interpreter("3.13")
    script = '[tool.poetry.build]\nscript = "build.py"\n'
    required = POETRY_CORE.replace('core"', 'core", "six==1.17.0"')
    write_files(
        tmp_path,
        {
            "pyproject.toml": pep621(dependencies=(), more=script).replace(
                POETRY_CORE, required
            ),
            "build.py": SCRIPT,
            "my_app/__init__.py": "from .generated import VALUES\n"
            "def handler(event, context):\n    return VALUES\n",
        },
    )
    poetry.lock(tmp_path)
    before = snapshot(tmp_path)
    done = poetry.package(tmp_path, "-q", "--python", str(python)).well()
    assert "" == done.stdout
    assert before == snapshot(tmp_path)
    archive = tmp_path / "dist" / "my_app.zip"
    assert {"my_app"} == distributions_in(archive)
    assert [3, 13, "1.17.0"] == answer(archive, "my_app.handler", client_python)


def test_the_wheel_serves_all_ways_of_packaging(
    poetry: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """Several functions, a layer, another machine, and a second run."""
    tables = (
        "[tool.poetry-plugin-package-function.functions.a]\n"
        "[tool.poetry-plugin-package-function.functions.b]\n"
        'with = ["more"]\n'
        "[dependency-groups]\nmore = ['idna (==3.10)']\n"
    )
    project = poetry.lock(own_backend(tmp_path, more=tables))
    before = snapshot(project)
    poetry.package(project).well()
    dist = project / "dist"
    for name, expected in (("a", {"six"}), ("b", {"six", "idna"})):
        assert {"my_app", *expected} == distributions_in(dist / f"{name}.zip")
        assert {"n": 1} == answer(dist / f"{name}.zip", "my_app.handler", client_python)
    assert "my_app-7.0.dist-info/METADATA" in names_in(dist / "a.zip")
    poetry.package(project, "a", "--layer-only").well()
    poetry.package(project, "a").well()
    assert before == snapshot(project)

    write_files(project, {"code.py": "def handler(event, context):\n    return 2\n"})
    poetry.package(project, "a").well()
    assert 2 == answer(dist / "a.zip", "my_app.handler", client_python)


@pytest.mark.parametrize("name", ["poetry", "poetry_2_1"])
def test_a_path_dependency_is_built_out_of_a_copy_too(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Nothing is left in its directory, and nothing that was left there is shipped."""
    poetry: Poetry = request.getfixturevalue(name)
    library = own_backend(tmp_path / "library", SHIPS_WHAT_IS_THERE)
    write_files(library, {"build/lib/deleted.py": ""})
    pyproject = pep621("app", ()).replace(
        "dependencies = [\n]", 'dynamic = ["dependencies"]'
    )
    project = write_files(
        tmp_path / "app",
        {
            "pyproject.toml": "[tool.poetry.dependencies]\n"
            f'my-app = {{ path = "../library" }}\n\n{pyproject}',
            "app.py": "",
        },
    )
    poetry.lock(project)
    before = snapshot(library)
    poetry.package(project).well()
    assert before == snapshot(library)
    names = names_in(project / "dist" / "app.zip")
    assert "my_app.py" in names
    assert "deleted.py" not in names


@pytest.mark.parametrize(
    "system",
    [
        POETRY_CORE,
        POETRY_CORE.replace('core"', 'core>=1.0.0"'),
        POETRY_CORE.replace('["poetry-core"]', '["poetry>=1"]').replace("core.", ""),
        POETRY_CORE.replace('["poetry-core"]', '["poetry>=1"]'),
        "",
    ],
    ids=["usual", "versioned", "of-poetry", "by-poetry", "none"],
)
def test_poetry_core_alone_needs_nothing(
    system: str, poetry: Poetry, tmp_path: Path
) -> None:
    """No index is asked: what Poetry itself runs with builds such a project."""
    pyproject = pep621(dependencies=()).replace(POETRY_CORE, system)
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": ""})
    nowhere = poetry.having(POETRY_PYPI_MIRROR_URL="http://127.0.0.1:9/")
    nowhere.lock(tmp_path)
    nowhere.package(tmp_path).well()
    assert "my_app.py" in names_in(tmp_path / "dist" / "my_app.zip")


def test_no_index_answers(poetry: Poetry, tmp_path: Path) -> None:
    """What the backend needs cannot be had: -q says so, too."""
    pyproject = pep621(dependencies=()).replace(POETRY_CORE, SETUPTOOLS)
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": ""})
    nowhere = poetry.having(
        POETRY_PYPI_MIRROR_URL="http://127.0.0.1:9/",
        POETRY_CACHE_DIR=str(tmp_path / "cache"),
        POETRY_REQUESTS_MAX_RETRIES="0",
    )
    nowhere.lock(tmp_path)
    said = nowhere.package(tmp_path, "-q").failed(1).splitlines()
    assert "What [build-system] requires cannot be installed." == said[0]
    assert "All attempts to connect to 127.0.0.1:9 failed." == said[1]
    assert "Correct `requires` under [build-system], or" in said[-1]


FAILING = """\
def build_wheel(directory, config_settings=None, metadata_directory=None):
    raise SystemExit("The <flux> capacitor is missing: see [docs] in " + __file__)
"""
INCLUDE = "[tool.poetry]\npackages = [{{ include = {} }}]\n"


@pytest.mark.parametrize(
    ("pyproject", "expected", "advice"),
    [
        (
            pep621(project='readme = "dist"\n'),
            "dist` is a directory",
            "Correct `readme` in pyproject.toml",
        ),
        (
            pep621(more=INCLUDE.format('"inner", from = "../elsewhere"')),
            "is not in the subpath of",
            "make what is elsewhere a path dependency",
        ),
        (
            pep621(more=INCLUDE.format('"*.py" }, { include = "gone"')),
            "gone does not contain any element",
            "correct `packages` and `include`",
        ),
        (
            pep621().replace(POETRY_CORE, IN_TREE),
            "The <flux> capacitor is missing: see [docs] in ",
            "poetry build --format wheel",
        ),
        (
            pep621().replace(POETRY_CORE, IN_TREE.replace("[]", '["six<1", "six>1"]')),
            "six",
            "Correct `requires` under [build-system]",
        ),
        (
            pep621().replace(POETRY_CORE, IN_TREE.replace('["."]', '["gone"]')),
            "gone",
            "Correct [build-system] in pyproject.toml",
        ),
        (
            pep621(more='[tool.poetry.build]\nscript = "build.py"\n').replace(
                POETRY_CORE, ""
            ),
            "no build backend",
            'build-backend = "poetry.core.masonry.api"',
        ),
        (
            pep621().replace(POETRY_CORE, POETRY_CORE.replace('"poetry-core"', "1")),
            "`requires` must be an array of strings",
            "Correct [build-system] in pyproject.toml",
        ),
        (
            pep621().replace('"poetry.core.masonry.api"', '["backend"]'),
            "`build-backend` must be a string",
            "Correct [build-system] in pyproject.toml",
        ),
    ],
    ids=[
        *("readme", "outside", "empty", "backend", "requires", "system", "script"),
        *("number", "array"),
    ],
)
def test_a_project_that_cannot_be_built(
    pyproject: str, expected: str, advice: str, poetry: Poetry, tmp_path: Path
) -> None:
    """It is said before anything is installed, with what to do."""
    project = write_files(
        tmp_path / "project",
        {
            "pyproject.toml": pyproject,
            "backend.py": FAILING,
            "my_app.py": "",
            "dist/my_app.zip": "earlier",
        },
    )
    write_files(tmp_path, {"elsewhere/inner/__init__.py": ""})
    poetry.lock(project)
    done = poetry.package(project)
    said = done.failed(1)
    assert expected in said
    assert advice in said
    assert "/copy/" not in said
    assert "Installing" not in done.stdout
    assert "earlier" == (project / "dist" / "my_app.zip").read_text()
