"""One flat tree with bytecode and without, for a look at how they start."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from bench.process import run_to_end


if TYPE_CHECKING:
    from pathlib import Path

    from bench.environments import Environment


WITHOUT: Final = "this plugin, flat"
WITH: Final = "this plugin, flat, `--compile`"


def package_both(command: Path, tree: Environment, results: Path) -> dict[str, Path]:
    """Packages a tree twice; the archives by the names of their rows.

    Raises:
        BenchError: It failed.
    """
    archives = {WITHOUT: results / "without.zip", WITH: results / "with.zip"}
    for name, archive in archives.items():
        options = ("--compile",) if name == WITH else ()
        project = ("--project", tree.pyproject)
        run_to_end((command, tree.venv, *project, "--output", archive, *options))
    return archives
