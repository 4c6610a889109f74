"""Every form that a project can have, flat and nested."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import ANSWER
from tests.e2e.projects import HANDLER
from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.running import Poetry


# What leaves too little of Lambda's limit for the data, but enough for its ZIP.
NEST = ("--layers-size", "262000000")
DATA = "DATA = '" + "x" * 300_000 + "'\n"
READS_DATA = f"""\
from importlib.metadata import version
from importlib.resources import files

from . import data
from .data import DATA

{HANDLER.replace("import six", "import six  # the dependency")}
assert data.DATA is DATA
assert len(DATA) == 300_000
assert version("six") == six.__version__
assert files(__package__).joinpath("text.txt").read_text() == "text"
"""
POETRY_TABLE = f"""\
[tool.poetry]
name = "my-app"
version = "1.0"
description = ""
authors = ["A. U. Thor <author@example.org>"]

[tool.poetry.dependencies]
python = ">=3.10,<4.0"
six = "1.17.0"

{POETRY_CORE}"""


def packages(listed: str) -> str:
    """The key that says where a project's code is."""
    return f"[tool.poetry]\npackages = [{listed}]\n"


def package(where: str) -> dict[str, str]:
    """A package with a handler, data as a module and data as a file."""
    return {
        f"{where}/__init__.py": READS_DATA,
        f"{where}/data.py": DATA,
        f"{where}/text.txt": "text",
    }


@dataclass(frozen=True)
class Form:
    """A project.

    Attributes:
        pyproject: The text of its `pyproject.toml`.
        files: What it has beside it.
        handler: What Lambda is told to call.
        archive: The archive's name.
        extra: More of what the handler is to answer.
    """

    pyproject: str
    files: Mapping[str, str]
    handler: str = "my_app.handler"
    archive: str = "my_app.zip"
    extra: Mapping[str, object] = field(default_factory=dict)


MODULE = f"{HANDLER}\n{DATA}"
FORMS = {
    "poetry-table": Form(POETRY_TABLE, package("my_app")),
    "pep621": Form(pep621(), package("my_app")),
    "src-layout": Form(pep621(), package("src/my_app")),
    "include-from-to": Form(
        pep621(more=packages('{ include = "inner", from = "lib", to = "outer" }')),
        package("lib/inner"),
        "outer.inner.handler",
    ),
    "single-module": Form(pep621(), {"my_app.py": MODULE}),
    "namespace-package": Form(
        pep621(more=packages('{ include = "acme/fn" }')),
        package("acme/fn"),
        "acme.fn.handler",
    ),
    "module-in-a-namespace": Form(
        pep621(more=packages('{ include = "acme" }')),
        {"acme/fn.py": MODULE},
        "acme.fn.handler",
    ),
    "several-packages": Form(
        pep621(more=packages('{ include = "one" }, { include = "two" }')),
        {
            **package("one"),
            "two/__init__.py": "import one.data\nfrom one import handler\n",
        },
        "two.handler",
    ),
    "package-named-otherwise": Form(
        pep621(more=packages('{ include = "handlers" }')),
        package("handlers"),
        "handlers.handler",
    ),
    "handler-in-a-submodule": Form(
        pep621(),
        {
            **package("my_app"),
            "my_app/deep/__init__.py": "",
            "my_app/deep/entry.py": "from .. import handler\n",
        },
        "my_app.deep.entry.handler",
    ),
    "odd-name": Form(pep621("My-App"), package("my_app"), archive="My_App.zip"),
    "no-package": Form(
        pep621(
            more="[tool.poetry]\npackage-mode = false\n\n"
            "[tool.poetry-plugin-package-function]\n"
            'include = ["lambda_function.py"]\n'
        ),
        {"lambda_function.py": MODULE},
        "lambda_function.handler",
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_each_form_answers_flat_and_nested(
    name: str, poetry: Poetry, client_python: Path, tmp_path: Path
) -> None:
    """The handler's path is that of the source, whatever the layout is."""
    form = FORMS[name]
    write_files(tmp_path, {"pyproject.toml": form.pyproject, **form.files})
    poetry.lock(tmp_path)
    done = poetry.package(tmp_path).well()
    assert "" == done.stderr
    assert "flat" in done.stdout
    nested = poetry.package(tmp_path, *NEST, "--output-dir", "nested").well()
    assert "" == nested.stderr
    assert "Layout      nested" in nested.stdout
    flat_archive = tmp_path / "dist" / form.archive
    nested_archive = tmp_path / "nested" / form.archive
    inner = [name for name in names_in(nested_archive) if name.endswith(".zip")]
    assert 1 == len(inner)
    expected = {**ANSWER, **form.extra}
    assert expected == answer(flat_archive, form.handler, client_python)
    assert expected == answer(nested_archive, form.handler, client_python)


@pytest.mark.parametrize(
    "table",
    ["package-mode = false", 'packages = [{ include = "lambda_function.py" }]'],
)
def test_a_lambda_function_that_nothing_packages_is_an_error(
    table: str, poetry: Poetry, tmp_path: Path
) -> None:
    """A bare lambda_function.py has to be named, in either mode: it says how."""
    more = f"[tool.poetry]\n{table}\n"
    write_files(
        tmp_path,
        {"pyproject.toml": pep621(more=more), "lambda_function.py": HANDLER},
    )
    poetry.lock(tmp_path)
    archive = tmp_path / "dist" / "my_app.zip"
    done = poetry.package(tmp_path)
    if table == "package-mode = false":
        assert 1 == done.status
        assert 'include = ["lambda_function.py"]' in done.stderr
        assert not archive.exists()
        poetry.package(tmp_path, "--handler", "lambda_function.handler").well()
    else:
        done.well()
    assert "lambda_function.py" in names_in(archive)


def test_code_that_nothing_names_is_an_error(poetry: Poetry, tmp_path: Path) -> None:
    """It names what is there; and nothing has been downloaded by then."""
    write_files(tmp_path, {"pyproject.toml": pep621(), "other.py": HANDLER})
    poetry.lock(tmp_path)
    done = poetry.package(tmp_path)
    assert 1 == done.status
    assert "The archive has no code of the project." in done.stderr
    assert (
        'There is other.py. Add it: --handler other.handler, or include = ["other.py"]'
    ) in done.stderr
    assert "six" not in done.stdout
