"""Dependencies from everywhere: paths, Git, files, URLs, a private index."""

from __future__ import annotations

import json
import subprocess

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import answer
from tests.e2e.projects import distributions_in
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.wheels import make_index
from tests.e2e.wheels import make_wheel
from tests.e2e.wheels import served
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


NEST = ("--layers-size", "262080000")
# Does without an index: the test is about where the source is.
BACKEND = '''\
"""A build backend that needs nothing but the standard library."""

import os, zipfile

NAME = os.path.basename(os.getcwd())

def build_wheel(directory, config_settings=None, metadata_directory=None):
    info = f"{NAME}-1.0.dist-info"
    wheel = f"{NAME}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as target:
        target.write(f"{NAME}.py")
        target.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\\nName: {NAME}\\nVersion: 1.0\\n",
        )
        target.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\\nGenerator: b\\nRoot-Is-Purelib: true\\n"
            "Tag: py3-none-any\\n",
        )
        names = [*target.namelist(), f"{info}/RECORD"]
        target.writestr(f"{info}/RECORD", "".join(f"{name},,\\n" for name in names))
    return wheel

build_editable = build_wheel
'''
BY_HAND = """\
[project]
name = "{name}"
version = "1.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""


def library(directory: Path, name: str, value: str) -> Path:
    """A project that builds itself, with one module."""
    return write_files(
        directory / name,
        {
            "pyproject.toml": BY_HAND.format(name=name),
            "backend.py": BACKEND,
            f"{name}.py": f"VALUE = {value!r}\n",
        },
    )


def function(directory: Path, dependencies: dict[str, str], more: str = "") -> Path:
    """A project that answers with the VALUE of each of its dependencies."""
    table = "\n".join(f"{name} = {how}" for name, how in dependencies.items())
    names = ", ".join(dependencies)
    values = ", ".join(f'"{name}": {name}.VALUE' for name in dependencies)
    return write_files(
        directory / "function",
        {
            "pyproject.toml": pep621(
                dependencies=(),
                project='dynamic = ["dependencies"]\n',
                more=f"[tool.poetry.dependencies]\n{table}\n\n{more}",
            ).replace("dependencies = [\n]\n", ""),
            "my_app/__init__.py": f"import {names}\n"
            f"def handler(event, context):\n    return {{{values}}}\n",
            "my_app/data.py": "DATA = '" + "x" * 100_000 + "'\n",
        },
    )


def test_path_dependencies_are_installed_for_real(
    poetry: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """Plain or `develop = true`: their files are in the archive, no link to them.

    One of them is built by poetry-core, as most are.
    """
    library(tmp_path, "plain", "p")
    library(tmp_path, "developed", "d")
    write_files(
        tmp_path / "core",
        {
            "pyproject.toml": pep621("core", ()),
            "core/__init__.py": "VALUE = 'c'\n",
        },
    )
    project = function(
        tmp_path,
        {
            "plain": '{ path = "../plain" }',
            "developed": '{ path = "../developed", develop = true }',
            "core": '{ path = "../core", develop = true }',
        },
    )
    poetry.lock(project)
    poetry.package(project).well()
    flat = project / "dist" / "my_app.zip"
    assert {"plain", "developed", "core", "my_app"} == distributions_in(flat)
    assert [] == [name for name in names_in(flat) if name.endswith(".pth")]
    assert not any("direct_url.json" in name for name in names_in(flat))
    expected = {"plain": "p", "developed": "d", "core": "c"}
    assert expected == answer(flat, "my_app.handler", client_python)
    # Builds of Poetry's may leave something else in the place of standard output.
    done = poetry.package(project, *NEST, "--format", "json").well()
    assert "my_app" == json.loads(done.stdout)["distribution_name"]
    assert expected == answer(flat, "my_app.handler", client_python)


def test_develop_is_off_in_the_pass_for_extras_too(
    poetry: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """The second pass leaves what the first has installed, and links nothing."""
    library(tmp_path, "developed", "d")
    library(tmp_path, "added", "a")
    project = function(
        tmp_path,
        {
            "developed": '{ path = "../developed", develop = true }',
            "added": '{ path = "../added", develop = true, optional = true }',
        },
        '[tool.poetry.extras]\nmore = ["added"]\n',
    )
    pyproject = project / "pyproject.toml"
    text = pyproject.read_text()
    pyproject.write_text(
        text.replace('"dependencies"]', '"dependencies", "optional-dependencies"]')
    )
    poetry.lock(project)
    poetry.package(project, "-E", "more").well()
    archive = project / "dist" / "my_app.zip"
    assert [] == [name for name in names_in(archive) if name.endswith(".pth")]
    expected = {"developed": "d", "added": "a"}
    assert expected == answer(archive, "my_app.handler", client_python)


def test_a_git_dependency(
    isolated: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """Poetry clones it; the clone is not in the archive."""
    repository = library(tmp_path, "cloned", "g")
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (
        ["init", "--quiet"],
        ["add", "."],
        [*author, "commit", "--quiet", "--message", "All", "--no-gpg-sign"],
    ):
        subprocess.run(["git", *command], cwd=repository, check=True)
    project = function(tmp_path, {"cloned": f'{{ git = "{repository.as_uri()}" }}'})
    isolated.lock(project)
    isolated.package(project).well()
    archive = project / "dist" / "my_app.zip"
    assert {"cloned", "my_app"} == distributions_in(archive)
    assert not any(name.startswith("src/") for name in names_in(archive))
    assert {"cloned": "g"} == answer(archive, "my_app.handler", client_python)


@pytest.mark.parametrize("extras", [(), ("--extras", "private")])
def test_a_private_source_and_wheels_from_urls_and_files(
    extras: tuple[str, ...], isolated: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """Poetry's own settings say where from; the pass for extras knows them too."""
    web = tmp_path / "web"
    private = make_wheel(web / "files", "private", {"private.py": "VALUE = 's'\n"})
    make_wheel(web / "other", "linked", {"linked.py": "VALUE = 'u'\n"})
    make_wheel(tmp_path, "filed", {"filed.py": "VALUE = 'f'\n"})
    make_index(web, private)
    optional = ", optional = true" if extras else ""
    with served(web) as url:
        project = function(
            tmp_path,
            {
                "private": f'{{ version = "1.0", source = "ours"{optional} }}',
                "linked": f'{{ url = "{url}/other/linked-1.0-py3-none-any.whl" }}',
                "filed": '{ path = "../filed-1.0-py3-none-any.whl" }',
            },
            '[tool.poetry.extras]\nprivate = ["private"]\n\n'
            * bool(extras)
            + f'[[tool.poetry.source]]\nname = "ours"\nurl = "{url}/simple/"\n'
            'priority = "explicit"\n',
        )
        if extras:
            pyproject = project / "pyproject.toml"
            text = pyproject.read_text()
            pyproject.write_text(
                text.replace(
                    '"dependencies"]', '"dependencies", "optional-dependencies"]'
                )
            )
        isolated.lock(project)
        isolated.package(project, *extras).well()
    archive = project / "dist" / "my_app.zip"
    assert {"private", "linked", "filed", "my_app"} == distributions_in(archive)
    expected = {"private": "s", "linked": "u", "filed": "f"}
    assert expected == answer(archive, "my_app.handler", client_python)
