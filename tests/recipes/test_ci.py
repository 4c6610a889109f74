"""The pipelines for CI services: they are valid, and their steps do what is said."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import shutil
import sys
import tarfile
import threading
import urllib.parse

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.environments import cached_environment
from tests.e2e.environments import own_requirements
from tests.e2e.environments import own_wheel
from tests.lambda_runtime.building import kept_directory
from tests.recipes.pages import block
from tests.recipes.workflows import Shell
from tests.recipes.workflows import aws
from tests.recipes.workflows import blocks
from tests.recipes.workflows import pipeline
from tests.recipes.workflows import project
from tests.recipes.workflows import runner_environment
from tests.recipes.workflows import schema_problems
from tests.recipes.workflows import with_wheel
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator


GITHUB = "github-actions.md"
GITLAB = "gitlab-ci.md"
BASH = ("bash", "--noprofile", "--norc", "-e")  # GitHub's, unless a step names one
GITLABS = ("bash", "-eo", "pipefail")
RIGHTS = {"package": {"contents": "read"}, "deploy": {"id-token": "write"}}
MIRROR = "poetry-plugin-pypi-mirror"


def code_sha256(path: Path) -> str:
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


@pytest.mark.parametrize(
    ("page", "schema", "spoilt"),
    [
        (GITHUB, "vendor.github-workflows", ("    runs-on:", "    run-on:")),
        (GITLAB, "vendor.gitlab-ci", ("  script:", "  skript:")),
    ],
)
def test_the_services_accept_them(
    page: str, schema: str, spoilt: tuple[str, str], tmp_path: Path
) -> None:
    """They are as the services' own schemas say; a word that is wrong would show."""
    # GitHub's are workflows of their own, GitLab's pieces of one.
    texts = blocks(page, "yaml")
    for text in texts if page == GITHUB else ["\n".join(texts)]:
        assert "" == schema_problems(text, schema, tmp_path)
        assert "" != schema_problems(text.replace(*spoilt), schema, tmp_path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What stands for the plugin on the index."""
    return own_wheel(tmp_path_factory.mktemp("own"))


def finished(base: Path, report: str) -> Path:
    """A project that has been packaged, without the time that Poetry would take."""
    pyproject = make_project(base / "greeter", "greeter")
    directory = pyproject.parent
    (directory / "dist").mkdir()
    package_venv(
        make_venv(base / "venv", {"greeter.py": ""}),
        pyproject,
        directory / "dist" / "greeter.zip",
        report=str(directory / report),
    )
    return directory


def deployed(directory: Path, report: str) -> str:
    """What Lambda says if that is deployed."""
    found: str = json.loads((directory / report).read_text())["code_sha256"]
    return found


# GitHub Actions


def github(heading: str = "GitHub Actions") -> dict[str, Any]:
    """The jobs of the workflow under a heading."""
    jobs: dict[str, Any] = pipeline(block(GITHUB, heading, "yaml"))["jobs"]
    return jobs


def script(job: dict[str, Any], name: str) -> str:
    """The script of a step."""
    (found,) = (str(each["run"]) for each in job["steps"] if each.get("name") == name)
    return found


def given(job: dict[str, Any], action: str) -> dict[str, str]:
    """What an action is given."""
    (found,) = (
        each["with"]
        for each in job["steps"]
        if each.get("uses", "").startswith(f"{action}@")
    )
    return dict(found)


def test_githubs_first_job_without_the_action(wheel: Path, tmp_path: Path) -> None:
    """From nothing to what is uploaded; then again, with what the caches have kept."""
    job, uploading = github("Without the action")["package"], github()["package"]
    pipx = cached_environment("pipx", "pipx ==1.*").parent
    env = runner_environment(tmp_path, [pipx])
    # Else the cache would not be where Poetry has it on a runner.
    for name in ("CONFIG_DIR", "DATA_DIR", "CACHE_DIR", "VIRTUALENVS_PATH"):
        env.pop(f"POETRY_{name}", None)
    summary = tmp_path / "summary"
    env |= {
        "GITHUB_STEP_SUMMARY": str(summary),
        "PIPX_DEFAULT_PYTHON": sys.executable,
        # Of no matter for what is tested, and of some seconds.
        "PIPX_SHARED_LIBS": str(kept_directory("pipx-shared")),
        "PIP_NO_COMPILE": "1",
    }
    shell = Shell(BASH, project(tmp_path, GITHUB), env)
    package = script(job, "Package")

    install = script(job, "Install Poetry and the plugin")
    shell.well(with_wheel(install, wheel))
    shell.well(f"pipx inject poetry {MIRROR}")  # the index is that of the tests
    shell.well(package)

    uploaded = given(uploading, "actions/upload-artifact")["path"].split()
    archive, report = (shell.directory / name for name in uploaded)
    first = json.loads(report.read_text())
    assert first["comparison"] is None
    assert first["code_sha256"] == code_sha256(archive)
    assert first["output_file"] == str(archive)
    assert "Unzipped" in summary.read_text()

    cache = Path(given(job, "actions/cache")["path"].replace("~", env["HOME"]))
    assert [*cache.rglob("*.whl")]
    carry_over(cache, tmp_path)
    restored = given(uploading, "actions/cache/restore")["path"]
    assert report == shell.directory / restored
    archive.unlink()

    done = shell.well(package)

    assert "Downloading" not in done.stdout + done.stderr
    second = json.loads(report.read_text())
    assert second["comparison"]["unchanged"]
    assert second["code_sha256"] == code_sha256(archive) == first["code_sha256"]

    done = shell(
        package.replace("package-function", "package-function --runtime python2.7")
    )
    assert done.status != 0  # the redirection does not hide it
    assert "python2.7" in done.stderr


def carry_over(directory: Path, base: Path) -> None:
    """Does what a cache does between two jobs: packs, and unpacks at the same place."""
    with tarfile.open(base / "cache.tar", "w") as tar:
        tar.add(directory, directory.name)
    shutil.rmtree(directory)
    with tarfile.open(base / "cache.tar") as tar:
        tar.extractall(directory.parent, filter="tar")


@pytest.mark.parametrize("is_deployed", [True, False])
def test_github_deploys_what_is_not_deployed(is_deployed: bool, tmp_path: Path) -> None:
    """Lambda is asked, and told only if it has other code."""
    job = github()["deploy"]
    directory = finished(tmp_path, "dist/greeter.json")
    output = tmp_path / "output"
    log = tmp_path / "log"
    env = {
        **runner_environment(tmp_path, [aws(tmp_path)]),
        **job["env"],
        "AWS_LOG": str(log),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "DEPLOYED": deployed(directory, "dist/greeter.json")
        if is_deployed
        else "other",
    }
    shell = Shell(BASH, directory, env)

    shell.well(script(job, "Ask what is deployed"))

    assert output.read_text() == f"changed={str(not is_deployed).lower()}\n"
    assert "lambda get-function-configuration" in log.read_text()
    (asked,) = (each for each in job["steps"] if each.get("id") == "deployed")
    assert asked["name"] == "Ask what is deployed"
    (deploy,) = (each for each in job["steps"] if each.get("name") == "Deploy")
    assert deploy["if"] == "steps.deployed.outputs.changed == 'true'"
    shell.well(deploy["run"])
    (archive,) = re.findall(r"fileb://(\S+)", log.read_text())
    assert (directory / archive).is_file()


def test_github_does_not_deploy_when_it_cannot_ask(tmp_path: Path) -> None:
    """Without an answer the step fails, and so does the job."""
    job = github()["deploy"]
    output = tmp_path / "output"
    env = runner_environment(tmp_path, [aws(tmp_path, status=255)])
    env |= {**job["env"], "AWS_LOG": str(tmp_path / "log"), "DEPLOYED": ""}
    env["GITHUB_OUTPUT"] = str(output)
    done = Shell(BASH, finished(tmp_path, "dist/greeter.json"), env)(
        script(job, "Ask what is deployed")
    )
    assert done.status == 255
    assert not output.exists()


def test_githubs_workflows_give_few_rights() -> None:
    """No more than is needed, no expressions in scripts, versions for all actions."""
    for text in blocks(GITHUB, "yaml"):
        document = pipeline(text)
        assert {} == document["permissions"]
        for name, job in document["jobs"].items():
            assert RIGHTS[name] == job["permissions"]
        steps = [step for job in document["jobs"].values() for step in job["steps"]]
        assert not [step for step in steps if "${{" in step.get("run", "")]
        for step in steps:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+(/[\w-]+)+@v\d+(\.\d+)*", step["uses"])
        assert "secrets." not in text


# GitLab CI


def gitlab() -> dict[str, Any]:
    """The jobs of both pieces of the pipeline."""
    jobs: dict[str, Any] = {}
    for text in blocks(GITLAB, "yaml"):
        jobs.update(pipeline(text))
    return jobs


def variables(job: dict[str, Any], known: dict[str, str]) -> dict[str, str]:
    """Those of a job beside those that there are; a value may name another one."""
    found = dict(known)
    for name, value in job.get("variables", {}).items():
        found.setdefault(
            name, re.sub(r"\$(\w+)", lambda match: found[match[1]], str(value))
        )
    return found


def whole_script(job: dict[str, Any]) -> str:
    """All lines of a job, as a runner puts them together."""
    return "\n".join([*job.get("before_script", ()), *job["script"]])


def test_gitlabs_first_job(wheel: Path, tmp_path: Path) -> None:
    """Artifacts and caches are where the pipeline says, in the project's directory."""
    job = gitlab()["package"]
    env = runner_environment(tmp_path, [python_with_poetry(tmp_path)])
    directory = project(tmp_path, GITLAB)
    env.pop("POETRY_CACHE_DIR", None)
    env = variables(job, {**env, "CI_PROJECT_DIR": str(directory)})
    lines = whole_script(job)

    Shell(GITLABS, directory, env).well(with_wheel(lines, wheel))

    archive, report, summary = (directory / name for name in job["artifacts"]["paths"])
    assert code_sha256(archive) == json.loads(report.read_text())["code_sha256"]
    assert "Unzipped" in summary.read_text()
    (cache,) = job["cache"]["paths"]
    assert [*(directory / cache).rglob("*.whl")]
    (key,) = job["cache"]["key"]["files"]
    assert (directory / key).is_file()


def python_with_poetry(base: Path) -> Path:
    """The commands of a Python that has what the plugin needs, and may be changed.

    So that what is installed is checked in full, and the plugin alone is installed.
    """
    cached = cached_environment("poetry-newest", "poetry>=2.5", *own_requirements())
    shutil.copytree(cached.parents[1], base / "python", symlinks=True)
    commands = base / "commands"
    commands.mkdir()
    for name in ("pip", "poetry"):  # scripts name the place that they were copied from
        command = commands / name
        command.write_text(
            f'#!/bin/sh\nexec "{base}/python/bin/python" -m {name} "$@"\n'
        )
        command.chmod(0o755)
    return commands


@pytest.mark.parametrize("is_deployed", [True, False])
def test_gitlab_deploys_what_is_not_deployed(is_deployed: bool, tmp_path: Path) -> None:
    """Lambda is asked, and told only if it has other code; the token is a file."""
    job = gitlab()["deploy"]
    directory = finished(tmp_path, "dist/report.json")
    log = tmp_path / "log"
    token = tmp_path / "token"
    known = {
        **runner_environment(tmp_path, [aws(tmp_path)]),
        "AWS_ID_TOKEN": "e.y.J",
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_LOG": str(log),
        "DEPLOYED": deployed(directory, "dist/report.json") if is_deployed else "other",
    }
    shell = Shell(GITLABS, directory, variables(job, known))
    done = shell.well(whole_script(job))

    assert token.read_text() == "e.y.J"
    assert token.stat().st_mode & 0o777 == 0o600
    assert is_deployed == ("deployed already" in done.stdout)
    called = log.read_text()
    assert "lambda get-function-configuration" in called
    assert is_deployed != ("lambda update-function-code" in called)
    for archive in re.findall(r"fileb://(\S+)", called):
        assert (directory / archive).is_file()


def test_gitlab_does_not_deploy_when_it_cannot_ask(tmp_path: Path) -> None:
    """Without an answer the job fails."""
    job = gitlab()["deploy"]
    log = tmp_path / "log"
    known = runner_environment(tmp_path, [aws(tmp_path, status=255)])
    known |= {"AWS_ID_TOKEN": "e", "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "t")}
    env = variables(job, {**known, "AWS_LOG": str(log), "DEPLOYED": ""})
    done = Shell(GITLABS, finished(tmp_path, "dist/report.json"), env)(
        whole_script(job)
    )
    assert done.status == 255
    assert "update-function-code" not in log.read_text()


class _Notes(http.server.BaseHTTPRequestHandler):
    """GitLab, as far as a note needs it."""

    seen: list[tuple[str, str | None, str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((self.path, self.headers["PRIVATE-TOKEN"], body))
        self.send_response(201)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    """The address of a server that takes notes."""
    _Notes.seen.clear()
    with http.server.HTTPServer(("127.0.0.1", 0), _Notes) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api/v4"
        server.shutdown()
        thread.join()


def test_gitlabs_note_is_the_summary(api: str, tmp_path: Path) -> None:
    """The file arrives as it is, whatever characters there are in it."""
    if shutil.which("curl") is None:
        pytest.skip("the note is sent by curl, which is not on this machine")
    text = "| a & b | 1 % |\n|:--|--:|\n| + | é |\n"
    write_files(tmp_path, {"dist/summary.md": text})
    job = gitlab()["summary"]
    known = {
        **runner_environment(tmp_path, []),
        "CI_API_V4_URL": api,
        "CI_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "3",
        "SUMMARY_TOKEN": "t",
    }
    Shell(GITLABS, tmp_path, variables(job, known)).well(whole_script(job))
    ((address, token, body),) = _Notes.seen
    assert address == "/api/v4/projects/12/merge_requests/3/notes"
    assert token == "t"
    assert urllib.parse.parse_qs(body) == {"body": [text]}
