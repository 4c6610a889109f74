"""What the project's wheel will have is known before it is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry.core.masonry.builders.wheel import WheelBuilder

from poetry_plugin_package_function.bundling.project_wheel import files_of
from poetry_plugin_package_function.bundling.project_wheel import listed_files
from tests.bundling.projects import load
from tests.e2e.projects import POETRY_CORE
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


PROJECT = """\
[project]
name = "my-app"
version = "1.0"

[tool.poetry]
"""


@pytest.mark.parametrize(
    ("table", "files"),
    [
        ("", ["my_app/__init__.py", "my_app/data.json", "other.py"]),
        ("", ["src/my_app/__init__.py", "my_app.txt"]),
        ("", ["my_app.py"]),
        ('packages = [{ include = "lib", from = "a", to = "b" }]', ["a/lib/x.py"]),
        ('packages = [{ include = "*.py" }]\ninclude = ["c.txt"]', ["a.py", "c.txt"]),
    ],
)
def test_what_is_listed_is_what_is_built(
    tmp_path: Path, table: str, files: list[str]
) -> None:
    """The wheel has these, and its metadata."""
    write_files(tmp_path, {"pyproject.toml": f"{PROJECT}{table}\n{POETRY_CORE}"})
    write_files(tmp_path, dict.fromkeys(files, ""))
    poetry = load(tmp_path)

    listed = listed_files(poetry)

    built = tmp_path / "out" / WheelBuilder.make_in(poetry, directory=tmp_path / "out")
    names = files_of(built)
    assert listed is not None
    assert {*listed} == {name for name in names if ".dist-info/" not in name}


@pytest.mark.parametrize("requires", ["poetry>=0.12", "poetry-core", "poetry-core==1"])
def test_another_poetry_core_is_asked_only_if_it_has_to_be(
    tmp_path: Path, requires: str
) -> None:
    """Many name Poetry itself; and where there is no code, no version finds any."""
    system = POETRY_CORE.replace('"poetry-core"', f'"{requires}"')
    project = PROJECT.replace("[tool", 'readme = "MISSING.md"\n[tool')
    write_files(tmp_path, {"pyproject.toml": f"{project}{system}"})
    assert frozenset() == listed_files(load(tmp_path))

    write_files(tmp_path, {"my_app.py": ""})
    expected = None if "==" in requires else {"my_app.py"}
    assert expected == listed_files(load(tmp_path))


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        (f"{PROJECT}{POETRY_CORE}", frozenset()),
        (
            PROJECT.replace("[tool", 'readme = "MISSING.md"\n[tool') + POETRY_CORE,
            frozenset(),
        ),
        (f"{PROJECT}package-mode = false\n", frozenset()),
        (f'{PROJECT}packages = [{{ include = "gone" }}]\n{POETRY_CORE}', frozenset()),
        (f'{PROJECT}packages = [{{ include = "/gone" }}]\n{POETRY_CORE}', None),
        (
            f'{PROJECT}packages = [{{ include = "gone" }}, {{ include = "*.toml" }}]\n'
            + POETRY_CORE,
            None,
        ),
        (f'{PROJECT}[build-system]\nrequires = ["x"]\nbuild-backend = "x"\n', None),
    ],
)
def test_what_has_no_code(
    tmp_path: Path, pyproject: str, expected: frozenset[str] | None
) -> None:
    """It has no files; what others build, or cannot be built, is not known."""
    write_files(tmp_path, {"pyproject.toml": pyproject})

    assert expected == listed_files(load(tmp_path))


def test_files_of_a_wheel(tmp_path: Path) -> None:
    """They have the names that they get in site-packages."""
    wheel = make_wheel(tmp_path, "a", {"a.py": "", "a-1.0.data/purelib/b/c.py": ""})

    assert {"a.py", "b/c.py"} < files_of(wheel)
    assert frozenset() == files_of(None)
