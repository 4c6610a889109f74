"""What Poetry could not install is said in a sentence, without lines of source."""

from __future__ import annotations

import subprocess

from typing import TYPE_CHECKING

import pytest

from poetry.console.exceptions import PoetryRuntimeError
from poetry.core.packages.package import Package
from poetry.utils.isolated_build import IsolatedBuildBackendError

from poetry_plugin_package_function.bundling.failed import Failure
from poetry_plugin_package_function.bundling.failed import sentences
from tests.bundling.projects import Locked
from tests.bundling.projects import locked
from tests.bundling.projects import run
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"

[tool.poetry]
package-mode = false

[tool.poetry.dependencies]
tool = { git = "https://127.0.0.1:9/tool.git" }

[tool.poetry-plugin-package-function]
include = ["app.py"]
"""
SENTENCE = (
    "tool 1.0 from https://127.0.0.1:9/tool.git could not be installed: Connection"
    " refused.\n"
)
GONE = "https://host is gone."
HINT = (
    "Try `poetry install` for the same dependencies, or run again with -v for Poetry's"
    " own words."
)


@pytest.mark.parametrize("verbose", [False, True])
def test_a_git_dependency_that_cannot_be_had(tmp_path: Path, *, verbose: bool) -> None:
    """Once, with the reason; Poetry's lines are for -v."""
    write_files(tmp_path, {"pyproject.toml": PYPROJECT, "app.py": ""})
    locked(tmp_path, Locked("tool", wheels=(), git="https://127.0.0.1:9/tool.git"))

    done = run(tmp_path, verbose=verbose)

    assert 1 == done.status
    assert 1 == done.stderr.count(SENTENCE)
    assert verbose is ("Cannot install tool." in done.stderr)
    if not verbose:
        assert [
            "Poetry could not install the dependencies.",
            SENTENCE.strip(),
            HINT,
        ] == done.stderr.splitlines()


def failure(error: Exception, url: str | None = None) -> Failure:
    """Something that could not be installed."""
    kind = "url" if url else None
    package = Package("tool", "1.0", source_type=kind, source_url=url)
    return Failure(package, error)


@pytest.mark.parametrize(
    ("error", "url", "expected"),
    [
        (ValueError("No."), None, ["tool 1.0 could not be installed: No."]),
        (ValueError(), None, ["tool 1.0 could not be installed: ValueError."]),
        (ValueError("a\nb"), None, ["tool 1.0 could not be installed: a", "b"]),
        (
            ValueError("https://me:secret@host is gone"),
            "https://me:secret@host/t.zip",
            ["tool 1.0 from https://host/t.zip could not be installed: " + GONE],
        ),
    ],
)
def test_sentences(error: Exception, url: str | None, expected: list[str]) -> None:
    """With where it comes from, and without what lets one in there."""
    assert expected == sentences([failure(error, url), failure(error, url)])


def test_what_lies_beneath() -> None:
    """What a network says is the reason; other causes are of those who wrap them."""
    outer = ValueError("Max retries exceeded")
    outer.__cause__ = ConnectionRefusedError(111, "Connection refused")
    other = ValueError("There is no repository")
    other.__context__ = FileNotFoundError(2, "No such file or directory")

    assert [
        "tool 1.0 could not be installed: Connection refused.",
        "tool 1.0 could not be installed: There is no repository.",
    ] == sentences([failure(outer), failure(other)])


@pytest.mark.parametrize(
    "error",
    [
        PoetryRuntimeError("See what Git says."),
        IsolatedBuildBackendError("x", subprocess.CalledProcessError(1, "x")),  # type: ignore[arg-type]
    ],
)
def test_poetrys_own_words(error: Exception) -> None:
    """They are for people already, or have what a backend has said."""
    assert sentences([failure(ValueError("no")), failure(error)]) is None


def test_nothing_has_failed() -> None:
    """Then what Poetry has written is all that is known."""
    assert sentences([]) is None
