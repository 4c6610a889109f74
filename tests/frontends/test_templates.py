"""Functions of a template: what it says, and what beats it."""

from __future__ import annotations

import re
import sys
import zipfile

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.runtimes import RUNTIMES
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.settings import Settings


TABLE = "[tool.poetry-plugin-package-function"
HOST = f"python{sys.version_info.major}.{sys.version_info.minor}"
TEMPLATE = """\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Environment: { Variables: { STAGE: dev, TABLE: !Ref Table } }
Resources:
  Api:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: api/
      Handler: app.handler
      MemorySize: 512
      Architectures: [arm64]
      EphemeralStorage: { Size: 1024 }
      Layers: [!Ref Dependencies]
  Worker:
    Type: AWS::Serverless::Function
    Properties: { Handler: worker.handler, CodeUri: out/worker.zip }
"""
USED = 'template = "template.yaml"\n'


@pytest.fixture
def project(in_directory: Path) -> Path:
    """A project with a template, in the current directory."""
    files = {"template.yaml": TEMPLATE, "api/app.py": ""}
    return write_files(in_directory, files)


def resolved(
    project: Path, *names: str, table: str = "", alone: bool = False, **flags: Any
) -> tuple[Settings, ...]:
    named = {key.replace("_", "-"): value for key, value in flags.items()}
    return resolve(
        named,
        read_project(make_project(project, "my-app", table)),
        None if alone else names,
        default_output_dir=project / "dist",
    )


def refused(project: Path, *names: str, **options: Any) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        resolved(project, *names, **options)
    return raised.value


@pytest.mark.parametrize("alone", [False, True])
def test_what_a_template_says(project: Path, *, alone: bool) -> None:
    """All of its functions, on both command lines; no table is needed."""
    api, worker = resolved(project, template="template.yaml", alone=alone)

    assert ("Api", "Worker") == (api.function, worker.function)
    assert ("app.handler", "worker.handler") == (api.handler, worker.handler)
    assert RUNTIMES["python3.13"] == api.runtime == worker.runtime
    assert ("arm64", None) == (api.architecture, worker.architecture)
    assert (512, None) == (api.memory_size_mb, worker.memory_size_mb)
    assert (1024, None) == (api.ephemeral_storage_mb, worker.ephemeral_storage_mb)
    assert (("STAGE", "dev"),) == api.environment == worker.environment
    assert {"TABLE"} == api.unknown_variables == worker.unknown_variables
    assert (True, False) == (api.has_layers, worker.has_layers)
    assert (project / "api", None) == (api.code_dir, worker.code_dir)
    assert project / "dist/Api.zip" == api.output
    assert project / "out/worker.zip" == worker.output


@pytest.mark.parametrize("flag", [None, "30"])
def test_the_time_out_is_the_templates(project: Path, flag: str | None) -> None:
    """It counts where there is an event; without one nobody asks for it."""
    path = project / "template.yaml"
    text = path.read_text()
    text = text.replace("    Properties:\n", "    Properties:\n      Timeout: 7\n", 1)
    path.write_text(text)
    (project / "Api.json").write_text("{}")
    (api,) = resolved(
        project, "Api", template="template.yaml", event="{name}.json", timeout=flag
    )
    assert api.event is not None
    assert int(flag or 7) == api.timeout_s
    (plain,) = resolved(project, "Api", template="template.yaml")
    assert (None, 7) == (plain.event, plain.timeout_s)


def test_the_key_is_the_same(project: Path) -> None:
    """Its path starts at the project's directory; a flag beats it."""
    assert resolved(project, template="template.yaml") == resolved(project, table=USED)
    other = TEMPLATE.replace("Api:", "Other:")
    write_files(project, {"other.yaml": other})
    found = resolved(project, table=USED, template="other.yaml")
    assert ["Other", "Worker"] == [each.function for each in found]


def test_some_of_the_functions(project: Path) -> None:
    """They are named as those of tables are."""
    (worker,) = resolved(project, "Worker", table=USED)
    assert "Worker" == worker.function
    assert project / "dist/Api.zip" in worker.results
    error = refused(project, "Web", table=USED)
    expected = "The project has no function 'Web'; its functions: Api, Worker."
    assert (expected,) == error.lines


