"""Imports each module of a package in a process that has imported none of the others.

What a module takes from others only because somebody has imported them before works
until the order changes.
"""

from __future__ import annotations

import subprocess

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# Forks of a process that has nothing but Python's own: each is fresh, in a moment.
_IMPORTS = """\
import importlib, os, sys, traceback
import argparse, concurrent.futures, dataclasses, email.parser, json, tempfile, zipfile
failed = False
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException:
            print(f"{name}:", file=sys.stderr)
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    failed |= os.waitpid(child, 0)[1] != 0
sys.exit(failed)
"""


def modules_in(directory: Path) -> list[str]:
    """The modules of the packages in a directory of sources."""
    paths = (path.relative_to(directory) for path in sorted(directory.rglob("*.py")))
    return [
        ".".join(
            (path.parent if path.stem == "__init__" else path.with_suffix("")).parts
        )
        for path in paths
    ]


def failed_imports(python: str, modules: list[str], env: Mapping[str, str]) -> str:
    """What is wrong with those that cannot be imported alone; "" if all can."""
    done = subprocess.run(
        [python, "-c", _IMPORTS, *modules],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0 != done.returncode) is bool(done.stderr), done.stderr
    return done.stderr
