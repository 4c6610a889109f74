"""`poetry package-function --venv` with what pip has filled."""

from __future__ import annotations

import sys

from typing import TYPE_CHECKING

from tests.e2e.projects import names_in
from tests.e2e.projects import small_project
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


def test_a_directory_in_place_of_a_venv(poetry: Poetry, tmp_path: Path) -> None:
    """--python says who compiles and imports; without it, an error says to."""
    project = small_project(tmp_path / "project")
    write_files(
        project / "build",
        {
            "dep.py": "",
            "dep-1.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
            "dep-1.dist-info/RECORD": "dep.py,,\n../../bin/dep,,\n",
            "bin/dep": "#!/no/python\n",
            "app.py": "import dep\n\n\ndef handler(event, context): ...\n",
        },
    )
    arguments = ("--venv", "build", "--output", "fn.zip", "--handler", "app.handler")

    error = poetry.package(project, *arguments).failed(1)
    python = ("--python", sys.executable, "--compile")
    done = poetry.package(project, *arguments, *python).well()

    assert "which --handler needs" in error
    assert "--python" in error
    names = names_in(project / "fn.zip")
    assert {"app.py", "dep.py"} <= {*names}
    assert "bin/dep" not in names
    assert any(name.endswith(".pyc") for name in names)
    assert "was imported in" in done.said
