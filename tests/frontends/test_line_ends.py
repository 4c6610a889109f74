"""Files whose line ends Git has changed, as Git for Windows does unless told not to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.packaging.sources import line_ends
from tests.git import git
from tests.git import repository
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


FILES = {f"src/app/{name}.py": "a = 1\n" for name in "abcde"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository that is checked out with the line ends of Windows."""
    monkeypatch.setattr(line_ends, "GIT_CONVERTS", True)
    monkeypatch.chdir(tmp_path)
    table = 'include = [{ include = "app", from = "src" }]\n'
    make_project(tmp_path, name="my-app", table=table)
    write_files(tmp_path, {**FILES, "other.txt": "a\n", ".gitignore": "venv\n*.zip\n"})
    repository(tmp_path)
    git(tmp_path, "config", "core.autocrlf", "true")
    anew(tmp_path)
    make_venv(tmp_path / "venv", {"dep.py": "a = 1\n"})
    return tmp_path


def anew(directory: Path) -> None:
    """Has all files written anew, as the warning says."""
    git(directory, "rm", "-rq", "--cached", ".")
    git(directory, "reset", "-q", "--hard")


def warning(capfd: pytest.CaptureFixture[str]) -> str:
    """What is warned of when an archive is made."""
    line_ends.converted_by_git.cache_clear()
    assert 0 == main(["venv"])
    return capfd.readouterr().err


def test_what_git_has_converted_is_told(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As far as it is in the archive, with what ends it: and that does."""
    assert b"a = 1\r\n" == (project / "src/app/a.py").read_bytes()
    said = warning(capfd)
    named = "src/app/a.py, src/app/b.py, src/app/c.py and 2 more"
    assert f"Git has given 5 files the line ends of Windows ({named})" in said
    assert "git rm -rq --cached . && git reset -q --hard" in said
    write_files(project, {".gitattributes": "* text=auto eol=lf\n"})
    git(project, "add", ".gitattributes")
    git(project, "commit", "--quiet", "--message", "Ends", "--no-gpg-sign")
    anew(project)
    assert b"a = 1\n" == (project / "src/app/a.py").read_bytes()
    assert "line ends" not in warning(capfd)


def test_what_has_such_ends_everywhere_is_no_difference(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """As batch files may."""
    write_files(project, {".gitattributes": "*.py text eol=crlf\n"})
    assert "line ends" not in warning(capfd)


def test_where_git_converts_nothing_it_is_not_asked(
    project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Linux and macOS; nor is it an error if there is no Git."""
    monkeypatch.setattr(line_ends, "GIT_CONVERTS", False)
    assert "line ends" not in warning(capfd)
    monkeypatch.setattr(line_ends, "GIT_CONVERTS", True)
    monkeypatch.setenv("PATH", "")
    assert "line ends" not in warning(capfd)
