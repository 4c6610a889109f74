"""What goes wrong is one clear message; earlier results stay as they were.

One case for each kind; what is refused before anything is built is in tests/bundling.
"""

from __future__ import annotations

import re

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import pep621
from tests.e2e.projects import small_project
from tests.e2e.wheels import make_index
from tests.e2e.wheels import make_wheel
from tests.e2e.wheels import served
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


EARLIER = {"dist/my_app.zip": b"an earlier ZIP", "report.json": b"an earlier report"}
REPORT = ("--report", "report.json")
BROKEN = {
    "broken/pyproject.toml": """\
[project]
name = "broken"
version = "1.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
""",
    "broken/backend.py": """\
import sys

def build_wheel(directory, config_settings=None, metadata_directory=None):
    print("The <flux> capacitor is missing: see [docs]", file=sys.stderr)
    sys.exit(3)

build_editable = build_wheel
""",
}
TAG = re.compile(r"</?(warning|error|info|c1|c2|b|fg=|options=)[^>]*>|</>")


def fault(poetry: Poetry, directory: Path, status: int) -> str:
    """What the command says, after a look that it has changed nothing."""
    write_files(directory, EARLIER)
    before = files_in(directory)
    said = poetry.package(directory, *REPORT).failed(status)
    assert before == files_in(directory)
    for name, content in EARLIER.items():
        assert content == (directory / name).read_bytes()
    return said


def files_in(directory: Path) -> list[Path]:
    """All but what a build backend's own interpreter compiles."""
    return sorted(
        path for path in directory.rglob("*") if "__pycache__" not in path.parts
    )


def test_no_pyproject(poetry: Poetry, tmp_path: Path) -> None:
    """Poetry's own words: the directory is not a project."""
    assert "pyproject.toml" in fault(poetry, tmp_path, 1)


def test_a_pyproject_that_is_not_poetrys(poetry: Poetry, tmp_path: Path) -> None:
    """It says what is missing in it."""
    write_files(tmp_path, {"pyproject.toml": "[tool.other]\n"})
    assert "project.name" in fault(poetry, tmp_path, 1)


def test_no_lock(poetry: Poetry, tmp_path: Path) -> None:
    """It says where the lock file should be and how to make it."""
    small_project(tmp_path)
    said = fault(poetry, tmp_path, 1).splitlines()
    assert [f"There is no poetry.lock in {tmp_path}.", "Make it: poetry lock"] == said


def test_a_lock_with_a_conflict_in_the_middle(
    poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """What a merge leaves is an error that names the file, the line and a remedy."""
    small_project(tmp_path)
    text = (small / "poetry.lock").read_text()
    write_files(tmp_path, {"poetry.lock": f"{text}\n=======\n{text}"})
    said = fault(poetry, tmp_path, 1)
    assert str(tmp_path / "poetry.lock") in said
    assert "line" in said


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        ('version = "1.17.0"\n', ""),
        (r"files = (?s:.*?)\n\]\n", ""),
    ],
)
def test_a_lock_that_somebody_has_edited(
    pattern: str, replacement: str, poetry: Poetry, small: Path, tmp_path: Path
) -> None:
    """A lock file that looks fresh and is not whole is an error that says so."""
    small_project(tmp_path)
    text = (small / "poetry.lock").read_text()
    edited = re.sub(pattern, replacement, text)
    assert text != edited
    write_files(tmp_path, {"poetry.lock": edited})
    said = fault(poetry, tmp_path, 1)
    assert re.search("poetry.lock|lock ?file|hash", said), said


@pytest.mark.parametrize("extra", [False, True])
def test_a_dependency_that_cannot_be_built(
    extra: bool, poetry: Poetry, tmp_path: Path
) -> None:
    """The builder's own words show, with nothing of Poetry's markup in them."""
    optional = ", optional = true" if extra else ""
    pyproject = pep621(
        dependencies=(),
        project='dynamic = ["dependencies", "optional-dependencies"]\n',
        more="[tool.poetry.dependencies]\n"
        f'broken = {{ path = "broken"{optional} }}\n\n'
        + '[tool.poetry.extras]\nmore = ["broken"]\n' * extra
        + "[tool.poetry-plugin-package-function]\n"
        + "all-extras = true\n" * extra,
    ).replace("dependencies = [\n]\n", "")
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": "", **BROKEN})
    poetry.lock(tmp_path)
    said = fault(poetry, tmp_path, 1)
    assert "Poetry could not install the dependencies." in said
    assert "The <flux> capacitor is missing: see [docs]" in said
    assert [] == TAG.findall(said)


def test_a_source_that_is_gone(isolated: Poetry, tmp_path: Path) -> None:
    """A dependency that cannot be fetched is named, and Poetry's reason too."""
    web = tmp_path / "web"
    wheel = make_wheel(web / "files", "private", {"private.py": ""})
    make_index(web, wheel)
    project = tmp_path / "project"
    with served(web) as url:
        pyproject = pep621(
            dependencies=("private (==1.0)",),
            more=f'[[tool.poetry.source]]\nname = "ours"\nurl = "{url}/simple/"\n',
        )
        write_files(project, {"pyproject.toml": pyproject, "my_app.py": ""})
        isolated.lock(project)
        wheel.unlink()
        said = fault(isolated, project, 1)
    assert "private" in said
    assert "404" in said
    assert [] == TAG.findall(said)


def test_a_dependency_that_is_not_on_the_disk(poetry: Poetry, tmp_path: Path) -> None:
    """A path dependency that is not there is named."""
    pyproject = pep621(
        dependencies=("broken",),
        more='[tool.poetry.dependencies]\nbroken = { path = "broken" }\n',
    )
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": "", **BROKEN})
    poetry.lock(tmp_path)
    (tmp_path / "broken").rename(tmp_path / "moved")
    assert "broken" in fault(poetry, tmp_path, 1)


def test_a_project_that_cannot_be_built(poetry: Poetry, tmp_path: Path) -> None:
    """The project's own wheel: a readme that cannot be read is named."""
    small_project(tmp_path, project='readme = "DIRECTORY.md"\n')
    (tmp_path / "DIRECTORY.md").mkdir()
    poetry.lock(tmp_path)
    assert "DIRECTORY.md" in fault(poetry, tmp_path, 1)
