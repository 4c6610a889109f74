"""What the report of INIT costs, and what leaving AWS's services out spares."""

from __future__ import annotations

import shutil
import sys
import time

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from unittest.mock import patch

from bench.handlers import EVERYTHING
from bench.handlers import handler_path
from bench.packaging_cost import with_wheels
from bench.process import run_to_end
from bench.spread import Spread
from poetry_plugin_package_function.packaging.verify import measuring
from poetry_plugin_package_function.packaging.verify import tracer
from poetry_plugin_package_function.packaging.verify import verified
from poetry_plugin_package_function.packaging.verify import verifier
from poetry_plugin_package_function.packaging.verify.archives import Archives
from poetry_plugin_package_function.packaging.verify.handler import Function
from poetry_plugin_package_function.packaging.verify.init import Init
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace


if TYPE_CHECKING:
    from bench.environments import Environment


_NO_TRACER: Final = """\
class Trace:
    def timed(self, function):
        return function
    def rows(self):
        return []
"""
_TABLE: Final = '\n[tool.poetry-plugin-package-function]\naws-services = ["s3"]\n'


@dataclass(frozen=True)
class HandlerCost:
    """What has been measured.

    Attributes:
        reported: Seconds that verifying takes, with the report of INIT.
        plain: The same with one run, and nothing traced.
        all_bytes: The ZIP of a function of boto3.
        s3_bytes: The same, of AWS's services with S3 only.
    """

    reported: Spread
    plain: Spread
    all_bytes: int
    s3_bytes: int


def measure_handlers(
    built: Environment, boto3: Environment, ours: Path, runs: int, results: Path
) -> HandlerCost:
    """Verifies what is nested of a tree, in turn with the report of INIT and without.

    Args:
        built: The tree.
        boto3: One with boto3 and nothing else.
        ours: The command package-python-function of this plugin.
        runs: How often each is done.
        results: Where archives are written.

    Raises:
        BenchError: Something failed.
    """
    archive = results / "verified.zip"
    run_to_end(with_wheels(built, archive))
    plainly = _without_tracer(results / "plainly")
    reported, plain = [], []
    for number in range(runs + 1):
        which = f"run {number} of {runs}" if number else "warm-up"
        print(f"Verifying: {which}", file=sys.stderr, flush=True)
        reported.append(_verified_s(archive, built))
        with (
            patch.object(verifier, "__file__", str(plainly)),
            patch.object(measuring, "_MOST_RUNS", 1),
            patch.object(verified, "_init", lambda *_: Init(0, 0, 0)),
        ):
            plain.append(_verified_s(archive, built))
    return HandlerCost(
        Spread.of(reported[1:]),
        Spread.of(plain[1:]),
        *_services_bytes(boto3, ours, results),
    )


def _without_tracer(directory: Path) -> Path:
    """Copies the verifier, and puts what traces nothing in its tracer's place."""
    source = Path(verifier.__file__)
    shutil.copytree(source.parent, directory)
    (directory / Path(tracer.__file__).name).write_text(_NO_TRACER, encoding="utf-8")
    return directory / source.name


def _verified_s(archive: Path, built: Environment) -> float:
    function = Function(handler_path(EVERYTHING))
    began_s = time.monotonic()
    with Workspace() as workspace:
        found = verified.verify(Archives(archive), function, built.python, workspace)
    assert found.is_complete, found
    return time.monotonic() - began_s


def _services_bytes(built: Environment, ours: Path, results: Path) -> tuple[int, int]:
    sizes = []
    text = built.pyproject.read_text(encoding="utf-8")
    for name, table in (("all", ""), ("s3", _TABLE)):
        project = results / name
        project.mkdir()
        pyproject = project / "pyproject.toml"
        pyproject.write_text(f"{text}{table}", encoding="utf-8")
        archive = results / f"{name}.zip"
        run_to_end((ours, built.venv, "--project", pyproject, "--output", archive))
        sizes.append(archive.stat().st_size)
    return sizes[0], sizes[1]
