"""What has changed since a previous report, down to single files."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING

import jsonschema

from tests.e2e.projects import pep621
from tests.frontends.test_report import SCHEMA
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


DEPENDENCIES = """\
[tool.poetry.dependencies]
lib = { path = "../lib" }
six = "1.17.0"
"""


def test_files_are_named(poetry: Poetry, tmp_path: Path) -> None:
    """The project's, and those of a path dependency.

    Of six, which comes out of a wheel that the lock pins, there is the wheel's hash
    instead.
    """
    project = write_files(
        tmp_path / "project",
        {
            "pyproject.toml": pep621(
                dependencies=(),
                project='dynamic = ["dependencies"]\n',
                more=DEPENDENCIES,
            ).replace("dependencies = [\n]\n", ""),
            "my_app/__init__.py": "",
            "my_app/changed.py": "x = 1\n",
            "my_app/removed.py": "",
        },
    )
    library = write_files(
        tmp_path / "lib",
        {"pyproject.toml": pep621("lib", ()), "lib/__init__.py": "x = 1\n"},
    )
    poetry.lock(project)
    poetry.package(project, "--report", "old.json").well()
    (project / "my_app/changed.py").write_text("x = 2\n")
    (project / "my_app/removed.py").unlink()
    (project / "my_app/added.py").write_text("")
    (library / "lib/__init__.py").write_text("x = 2\n")
    done = poetry.package(
        project, "--compare", "old.json", "--report", "new.json"
    ).well()
    report = json.loads((project / "new.json").read_text())

    jsonschema.validate(report, SCHEMA)
    comparison = report["comparison"]
    assert {
        "unchanged": False,
        "layer_unchanged": None,
        "added": [],
        "removed": [],
        "updated": [],
        "changed": ["lib", "my-app"],
        "other_wheels": [],
        "files": {
            "added": ["my_app/added.py"],
            "removed": ["my_app/removed.py"],
            "changed": [
                "lib-1.0.dist-info/RECORD",
                "lib/__init__.py",
                "my_app-1.0.dist-info/RECORD",
                "my_app/changed.py",
            ],
        },
        "aws_services": None,
        "init": None,
    } == comparison
    assert (
        "Compared    other files in lib, my-app; files: lib/__init__.py (changed),"
        " my_app/added.py (added), my_app/changed.py (changed) and 3 more\n"
    ) in done.stdout
    rows = {each["name"]: each for each in report["distributions"]}
    assert None is rows["six"]["contents"]
    assert rows["six"]["wheel"].startswith("sha256:")
    for name in ("lib", "my-app"):
        assert None is rows[name]["wheel"]
        assert rows[name]["files"] == len(rows[name]["contents"])
