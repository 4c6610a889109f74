"""The source distribution, unpacked: its tests pass in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from pathlib import Path


# What reads the repository's files and would miss one. All of them take minutes.
TESTS = (
    "tests/docs",
    "tests/frontends/test_cli.py",
    "tests/release",
    "tests/test_reference.py",
)


def test_tests_pass_in_it(built: dict[str, Path], tmp_path: Path) -> None:
    """Without Git, and with the code that is in it."""
    with tarfile.open(built["sdist"]) as archive:
        archive.extractall(tmp_path, filter="data")
    (root,) = tmp_path.iterdir()
    foreign = ("PYTEST_", "COVERAGE_")
    env = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(foreign)
    }
    # It comes before the checkout that is installed into this environment.
    env["PYTHONPATH"] = str(root / "src")
    asked = "import poetry_plugin_package_function as it; print(it.__file__)"
    for arguments, expected in (
        (("-c", asked), str(root / "src")),
        (("-m", "pytest", "-m", "not large", "-n", "0", *TESTS), " passed"),
    ):
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert 0 == done.returncode, done.stdout
        assert expected in done.stdout
