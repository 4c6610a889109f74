"""What needs the handler's import here is refused for another machine: at once."""

from __future__ import annotations

import platform
import sys

from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import pep621
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


OTHER = "x86_64" if platform.machine() == "aarch64" else "arm64"
TABLE = "[tool.poetry-plugin-package-function"
FUNCTIONS = f"""\
{TABLE}]
runtime = "python{sys.version_info.major}.{sys.version_info.minor}"
handler = "my_app.handler"

{TABLE}.functions.first]

{TABLE}.functions.other]
architecture = "{OTHER}"
"""


@pytest.fixture(scope="module")
def project(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two functions, of which one is another machine's."""
    files = {
        "pyproject.toml": pep621(more=FUNCTIONS),
        "my_app/__init__.py": "def handler(event, context): ...\n",
    }
    return poetry.lock(write_files(tmp_path_factory.mktemp("unmeasured"), files))


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--max-init", "9"), "other: --max-init allows INIT 9 times"),
        (("--profile", "{name}.json"), "other: --profile: it is not known what"),
    ],
)
def test_nothing_is_built_for_it(
    poetry: Poetry, project: Path, tmp_path: Path, flags: tuple[str, ...], reason: str
) -> None:
    """Neither its environment nor anything of the function before it."""
    done = poetry.package(project, *flags, "--output-dir", str(tmp_path))
    error = " ".join(done.failed(1).split())
    assert reason in error
    assert f"this machine is {platform.machine()}." in error
    assert "Building" not in done.said
    assert [] == [*tmp_path.iterdir()]
