"""Packages a venv as `poetry package-function` does once it has built one.

`package_with_wheels.py VENV PYPROJECT ARCHIVE WHEELS [OPTION...]`: WHEELS is a JSON
file with the path and the hash of each distribution's wheel, by its name; bytecode is
kept beside it. The options are switches of that command (`--compile`, `--eager`) and
`--no-limit`: flat, however large it is. Lambda would refuse that.
"""

from __future__ import annotations

import json
import os
import sys

from dataclasses import replace
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.options import KEYS
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.wheel import Wheel
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.sizes_page import sizes_page
from poetry_plugin_package_function.resolution import resolve


_NO_LIMIT: Final = "no-limit"
_ENOUGH_BYTES: Final = 1 << 40


def main(venv: str, pyproject: str, archive: str, wheels: str, *options: str) -> None:
    """Does what stands between Poetry's installer and the last line of the output."""
    switches = {option.removeprefix("--") for option in options}
    if unknown := switches - {_NO_LIMIT, *KEYS}:
        raise SystemExit(f"There is no option {', '.join(sorted(unknown))}.")
    project = read_project(Path(pyproject))
    (settings,) = resolve(
        {"venv": venv, "output": archive, **dict.fromkeys(switches, True)},
        project,
        None,
        default_output_dir=Path(),
    )
    if _NO_LIMIT in switches:
        # Layers are taken from the limit: so this is added to it.
        settings = replace(settings, layers_size_bytes=-_ENOUGH_BYTES)
    index = json.loads(Path(wheels).read_text(encoding="utf-8"))
    report = package(
        find_site_packages(Path(venv)),
        project,
        settings,
        archive_time(os.environ),
        wheels={
            canonicalize_name(name): Wheel(Path(path), digest)
            for name, (path, digest) in index.items()
        },
        bytecode_dir=Path(wheels).with_name("bytecode"),
        serialize=as_json,
        draw=sizes_page,
    )
    if _NO_LIMIT in switches and report.layout is not Layout.FLAT:
        raise SystemExit(f"{archive} is not flat.")


if __name__ == "__main__":
    main(*sys.argv[1:])
