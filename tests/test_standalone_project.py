"""What the distribution without Poetry is made of: held where nothing is installed."""

from __future__ import annotations

import ast
import sys
import tomllib

from typing import TYPE_CHECKING
from typing import Any

import pytest

from packaging.requirements import Requirement

from tools.repository import ROOT
from tools.standalone import FRONT_END
from tools.standalone import NAME
from tools.standalone import OURS
from tools.standalone import PACKAGE
from tools.standalone import requirements
from tools.standalone import write_project


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# What is not called as its distribution.
MODULES = {"pyyaml": "yaml", "zlib-ng": "zlib_ng"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("standalone") / "project"
    write_project(directory)
    return directory


def read(directory: Path) -> dict[str, Any]:
    return tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))


def test_it_is_this_project_under_another_name(project: Path) -> None:
    """Version, licence, Python and backend are the same, as is what it requires."""
    ours, own = read(ROOT)["project"], read(project)["project"]

    for key in ("version", "license", "license-files", "requires-python"):
        assert ours[key] == own[key]
    assert read(ROOT)["build-system"] == read(project)["build-system"]
    assert (NAME, "README.md") == (own["name"], own["readme"])
    assert {*own["dependencies"]} < {*ours["dependencies"]}
    assert "entry-points" not in own
    assert {"package-python-function", NAME} == {*own["scripts"]}
    assert {f"{PACKAGE}.cli:main"} == {*own["scripts"].values()}
    assert (project / "README.md").is_file()
    assert (project / "LICENSE").is_file()


def test_all_of_the_package_but_poetrys_front_end(project: Path) -> None:
    """Nothing is lost, data neither; no file names a package that is not there."""
    sources, package = ROOT / "src" / OURS, project / "src" / PACKAGE
    assert {*FRONT_END} <= {path.name for path in sources.iterdir()}
    expected = {
        path.relative_to(sources).as_posix()
        for path in sources.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if path.relative_to(sources).parts[0] not in FRONT_END
    }
    files = [path for path in package.rglob("*") if path.is_file()]
    assert expected == {path.relative_to(package).as_posix() for path in files}
    assert [] == [path for path in files if OURS.encode() in path.read_bytes()]


def test_it_requires_what_it_imports(project: Path) -> None:
    """No more and no less: who adds an import, adds a requirement or an exception."""
    required = {Requirement(each).name.lower() for each in requirements()}
    imported = {
        name
        for path in (project / "src").rglob("*.py")
        for name in imports(ast.parse(path.read_text(encoding="utf-8")))
    }
    others = imported - sys.stdlib_module_names - {PACKAGE}
    assert {MODULES.get(each, each) for each in required} == others


def imports(node: ast.AST) -> Iterator[str]:
    """The top names of all modules that it imports, but for types alone."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (each.name.partition(".")[0] for each in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield (child.module or "").partition(".")[0]
        else:
            yield from imports(child)
