"""What else people zip a function with."""

from __future__ import annotations

import shutil
import sys

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from bench.errors import BenchError
from bench.packaging_cost import Tool
from bench.process import run_to_end


if TYPE_CHECKING:
    from bench.environments import Environment
    from bench.process import Command


_JSZIP: Final = "3.10.1"
_JSZIP_PACK: Final = Path(__file__).with_name("jszip_pack.cjs")
_RUNS: Final = 1  # they are there for scale, and each of them is slow


def peers(cache_dir: Path) -> tuple[Tool, ...]:
    """All of them; what is not on this machine has no command."""
    return (_zip(), _seven_zip(), _jszip(cache_dir))


def _zip() -> Tool:
    program = shutil.which("zip")

    def command(_: Environment, archive: Path) -> Command:
        return (program or "", "-r", "-q", "-6", archive, ".")

    return Tool("Info-ZIP, `zip -6`", command if program else None, _RUNS)


def _seven_zip() -> Tool:
    program = shutil.which("7z")

    def command(_: Environment, archive: Path) -> Command:
        options = ("-tzip", "-mx5", "-mmt=on", "-bso0", "-bsp0")
        return (program or "", "a", *options, archive, ".")

    return Tool("7-Zip, `7z -tzip -mx5`", command if program else None, _RUNS)


def _jszip(cache_dir: Path) -> Tool:
    node = shutil.which("node")
    jszip = _installed_jszip(cache_dir) if node else None

    def command(tree: Environment, archive: Path) -> Command:
        return (node or "", _JSZIP_PACK, jszip or "", tree.site_packages, archive)

    name = f"JSZip {_JSZIP} at level 9, as in serverless-python-requirements"
    return Tool(name, command if jszip else None, _RUNS)


def _installed_jszip(cache_dir: Path) -> Path | None:
    home = cache_dir / f"jszip-{_JSZIP}"
    installed = home / "node_modules" / "jszip"
    npm = shutil.which("npm")
    if not installed.exists() and npm:
        home.mkdir(parents=True, exist_ok=True)
        quiet = ("--silent", "--no-audit", "--no-fund")
        try:
            run_to_end((npm, "install", *quiet, f"jszip@{_JSZIP}"), cwd=home)
        except BenchError as error:
            print(f"There is no JSZip here: {error}", file=sys.stderr)
    return installed if installed.exists() else None
