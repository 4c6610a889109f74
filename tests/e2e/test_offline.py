"""With what it needs in Poetry's cache, a run needs no network and writes nothing."""

from __future__ import annotations

import shutil
import subprocess

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import distributions_in
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from tests.e2e.running import Poetry


ARM = ("--platform", "manylinux_2_28_aarch64")
OFFLINE = ("unshare", "--net", "--")
READ_ONLY = (
    *("unshare", "--net", "--mount", "--propagation", "private", "--"),
    *("/bin/sh", "-euc"),
    'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"',
)
FILES = {
    "pyproject.toml": pep621(
        dependencies=(
            "six (==1.17.0)",
            "library @ ./library",
            "tiny @ ./tiny-1.0-py3-none-any.whl",
        ),
        more='[project.optional-dependencies]\ntext = ["markupsafe (>=3,<4)"]\n',
    ),
    "my_app/__init__.py": "import six\n",
    "library/pyproject.toml": pep621("library", ()),
    "library/library.py": "ANSWER = 1\n",
}
HAS = {"six", "markupsafe", "library", "tiny", "my_app"}


@pytest.fixture
def project(isolated: Poetry, tmp_path: Path) -> Path:
    """Wheels from an index and from a file, one built, one for a machine."""
    directory = write_files(tmp_path / "project", FILES)
    make_wheel(directory, "tiny", {"tiny.py": "# " + "tiny " * 50})
    return isolated.lock(directory)


def without_network(*more: str) -> tuple[str, ...]:
    """What comes before a command that is to have no network."""
    prefix = more or OFFLINE
    if shutil.which("unshare") is None:
        pytest.skip("a run without network takes `unshare`")
    probe = [*prefix, *(("/tmp",) if more else ()), "true"]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"a run without network takes a right: {done.stderr.strip()}")
    return prefix


@pytest.mark.parametrize("options", [("-E", "text"), ("-E", "text", *ARM)])
def test_a_second_run_needs_no_network(
    options: tuple[str, ...], isolated: Poetry, project: Path, tmp_path: Path
) -> None:
    """Its result is the same, though nobody may write to the cache either."""
    archive = tmp_path / "f.zip"
    arguments = ("package-function", "--output", str(archive), *options)
    isolated(project, *arguments).well()
    expected = sha256(archive)
    assert HAS == distributions_in(archive)
    cache = isolated.env["POETRY_CACHE_DIR"]

    for prefix in (without_network(), (*without_network(*READ_ONLY), cache)):
        archive.unlink()
        done = isolated(project, *arguments, prefix=prefix).well()
        assert "" == done.stderr
        assert expected == sha256(archive)


@pytest.mark.large
def test_the_oldest_poetry_needs_no_network(
    poetry_2_1: Poetry, isolated: Poetry, project: Path, tmp_path: Path
) -> None:
    """What newer ones have brought into the cache does for it."""
    isolated.package(project, "-E", "text").well()
    cache = isolated.env["POETRY_CACHE_DIR"]
    archive = str(tmp_path / "f.zip")

    old = poetry_2_1.having(POETRY_CACHE_DIR=cache)
    arguments = ("package-function", "-E", "text", "--output", archive)
    old(project, *arguments, prefix=without_network()).well()

    assert HAS == distributions_in(Path(archive))
