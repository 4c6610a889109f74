"""What is said of an archive that has no code of the project."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.project_code.missing import check_code
from poetry_plugin_package_function.packaging.project_code.missing import no_code
from poetry_plugin_package_function.packaging.project_code.missing import (
    project_sources,
)
from poetry_plugin_package_function.project import Project
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.settings import Settings
from tests.trees import write_files


HANDLER = "def lambda_handler(event, context): pass\n"


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        (
            {"app.py": HANDLER},
            (
                "There is app.py. Add it: --handler app.lambda_handler, or"
                ' include = ["app.py"] in [tool.poetry-plugin-package-function].'
            ),
        ),
        (
            {"src/app/__init__.py": "", "src/app/main.py": "handler = Mangum(app)\n"},
            (
                "There is src/app. Add it: --handler app.main.handler, or"
                ' include = [{ include = "app", from = "src" }] in'
                " [tool.poetry-plugin-package-function]."
            ),
        ),
        (
            {"a.py": "", "b.py": HANDLER, "c.py": "", "d/__init__.py": HANDLER},
            (
                "There is b.py, d, a.py and more. Add it: --handler b.lambda_handler,"
                ' or include = ["b.py"] in [tool.poetry-plugin-package-function].'
            ),
        ),
        (
            {"app.py": "def run(event, _context): pass\ndef other(a): pass\n"},
            (
                "There is app.py. Add it: --handler app.run, or"
                ' include = ["app.py"] in [tool.poetry-plugin-package-function].'
            ),
        ),
        (
            {"app.py": "not python\n"},
            (
                "There is app.py. Add it:"
                ' include = ["app.py"] in [tool.poetry-plugin-package-function].'
            ),
        ),
        (
            {"setup.py": "", "tests/__init__.py": "", "test_a.py": "", ".x.py": ""},
            (
                "There is no Python file in {} that could be it. Add the code to the"
                " project's wheel (`packages` in [tool.poetry]), or `include` it."
            ),
        ),
        (
            {"functions/get/app.py": HANDLER, "scripts/run.py": HANDLER},
            (
                "There is functions/get/app.py. Add it: --handler app.lambda_handler,"
                ' or include = [{ include = "app.py", from = "functions/get" }] in'
                " [tool.poetry-plugin-package-function]."
            ),
        ),
        (
            {
                "functions/get/app.py": HANDLER,
                "functions/put/app.py": "",
                "functions/put/shared/__init__.py": "",
                "functions/put/shared/text.py": HANDLER,
            },
            (
                "There is functions/put/shared, functions/get/app.py,"
                " functions/put/app.py. Add it: --handler shared.text.lambda_handler,"
                ' or include = [{ include = "shared", from = "functions/put" }] in'
                " [tool.poetry-plugin-package-function]."
            ),
        ),
    ],
)
def test_it_names_what_is_there(
    tmp_path: Path, files: dict[str, str], hint: str
) -> None:
    """The likeliest first, with the line that adds it."""
    project = Project(write_files(tmp_path, files), "app", {}, frozenset())
    error = no_code(project, None)

    assert "The archive has no code of the project." == error.reason
    assert hint.replace("{}", str(tmp_path)) == error.hint


def test_it_names_the_handler_that_is_nowhere(tmp_path: Path) -> None:
    """It may be misspelt."""
    project = Project(tmp_path, "app", {}, frozenset())
    assert (
        "The archive has no code of the project, and nothing has a module"
        " lambda_function for the handler."
    ) == no_code(project, "lambda_function.handler").reason


def test_it_names_packages_that_are_not_there(tmp_path: Path) -> None:
    """`packages` may be misspelt, or what `poetry init` has written."""
    write_files(
        tmp_path,
        {
            "pyproject.toml": (
                "[tool.poetry]\npackages = [1, { include = 2 },"
                ' { include = "app" }, { include = "gone", from = "src" }]\n'
            ),
            "app/a.txt": "",
        },
    )

    error = no_code(read_project(tmp_path / "pyproject.toml"), None)

    assert error.reason == (
        "The archive has no code of the project. `packages` in [tool.poetry] names"
        " src/gone: nothing is there."
    )


def test_sources_of_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """There are none."""
    assert () == project_sources(tmp_path / "gone")


@pytest.mark.parametrize(
    ("names", "settings", "is_error"),
    [
        (["app.py"], {}, False),
        (["app.json"], {}, True),
        ([], {"handler": "a.b"}, False),
        ([], {"layer_only": True}, False),
        ([], {"include": (Inclusion("app.py"),)}, False),
        ([], {"include": (Inclusion("bootstrap"),)}, False),
        ([], {"include": (Inclusion("data.json"),)}, True),
    ],
)
def test_before_anything_is_downloaded(
    tmp_path: Path, names: list[str], settings: dict[str, object], is_error: bool
) -> None:
    """What cannot become code is an error; a dependency may have a handler."""
    write_files(tmp_path, dict.fromkeys(["app.py", "bootstrap", "data.json"], ""))
    asked = replace(Settings(Path("f.zip")), **settings)  # type: ignore[arg-type]
    project = Project(tmp_path, "a", {}, frozenset())

    if is_error:
        with pytest.raises(SourceError, match="no code of the project"):
            check_code(asked, project, frozenset(names))
    else:
        check_code(asked, project, frozenset(names))
