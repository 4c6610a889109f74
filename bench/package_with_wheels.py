"""Packages a venv as `poetry package-function` does once it has built one.

`package_with_wheels.py VENV PYPROJECT ARCHIVE WHEELS`: the last is a JSON file with the
path and the hash of each distribution's wheel, by its name.
"""

from __future__ import annotations

import json
import os
import sys

from pathlib import Path

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.timestamp import archive_time
from poetry_plugin_package_function.packaging.venv import find_site_packages
from poetry_plugin_package_function.packaging.wheels import Wheel
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.settings import resolve


def main(venv: str, pyproject: str, archive: str, wheels: str) -> None:
    """Does what stands between Poetry's installer and the last line of the output."""
    project = read_project(Path(pyproject))
    settings = resolve(
        {"venv": venv, "output": archive}, project, default_output_dir=Path()
    )
    index = json.loads(Path(wheels).read_text(encoding="utf-8"))
    package(
        find_site_packages(Path(venv)),
        project,
        settings,
        archive_time(os.environ),
        wheels={
            canonicalize_name(name): Wheel(Path(path), digest)
            for name, (path, digest) in index.items()
        },
        serialize=as_json,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