def test_tables_and_flags_beat_the_template(project: Path) -> None:
    """The table of all, a function's own, and options, in this order."""
    table = f"""
        {USED}
        memory-size = 256
        architecture = "x86_64"
        output-dir = "build"
        {TABLE}.functions.Api]
        memory-size = 1024
        handler = "other.handler"
        """
    api, worker = resolved(project, table=table, runtime="python3.12")
    assert (1024, 256) == (api.memory_size_mb, worker.memory_size_mb)
    assert ("other.handler", "worker.handler") == (api.handler, worker.handler)
    assert ("x86_64", "python3.12") == (api.architecture, worker.runtime.name)  # type: ignore[union-attr]
    assert [project / "build/Api.zip", project / "build/Worker.zip"] == [
        *(api.output, worker.output),
    ]
    assert project / "api" == api.code_dir


def test_variables_are_added_to_those_of_the_template(project: Path) -> None:
    """Those that the template cannot know are in the table, and all others stay."""
    table = f'{USED}environment = {{ TABLE = "t", STAGE = "test" }}'
    api, worker = resolved(project, table=table)
    expected = (("STAGE", "test"), ("TABLE", "t"))
    assert expected == api.environment == worker.environment
    assert set() == api.unknown_variables
    table = f'{USED}{TABLE}.functions.Api]\nenvironment = {{ TABLE = "t" }}'
    api, worker = resolved(project, table=table)
    assert (("STAGE", "dev"), ("TABLE", "t")) == api.environment
    assert (("STAGE", "dev"),) == worker.environment


def test_functions_of_tables_come_after_those_of_the_template(project: Path) -> None:
    """A table may add one, with a handler of its own, or of the table of all."""
    table = f'{USED}{TABLE}.functions.cron]\nhandler = "cron.handler"\n'
    names = ["Api", "Worker", "cron"]
    assert names == [each.function for each in resolved(project, table=table)]
    table = f'{USED}handler = "{{name}}.handler"\n{TABLE}.functions.cron]\n'
    found = resolved(project, table=table)
    assert [f"{name}.handler" for name in names] == [each.handler for each in found]
    table = f"{USED}{TABLE}.functions.shared]\nlayer-only = true\n"
    *_, shared = resolved(project, table=table)
    assert ("shared", True) == (shared.function, shared.layer_only)


def test_a_table_for_no_function_of_the_template(project: Path) -> None:
    """Nothing says what it would be of: its name is misspelt."""
    table = f"{USED}{TABLE}.functions.Workr]\nmemory-size = 512\n"
    (problem,) = refused(project, table=table).lines
    assert (
        f"{TABLE}.functions.Workr]: template.yaml has no function 'Workr', and it has"
        " no `handler` of its own. Did you mean Worker?" == problem
    )


def test_a_template_is_for_all_functions(project: Path) -> None:
    table = f"{TABLE}.functions.api]\n{USED}"
    (problem,) = refused(project, table=table).lines
    assert (
        f"{TABLE}.functions.api] template: it is for all functions: move it into"
        f" {TABLE}]." == problem
    )


def test_names_that_are_longer_than_lambdas(project: Path) -> None:
    """A logical id is no function's name in Lambda: it may have 255 characters."""
    name = "A" * 100
    write_files(project, {"template.yaml": TEMPLATE.replace("Api", name)})
    table = f"{USED}{TABLE}.functions.{name}]\nmemory-size = 128\n"
    found = resolved(project, table=table)
    assert (name, 128) == (found[0].function, found[0].memory_size_mb)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        ({"layer_only": True}, (None, None, None, (), False)),
        ({"layer": True}, ("app.handler", 512, 1024, (("STAGE", "dev"),), False)),
        ({"platform": "manylinux_2_28_x86_64"}, None),
    ],
)
def test_what_makes_no_sense_beside_an_option_is_silent(
    project: Path, ours: dict[str, Any], expected: tuple[Any, ...] | None
) -> None:
    """As keys of tables are. A layer that is packaged here is the one it has."""
    api, _ = resolved(project, table=USED, **ours)
    if expected is None:
        assert (None, None) == (api.runtime, api.architecture)
        return
    assert expected[:-1] == (
        *(api.handler, api.memory_size_mb, api.ephemeral_storage_mb, api.environment),
    )
    if "layer" in ours:
        assert api.has_layers is expected[-1]


def test_a_layer_is_not_written_over_a_functions_archive(project: Path) -> None:
    """The template has a place for the function, and none for a layer."""
    _, worker = resolved(project, table=USED, layer_only=True)
    assert (project / "dist/Worker-layer.zip",) == worker.archives
    _, worker = resolved(project, table=f"{USED}layer-only = true")
    assert (project / "dist/Worker-layer.zip",) == worker.archives


