"""Only environments of ours are filled, whatever an interpreter does."""

from __future__ import annotations

import os
import subprocess
import sys

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import pep621
from tests.e2e.test_build_backend import own_backend
from tests.trees import install
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.running import Poetry


# Poetry, on a machine where each environment that it makes has such an interpreter.
BROKEN = """\
import os, sys
from pathlib import Path
from poetry.console.application import main
from poetry.utils.env import EnvManager

def build(path, *args, **kwargs):
    python = Path(path, "bin", "python")
    python.parent.mkdir(parents=True)
    Path(path, "pyvenv.cfg").write_text("home = gone\\n")
    if os.environ["SCRIPT"]:
        python.write_text(os.environ["SCRIPT"])
        python.chmod(0o755)
    else:
        python.symlink_to("gone")

EnvManager.build_venv = staticmethod(build)
sys.exit(main())
"""


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Path]:
    """Somebody else's environment; nothing in it changes."""
    directory = tmp_path / "others"
    command = [sys.executable, "-m", "venv", "--without-pip", str(directory)]
    subprocess.run(command, check=True)
    install(directory, "theirs", {"theirs.py": ""})
    before = sorted(directory.rglob("*"))
    yield directory
    assert before == sorted(directory.rglob("*"))


@pytest.mark.parametrize("own", [False, True], ids=["installed", "isolated-build"])
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        # What is left of one that has been removed: Poetry runs `python` on PATH then.
        ("", "{others}/"),
        ('#!/bin/sh\nexec {others}/bin/python "$@"\n', "{others}/"),
        ("#!/bin/sh\necho out of order >&2\nexit 1\n", "out of order"),
    ],
    ids=["gone", "wrapper", "failing"],
)
def test_an_interpreter_that_is_not_the_environments(
    script: str, expected: str, own: bool, others: Path, poetry: Poetry, tmp_path: Path
) -> None:
    """Nothing is installed or removed: Poetry's own environment could be the next."""
    project = tmp_path / "project"
    if own:
        own_backend(project)
    else:
        pyproject = pep621(dependencies=())
        write_files(project, {"pyproject.toml": pyproject, "my_app.py": ""})
    poetry.lock(project)
    path = os.pathsep.join([str(others / "bin"), poetry.env["PATH"]])
    broken = replace(poetry, command=(sys.executable, "-c", BROKEN))
    said = broken.package(
        *(project, "--python", sys.executable),
        env={"PATH": path, "SCRIPT": script.format(others=others)},
    ).failed(1)
    assert "The interpreter of a new environment does not work" in said
    assert expected.format(others=others) in said
