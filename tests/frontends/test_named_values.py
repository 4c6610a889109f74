"""One table serves many functions: `{name}` stands for each one's name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import read_project
from tests.trees import make_project


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.settings import Settings


FUNCTIONS = """
[tool.poetry-plugin-package-function.functions.get-user]
[tool.poetry-plugin-package-function.functions.worker]
"""


def resolved(
    directory: Path, table: str, name: str | None = "my-app", **flags: Any
) -> tuple[Settings, ...]:
    project = read_project(make_project(directory, name, table))
    return resolve(flags, project, [], default_output_dir=directory)


def test_one_table_for_a_directory_of_functions(tmp_path: Path) -> None:
    """Groups, extras, handlers, files and places are each function's own."""
    table = """
        only = ["main", "{name}"]
        extras = ["{name}-extra"]
        handler = "functions/{name}.handler"
        include = [
            "functions/{name}.py",
            { include = "{name}.json", from = "data/{name}", to = "for/{name}" },
        ]
        exclude = ["/{name}/tests/"]
        output = "out/{name}.zip"
        """
    get_user, worker = resolved(tmp_path, table + FUNCTIONS)

    assert {"main", "get-user"} == get_user.only_groups
    assert {"main", "worker"} == worker.only_groups
    assert {"worker-extra"} == worker.extras
    assert "functions/get-user.handler" == get_user.handler
    assert (
        Inclusion("functions/worker.py", "."),
        Inclusion("worker.json", "data/worker", "for/worker"),
    ) == worker.include
    assert ("/get-user/tests/",) == get_user.exclude
    assert tmp_path / "out/get-user.zip" == get_user.output


def test_groups_that_are_added_and_left_out(tmp_path: Path) -> None:
    """In a function's own table and in flags, too: the later beats the earlier."""
    table = f'with = ["all"]\nwithout = ["not-{{name}}"]{FUNCTIONS}'
    table += 'with = ["{name}"]\nhandler = "{name}.handler"\n'
    get_user, worker = resolved(tmp_path, table)
    assert [{"all"}, {"not-get-user"}] == [
        *(get_user.with_groups, get_user.without_groups),
    ]
    assert [{"worker"}, "worker.handler"] == [worker.with_groups, worker.handler]
    get_user, worker = resolved(tmp_path, table, handler="a.{name}.b")
    assert ["a.get-user.b", "a.worker.b"] == [get_user.handler, worker.handler]


def test_a_project_that_is_one_function(tmp_path: Path) -> None:
    """Its name is that of its archive."""
    (settings,) = resolved(tmp_path, 'handler = "{name}.handler"', "My-App")
    assert "My_App.handler" == settings.handler


def test_what_variables_say_is_for_the_function(tmp_path: Path) -> None:
    """`{name}` in their values is text like any other."""
    table = 'handler = "a.b"\nenvironment = { URL = "https://x/{name}" }'
    (settings,) = resolved(tmp_path, table)
    assert (("URL", "https://x/{name}"),) == settings.environment


def test_a_name_cannot_lead_out_of_the_project(tmp_path: Path) -> None:
    """What is checked is what the name has been put into."""
    with pytest.raises(ConfigError) as raised:
        resolved(tmp_path, 'include = ["{name}/a.py"]', "..")

    assert "'../a.py' is not below the project's directory" in str(raised.value)