def test_what_the_template_says_besides_is_of_no_effect(project: Path) -> None:
    """Nobody is told to remove a line of it."""
    text = """\
Resources:
  F:
    Type: AWS::Lambda::Function
    Properties: { MemorySize: 512, Architectures: [arm64] }
"""
    write_files(project, {"template.yaml": text})
    (found,) = resolved(project, table=USED)
    assert "F" == found.function


def test_what_lambda_refuses_is_refused(project: Path) -> None:
    """With the line of each function that is packaged, unless something beats it."""
    text = TEMPLATE.replace("python3.13", "python3.8").replace("512", "64")
    write_files(project, {"template.yaml": text.replace("app.handler", "app")})
    error = refused(project, table=USED)
    both = "Api (line 7), Worker (line 16)"
    assert [
        f"template.yaml: runtime of {both}: Lambda has 'python3.8' no longer",
        "template.yaml, line 7: handler of Api: 'app' has no dot between module",
        "template.yaml, line 7: memory-size of Api: expected megabytes from 128",
    ] == [
        re.sub("(python3.8' no longer|module|from 128).*", r"\1", problem)
        for problem in error.lines
    ]
    assert "beat what the template says" in error.hint
    (found,) = resolved(project, "Worker", table=USED, runtime="python3.12")
    assert "Worker" == found.function


@pytest.mark.parametrize("runtime", ["python3.8", "python4.0"])
def test_a_runtime_that_many_have_is_refused_once(project: Path, runtime: str) -> None:
    """With the first few functions, and how many more there are."""
    one = f"""\
  F{{0}}:
    Type: AWS::Lambda::Function
    Properties: {{{{ Handler: a.b, Runtime: {runtime} }}}}
"""
    text = "Resources:\n" + "".join(map(one.format, range(12)))
    write_files(project, {"template.yaml": text})

    (line,) = refused(project, table=USED).lines

    assert line.startswith(
        "template.yaml: runtime of F0 (line 2), F1 (line 5), F2 (line 8), F3 (line 11),"
        " F4 (line 14) and 7 more: Lambda has "
    )
    assert 1 == line.count(repr(runtime))


def test_two_functions_of_one_file(project: Path) -> None:
    """The same as with tables: each has a place of its own."""
    error = refused(project, table=USED, output="one.zip")
    assert "The functions Api, Worker would all be written to" in error.reason


@pytest.mark.parametrize(
    ("table", "flags", "problem"),
    [
        ('template = "gone.yaml"', {}, "There is no gone.yaml."),
        ("", {"template": "gone.yaml"}, "There is no gone.yaml."),
        ("template = 1", {}, f"{TABLE}] template: expected a string, got 1."),
        ("", {"template": ""}, "--template: expected a string, got ''."),
        ('template = "pyproject.toml"', {}, "pyproject.toml"),
    ],
)
def test_what_is_no_template(
    project: Path, table: str, flags: dict[str, Any], problem: str
) -> None:
    error = refused(project, table=table, **flags)
    assert problem in error.reason
    assert 2 == error.exit_status


def test_a_name_in_the_path(project: Path) -> None:
    """It is the project's, as it names the functions."""
    write_files(project, {"my_app.yaml": TEMPLATE})
    assert 2 == len(resolved(project, template="{name}.yaml"))


@pytest.fixture
def venv(project: Path) -> Path:
    """An environment with the project in it, and modules of both functions."""
    made = make_venv(project / "venv")
    code = "def handler(event, context): ...\n"
    install(made, "my_app", {"app.py": code, "worker.py": code})
    make_project(project, "My-App")
    return made


def test_the_other_command_line(venv: Path, project: Path) -> None:
    """It packages all of the template's functions, or those that are named."""
    options = ["--template", "template.yaml", "--runtime", HOST, "--quiet"]
    assert 0 == main([str(venv), *options, "--python", sys.executable])
    for path in ("Api.zip", "out/worker.zip"):
        with zipfile.ZipFile(project / path) as archive:
            assert "worker.py" in archive.namelist()
    (project / "Api.zip").unlink()
    options += ["--function", "Worker", "--output-dir", "d"]
    assert 0 == main([str(venv), *options, "--python", sys.executable])
    assert ["Worker.zip"] == [each.name for each in (project / "d").iterdir()]
    assert not (project / "Api.zip").exists()
