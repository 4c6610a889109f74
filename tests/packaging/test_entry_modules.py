"""The project's own modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from tests.trees import install
from tests.trees import make_venv
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [
        (["my_app/__init__.py", "my_app/sub/__init__.py"], [], ["my_app/"]),
        (["other_name/__init__.py"], [], ["other_name/"]),
        (["fn.py"], [], ["fn"]),
        (["acme/fn/__init__.py", "acme/fn/x.py"], ["acme/dep.py"], ["acme/fn/"]),
        (["acme/a.py", "acme/b.py"], [], ["acme/a", "acme/b"]),
        (["acme/fn/x.py"], ["acme/__init__.py"], ["acme/"]),
        (["b/__init__.py", "a.py", "data/x.txt"], [], ["a", "b/"]),
        (["fast.cpython-311-x86_64-linux-gnu.so"], [], ["fast"]),
        (["closed/__init__.pyc"], [], ["closed/"]),
        (["my-func.py", "f/get-user/h.py"], [], ["f/get-user/h", "my-func"]),
        (["gunicorn.conf.py", "types.pyi", "__init__.py", "__main__.py"], [], []),
    ],
)
def test_entry_modules(
    tmp_path: Path, own: list[str], other: list[str], expected: list[str]
) -> None:
    """The shallowest modules of the project that are no namespace packages."""
    venv = make_venv(tmp_path / "venv", {"unrelated.py": ""})
    install(venv, "my_app", dict.fromkeys(own, ""))
    install(venv, "dep", dict.fromkeys(other, ""))

    modules = tree_of(site_packages_of(venv)).entry_modules

    assert expected == [m.path + ("/" if m.is_package else "") for m in modules]


def test_included_modules_are_the_projects_own(tmp_path: Path) -> None:
    """`package-mode = false` projects have no distribution of their own."""
    venv = make_venv(tmp_path / "venv", {"dep.py": ""})
    write_files(tmp_path, {"lambda_function.py": "", "x.json": ""})

    tree = tree_of(
        site_packages_of(venv),
        name=None,
        include=(Inclusion("lambda_function.py"), Inclusion("x.json")),
    )

    assert (EntryModule("lambda_function", is_package=False),) == tree.entry_modules
    assert "lambda_function" == tree.entry_modules[0].name
    assert "lambda_function.py" == tree.entry_modules[0].file


def test_a_module_called_as_the_project(tmp_path: Path) -> None:
    """Without metadata of the project the name decides, as in the reference."""
    venv = make_venv(tmp_path / "venv", {"My_App/__init__.py": "", "my_app_x.py": ""})

    tree = tree_of(site_packages_of(venv), name="My-App")

    assert (EntryModule("My_App", is_package=True),) == tree.entry_modules
