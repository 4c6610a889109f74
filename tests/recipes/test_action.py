"""The action in action.yml: its steps, in the order in which a runner takes them."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.environments import ROOT
from tests.machine import interpreter
from tests.recipes.composite import ACTION
from tests.recipes.composite import Runner
from tests.recipes.composite import runner
from tests.recipes.composite import step_of
from tests.recipes.pages import RECIPES
from tests.recipes.pages import RUNTIME
from tests.recipes.pages import block
from tests.recipes.workflows import EXAMPLE
from tests.recipes.workflows import Shell
from tests.recipes.workflows import aws
from tests.recipes.workflows import pipeline
from tests.recipes.workflows import project


if TYPE_CHECKING:
    from collections.abc import Mapping


PAGE = "github-actions.md"
FUNCTIONS = f"""
[tool.poetry-plugin-package-function]
runtime = "{RUNTIME}"

[tool.poetry-plugin-package-function.functions.api]
handler = "greeter.handler.handler"

[tool.poetry-plugin-package-function.functions.worker]
layer = true
"""


REFUSED = "::error::The arguments cannot"


def code_sha256(path: Path) -> str:
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


@pytest.fixture(scope="module")
def installed(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Runner, Mapping[str, str]]:
    """A runner on which the first step has been run."""
    found = runner(tmp_path_factory.mktemp("runner"))
    return found, found.install()


@pytest.fixture
def job(
    installed: tuple[Runner, Mapping[str, str]], tmp_path: Path
) -> tuple[Runner, Mapping[str, str]]:
    """The same for a job of its own: with a workspace and a summary."""
    first, outputs = installed
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    env = {
        **first.env,
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    return Runner(workspace, env), outputs


def test_from_nothing_to_outputs_and_a_summary(
    job: tuple[Runner, Mapping[str, str]],
) -> None:
    """The recipe's project; then again, which changes nothing and downloads nothing."""
    runner, installed = job
    example = project(runner.workspace.parent, PAGE)
    shutil.copytree(example, runner.workspace, dirs_exist_ok=True)
    # A script that Poetry would import instead of its own: it is not for the result.
    (runner.workspace / "build.py").write_text("raise SystemExit('not imported')")

    outputs, done = runner.package(installed)

    assert 0 == done.status, done.stderr
    archive = runner.workspace / "dist" / "greeter.zip"
    assert "dist/greeter.zip" == outputs["zip"]
    assert code_sha256(archive) == outputs["sha256"]
    assert "" == outputs["layer"]
    assert "false" == outputs["unchanged"]
    (function,) = outputs["functions"]
    assert "greeter" == function["name"]
    assert "dist/greeter.json" == function["report"]
    assert runner.summary.startswith("## `greeter`: flat\n")
    assert "sha256" in done.stdout

    again, done = runner.package(installed)

    assert 0 == done.status, done.stderr
    assert "Downloading" not in done.stdout + done.stderr
    assert {**outputs, "unchanged": "true"} == {**again, "functions": [function]}
    assert 2 == runner.summary.count("## `greeter`")


