"""The table of options, and what the front ends make of it."""

from __future__ import annotations

import re

from dataclasses import fields
from pathlib import Path

import pytest

from poetry_plugin_package_function.cli import parser
from poetry_plugin_package_function.command import PackageFunctionCommand
from poetry_plugin_package_function.configuration.options import KEYS
from poetry_plugin_package_function.configuration.options import OPTIONS
from poetry_plugin_package_function.configuration.options import Option
from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import Project
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.settings import Settings
from tests.trees import make_project


@pytest.mark.parametrize("option", OPTIONS, ids=lambda each: each.name)
def test_an_option_is_at_odds_with_options_only(option: Option) -> None:
    """What it excludes and needs are keys, and its field is one of the settings'."""
    assert {*option.excludes, *option.needs} <= {*KEYS}
    if option.field is not None:
        field = option.field or option.name.replace("-", "_")
        assert field in {each.name for each in fields(Settings)}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda each: each.name)
def test_an_option_has_help(option: Option) -> None:
    """It is a sentence, with what holds where the option is not given."""
    assert option.help
    assert option.described().endswith(".")


def test_poetrys_command_has_the_options_of_the_table() -> None:
    """Those that take a value take one, and lists can be given several times."""
    found = {
        each.name: (each.requires_value(), each.is_list())
        for each in PackageFunctionCommand.options
    }
    expected = {
        each.name: (bool(each.metavar), each.is_list)
        for each in options_of(Place.POETRY)
    }
    assert expected == found


def test_the_other_command_has_its_own_default(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its help has all options of the table that it takes, and no others."""
    monkeypatch.setenv("COLUMNS", "500")
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])

    text = " ".join(capsys.readouterr().out.split())
    expected = {f"--{each.name}" for each in options_of(Place.STANDALONE)}
    own = {"--project", "--function", "--quiet", "--verbose", "--help"}
    assert expected | own == set(re.findall(r"--[a-z-]+", text))
    assert "--layer-output FILE The layer's file (default: NAME-layer.zip)." in text
    assert "Where to write NAME.zip (default: the current directory)." in text


@pytest.mark.parametrize("function", [None, "api"])
def test_a_kept_environment_is_not_needed(tmp_path: Path, function: str | None) -> None:
    """The key of it is an error that says why, wherever it is."""
    label = "[tool.poetry-plugin-package-function]"
    table = "reuse = true\n"
    if function:
        label = f"{label[:-1]}.functions.{function}]"
        table = f"{label}\n{table}"
    project = read_project(make_project(tmp_path, "my-app", table))

    with pytest.raises(ConfigError) as raised:
        resolve({}, project, [], default_output_dir=tmp_path)

    (problem,) = raised.value.lines
    assert problem.startswith(f"{label} reuse: not needed: ")
    assert "out of Poetry's cache unopened" in problem
    assert problem.endswith("Remove this line.")


@pytest.mark.parametrize("line", ['format = "json"', "dry-run = true"])
def test_what_is_no_key(tmp_path: Path, line: str) -> None:
    """Who reads the output, and whether there is any, is not the project's to say."""
    project = read_project(make_project(tmp_path, "my-app", line))
    key, _, _ = line.partition(" ")
    said = f"{key}: unknown key. --{key} is for the command line only."

    with pytest.raises(ConfigError, match=re.escape(said)):
        resolve({}, project, [], default_output_dir=tmp_path)


def test_a_layer_needs_a_place_for_its_function(tmp_path: Path) -> None:
    """A project at the root of the file system has none, wherever the layer goes."""
    layer = tmp_path / "l.zip"
    project = Project(Path("/"), None, {"layer-output": str(layer)}, frozenset())
    found = resolve({"layer-only": True}, project, [], default_output_dir=tmp_path)

    assert [(layer,)] == [each.archives for each in found]
    with pytest.raises(ConfigError, match="has a name to call the archive by"):
        resolve({"layer": True}, project, [], default_output_dir=tmp_path)
