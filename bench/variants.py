"""The archives of one tree whose starts are compared."""

from __future__ import annotations

import os
import sys

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from bench.handlers import handler_path
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
PROFILED: Final = "this plugin, `--compile`, with a profile"
UNLIMITED: Final = "all flat with bytecode, if Lambda took it"
_OPTIONS: Final = {
    PLAIN: (),
    COMPILED: ("--compile",),
    EAGER: ("--compile", "--eager"),
    PROFILED: ("--compile",),
    UNLIMITED: ("--compile", "--no-limit"),
}


class Variant(NamedTuple):
    """A way to package a tree.

    Attributes:
        name: What it is called in tables.
        handler: The module of the handler whose profile is used; "" without one.
    """

    name: str
    handler: str = ""


def package_variants(
    tree: str,
    built: Environment,
    wanted: Iterable[Variant],
    reference: Path,
    results: Path,
) -> dict[Variant, Path]:
    """Packages a tree in each of these ways; the archives by what is wanted.

    Args:
        tree: What it is called.
        built: The tree.
        wanted: The ways.
        reference: package-python-function's command.
        results: Where the archives are written.

    Raises:
        BenchError: It failed.
    """
    archives = {}
    for number, each in enumerate(wanted):
        print(f"Packaging {tree} for INIT: {each.name}", file=sys.stderr, flush=True)
        if each.name == REFERENCE_TOOL:
            archives[each] = _packaged_by_reference(built, reference)
            continue
        archives[each] = results / f"{tree}-init-{number}.zip"
        options = [*_OPTIONS[each.name]]
        if each.handler:
            options.append(f"--profile-of={handler_path(each.handler)}")
        run_to_end(with_wheels(built, archives[each], *options))
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