def test_several_functions_are_one_output(
    job: tuple[Runner, Mapping[str, str]],
) -> None:
    """A matrix over it deploys each of them, below the directory that is named."""
    runner, installed = job
    directory = runner.workspace / "services" / "greeter"
    shutil.copytree(EXAMPLE, directory)
    with (directory / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(FUNCTIONS)
    # What is there, and none of this run's.
    (directory / "dist").mkdir()
    (directory / "dist" / "old.json").write_text("{}")

    outputs, done = runner.package(installed, directory="services/greeter")

    assert 0 == done.status, done.stderr
    assert ("", "", "") == (outputs["zip"], outputs["layer"], outputs["sha256"])
    api, worker = outputs["functions"]
    assert ("api", "worker") == (api["name"], worker["name"])
    assert "services/greeter/dist/api.zip" == api["zip"]
    assert None is api["layer"]
    layer = runner.workspace / worker["layer"]
    assert code_sha256(layer) == worker["layer_sha256"]
    assert code_sha256(runner.workspace / worker["zip"]) == worker["sha256"]
    assert worker["sha256"] != api["sha256"]
    assert "## `worker`" in runner.summary
    deployed_as_the_page_says(runner, api)

    again, done = runner.package(
        installed, directory="services/greeter", arguments="worker"
    )

    assert 0 == done.status, done.stderr
    (only,) = again["functions"]
    assert "worker" == only["name"]
    assert "true" == again["unchanged"]
    assert "services/greeter/dist/worker-layer.zip" == again["layer"]


def deployed_as_the_page_says(runner: Runner, function: dict[str, Any]) -> None:
    """Runs the second job's step for a function that is deployed, and that is not."""
    text = block(PAGE, "Several functions, layers", "yaml")
    (step,) = (
        each for each in pipeline(text)["jobs"]["deploy"]["steps"] if "run" in each
    )
    log = runner.workspace.parent / "log"
    commands = aws(runner.workspace.parent)
    env = {
        name: str(function[value.split(".")[-1].removesuffix(" }}")])
        for name, value in step["env"].items()
    }
    for deployed in (function["sha256"], "another"):
        log.write_text("")
        known = {"AWS_LOG": str(log), "DEPLOYED": deployed}
        path = f"{commands}:{runner.env['PATH']}"
        shell = Shell(("bash", "-e"), runner.workspace, {**runner.env, "PATH": path})
        shell.well(step["run"], {**env, **known})
        called = log.read_text()
        assert "--function-name api --query CodeSha256" in called
        is_told = "lambda update-function-code" in called
        assert is_told == (deployed == "another")
        for archive in re.findall(r"fileb://(\S+)", called):
            assert (runner.workspace / archive).is_file()


def test_a_layer_alone_and_a_dry_run(job: tuple[Runner, Mapping[str, str]]) -> None:
    """Outputs say what there is: a layer and no ZIP; a summary and no file."""
    runner, installed = job
    shutil.copytree(EXAMPLE, runner.workspace, dirs_exist_ok=True)
    target = f"--runtime {RUNTIME}"

    outputs, done = runner.package(installed, arguments=f"{target} --dry-run")
    assert 0 == done.status, done.stderr
    assert [] == outputs["functions"]
    assert "false" == outputs["unchanged"]
    assert "## `greeter`" in runner.summary

    outputs, done = runner.package(
        installed, arguments=f"{target} --layer-only", report="a [b]/{name}/{name}.json"
    )
    assert 0 == done.status, done.stderr
    assert "" == outputs["zip"]
    assert code_sha256(runner.workspace / outputs["layer"]) == outputs["sha256"]
    assert (runner.workspace / "a [b]" / "greeter" / "greeter.json").is_file()


@pytest.mark.parametrize(
    ("inputs", "status", "said"),
    [
        ({"arguments": "--runtime python2.7"}, 2, "python2.7"),
        ({"arguments": "--format json"}, 1, f"{REFUSED} have --format: its"),
        ({"arguments": "--report=a.json"}, 1, f"{REFUSED} have --report: the"),
        ({"arguments": "-C a"}, 1, f"{REFUSED} have -C: the input `directory`"),
        ({"arguments": "-Pa"}, 1, f"{REFUSED} have -P: the input `directory`"),
        ({"arguments": "--directory=a"}, 1, f"{REFUSED} have --directory: the input"),
        ({"arguments": "--project a"}, 1, f"{REFUSED} have --project: the input"),
        ({"arguments": "-- a"}, 1, f"{REFUSED} have --: options of this action"),
        ({"arguments": "--output 'a"}, 1, f"{REFUSED} be read as a shell would"),
    ],
)
def test_what_cannot_be_fails_the_step(
    inputs: dict[str, str],
    status: int,
    said: str,
    job: tuple[Runner, Mapping[str, str]],
) -> None:
    """The log says why; there are no outputs."""
    runner, installed = job
    shutil.copytree(EXAMPLE, runner.workspace, dirs_exist_ok=True)
    outputs, done = runner.package(installed, **inputs)
    assert status == done.status
    assert said in done.stdout + done.stderr
    assert {} == outputs


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """Before anything is installed; its name is one line, as a command of the log."""
    outputs, done = runner(tmp_path).find(directory="50%\r\ngone")
    assert 1 == done.status
    assert done.stdout.startswith("::error::There is no directory ")
    assert "/50%25%0D%0Agone: use actions/checkout" in done.stdout
    assert {} == outputs


def caches() -> list[dict[str, Any]]:
    """The steps that keep something: pip's downloads, and Poetry's cache directory."""
    return [
        each
        for each in ACTION["runs"]["steps"]
        if each.get("uses", "").startswith("actions/cache@")
    ]


def test_what_is_cached_is_where_pip_and_poetry_keep_it(
    installed: tuple[Runner, Mapping[str, str]],
) -> None:
    """The directories that the caches are given, unless nobody wants them."""
    _, outputs = installed
    pips, poetrys = caches()
    assert "${{ steps.find.outputs.pip-cache }}" == pips["with"]["path"]
    assert pips["with"]["path"] == step_of("install")["env"]["PIP_CACHE_DIR"]
    assert "${{ steps.install.outputs.cache-directory }}" == poetrys["with"]["path"]
    assert {"inputs.cache != 'false'"} == {each["if"] for each in (pips, poetrys)}
    ids = [each.get("id") for each in ACTION["runs"]["steps"]]
    assert ["find", None, "install", None, "package"] == ids
    asked = [outputs["python"], "-m", "poetry", "config", "cache-dir"]
    found = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    assert Path(found.strip()).name == Path(outputs["cache-directory"]).name


def test_keys_of_caches_change_with_what_is_kept(tmp_path: Path) -> None:
    """Else what is downloaded would be had anew in each run: a key is kept once."""
    found = runner(tmp_path)
    pips, poetrys = (each["with"] for each in caches())
    assert pips["key"].endswith("-${{ steps.find.outputs.pip-key }}")
    assert poetrys["key"].endswith("-${{ steps.install.outputs.cache-key }}")
    assert poetrys["key"].startswith(poetrys["restore-keys"])
    newest, _ = found.find()
    wanted, _ = found.find(poetry_version="2.1.*,!=2.1.0")
    assert {name for name in newest if newest[name] != wanted[name]} == {"pip-key"}
    assert "," not in wanted["pip-key"]


def test_another_poetry_can_be_asked_for(tmp_path: Path) -> None:
    """The oldest that is supported, as CI does; several times in one job.

    Poetry is asked in the project, which may have settings of its own and modules that
    are called as Poetry's are. Its lock and the arguments are in the key of the cache.
    """
    found = runner(tmp_path)
    project = found.workspace / "a project"
    project.mkdir()
    shutil.copy(EXAMPLE / "pyproject.toml", project)
    settings = project / "poetry.toml"
    settings.write_text('cache-dir = "kept"\n')
    (project / "build.py").write_text("raise SystemExit('not imported')")
    inputs = {"poetry_version": "2.1.*", "directory": "a project"}

    outputs = found.install(**inputs)

    assert str(project / "kept") == outputs["cache-directory"]
    command = [outputs["python"], "-m", "poetry", "--version"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "version 2.1." in said
    versions = re.fullmatch(r"(.+)-(2\.1\.\d+)-\w{16}", outputs["cache-key"])
    assert versions is not None
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nversion = "{versions[1]}"\n' in pyproject

    (project / "poetry.lock").write_text("# a lock\n")
    other = found.install(**inputs)
    with_arguments = found.install(**inputs, arguments="--with a")

    several = (outputs, other, with_arguments)
    assert {outputs["python"]} == {each["python"] for each in several}
    assert 3 == len({each["cache-key"] for each in several})

    settings.write_text("[")
    nothing, done = found.try_install(found.find(**inputs)[0], **inputs)

    assert 1 == done.status
    assert f"::error::This failed in {project}, see above: " in done.stdout
    assert "github_action.py" not in done.stderr
    assert {} == nothing


def test_an_old_python_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """Not pip's refusal of a package that nobody knows."""
    found = runner(tmp_path)
    command = Path(found.env["PATH"].split(":")[1], "python")
    command.unlink()
    command.symlink_to(interpreter("3.10"))
    _, done = found.find()
    assert 1 == done.status
    assert done.stdout.startswith("::error::Python 3.11 or later is needed, not 3.10")


def test_no_python_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    """Not a step that fails without a word."""
    found = runner(tmp_path)
    shell = Shell(("/bin/bash", "-e"), found.workspace, {"PATH": str(tmp_path)})
    done = shell(step_of("find")["run"])
    assert 1 == done.status
    assert done.stdout.startswith("::error::There is no Python: use actions/setup-py")


def test_the_page_has_all_inputs_and_outputs() -> None:
    """With their defaults, as far as they are text."""
    text = (RECIPES / PAGE).read_text(encoding="utf-8")
    section = text.partition("\n## The action\n")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    assert {*ACTION["inputs"], *ACTION["outputs"]} == {
        name for each in listed for name in re.findall(r"`(.+?)`", each)
    }
    for name in ("report", "cache"):
        default = ACTION["inputs"][name]["default"]
        assert re.search(rf"^\| `{name}` .*\| `{default}` \|$", section, re.MULTILINE)


def test_the_action_puts_no_expression_into_a_script() -> None:
    """What a pull request names would be run as code."""
    scripts = [each["run"] for each in ACTION["runs"]["steps"] if "run" in each]
    assert 3 == len(scripts)
    assert [] == [each for each in scripts if "${{" in each]


def test_the_page_uses_this_version() -> None:
    """The action's version is that of the plugin."""
    text = (RECIPES / PAGE).read_text(encoding="utf-8")
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (version,) = set(re.findall(r"package-function@v([\d.]+)", text))
    assert f'\nversion = "{version}"\n' in pyproject
