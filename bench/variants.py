"""The archives of one tree whose starts are compared."""

from __future__ import annotations

import os
import sys

from typing import TYPE_CHECKING
from typing import Final

from bench.packaging_cost import REFERENCE_TOOL
from bench.packaging_cost import like_reference
from bench.packaging_cost import with_wheels
from bench.process import run_to_end


if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bench.environments import Environment


PLAIN: Final = "this plugin"
COMPILED: Final = "this plugin, `--compile`"
EAGER: Final = "this plugin, `--compile --eager`"
UNLIMITED: Final = "all flat with bytecode, if Lambda took it"
_OPTIONS: Final = {
    PLAIN: (),
    COMPILED: ("--compile",),
    EAGER: ("--compile", "--eager"),
    UNLIMITED: ("--compile", "--no-limit"),
}


def package_variants(
    tree: str,
    built: Environment,
    names: Iterable[str],
    reference: Path,
    results: Path,
) -> dict[str, Path]:
    """Packages a tree in each of these ways; the archives by their names.

    Args:
        tree: What it is called.
        built: The tree.
        names: Of the archives.
        reference: package-python-function's command.
        results: Where the archives are written.

    Raises:
        BenchError: It failed.
    """
    archives = {}
    for number, name in enumerate(names):
        print(f"Packaging {tree} for INIT: {name}", file=sys.stderr, flush=True)
        if name == REFERENCE_TOOL:
            archives[name] = _packaged_by_reference(built, reference)
        else:
            archives[name] = results / f"{tree}-init-{number}.zip"
            run_to_end(with_wheels(built, archives[name], *_OPTIONS[name]))
    return archives


def _packaged_by_reference(built: Environment, reference: Path) -> Path:
    """It is slow, and makes the same of the same tree: that is kept beside the tree."""
    kept = built.venv.with_name(f"{reference.name}.zip")
    if not kept.exists():
        partial = kept.with_suffix(".partial.zip")
        partial.unlink(missing_ok=True)
        run_to_end(like_reference(reference)(built, partial))
        os.replace(partial, kept)
    return kept
