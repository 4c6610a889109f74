"""Environments with another Poetry, made once and kept in the user's cache."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tomllib

from pathlib import Path


ROOT = Path(__file__).resolve().parents[2]


def pip(*arguments: str, python: str = sys.executable) -> None:
    """Runs pip; what it says shows if it fails."""
    done = subprocess.run(
        [python, "-m", "pip", "--disable-pip-version-check", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def own_requirements() -> list[str]:
    """What this project needs beside Poetry, and what its tests need to lock."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        document = tomllib.load(file)
    mirror = [
        each
        for each in document["dependency-groups"]["test"]
        if each.startswith("poetry-plugin-pypi-mirror")
    ]
    needed = document["project"]["dependencies"]
    return [*mirror, *(each for each in needed if not each.startswith("poetry ("))]


def own_wheel(base: Path) -> Path:
    """The wheel of this project, built from a copy: others may use the checkout."""
    copy = base / "checkout"
    copy.mkdir()
    for path in ROOT.iterdir():  # the readme's name is another one in an sdist
        if path.is_file():
            shutil.copy(path, copy)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src", copy / "src", ignore=ignored)
    target = base / "wheel"
    pip("wheel", "--no-deps", "--wheel-dir", str(target), str(copy))
    (built,) = target.iterdir()
    return built


def cached_environment(name: str, *requirements: str) -> Path:
    """The Python of an environment with these requirements; it may not be changed.

    Several processes may ask for it at a time: one makes it, in place, for scripts name
    the place; the mark that it is whole comes last and lists what is in it.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    directory = cache / "poetry-plugin-package-function" / name / version
    directory.parent.mkdir(parents=True, exist_ok=True)
    python = directory / "bin" / "python"
    mark = directory / "requirements.txt"
    listed = "\n".join(requirements)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        whole = mark.is_file() and mark.read_text() == listed and python.exists()
        if not whole:
            shutil.rmtree(directory, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(directory)], check=True)
            # What is imported is compiled then: most of it never is.
            quietly = ("install", "--quiet", "--no-compile")
            pip(*quietly, *requirements, python=str(python))
            mark.write_text(listed)
    return python
