"""The distribution of the command without Poetry, as it comes to an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.environments import pip
from tools.standalone import write_project


if TYPE_CHECKING:
    from pathlib import Path


def standalone_wheel(base: Path) -> Path:
    """Its wheel: alone in a directory in `base`."""
    write_project(base / "project")
    target = base / "wheels"
    quickly = ("--no-deps", "--no-build-isolation")  # poetry-core is here
    pip("wheel", *quickly, "--wheel-dir", str(target), str(base / "project"))
    (built,) = target.iterdir()
    return built
