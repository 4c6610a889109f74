"""`package-python-function VENV`: the packaging service without Poetry.

Command line, defaults, file name and report are those of package-python-function 1.0.0;
docs/migrating.md tells what differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

from datetime import UTC
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import PackageFunctionError
from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.errors import no_traceback
from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.interruption import stoppable
from poetry_plugin_package_function.packaging.archive.output import check_targets
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.sources.distributions import SEEDS
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.verify.handler import refuse_bad_settings
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.changes import read_earlier
from poetry_plugin_package_function.report.formats import Format
from poetry_plugin_package_function.report.formats import printing
from poetry_plugin_package_function.report.formats import read_format
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.outcome import outcome
from poetry_plugin_package_function.report.progress import PIPE_S
from poetry_plugin_package_function.report.progress import TERMINAL_S
from poetry_plugin_package_function.report.progress import Meter
from poetry_plugin_package_function.report.sizes_page import sizes_page
from poetry_plugin_package_function.report.text import shown_path
from poetry_plugin_package_function.resolution import resolve
from poetry_plugin_package_function.resolution import resolve_all
from poetry_plugin_package_function.settings import KEYS
from poetry_plugin_package_function.standard_streams import lasting


if TYPE_CHECKING:
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.report.earlier import Earlier
    from poetry_plugin_package_function.report.outcome import Outcome
    from poetry_plugin_package_function.settings import Settings
    from poetry_plugin_package_function.standard_streams import Streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Packages a virtual environment; returns the exit status."""
    with lasting() as streams:
        options = parser().parse_args(arguments)
        try:
            with stoppable(), no_traceback():
                _package(options, streams)
        except PackageFunctionError as error:
            _clear_progress()
            first, *others = error.lines
            for line in (f"Error: {first}", *others):
                _say(line, to_errors=True)
            if error.hint:
                _say(error.hint, to_errors=True)
            return error.exit_status
    return 0


def _package(options: argparse.Namespace, streams: Streams) -> None:
    how = read_format(options.format)
    at = archive_time(os.environ)
    pyproject = Path(options.project)
    if pyproject.is_dir():
        pyproject /= "pyproject.toml"
    project = read_project(Path(os.path.realpath(pyproject)))
    functions = _functions(options, project)
    for settings in functions:
        with naming(settings.function):
            refuse_bad_settings(settings.handler, dict(settings.environment))
    check_targets(*(path for settings in functions for path in settings.targets))
    earlier = [read_earlier(settings) for settings in functions]
    site_packages = find_site_packages(Path(options.venv_dir))
    to_errors = how is not Format.TEXT
    quiet = options.quiet
    told: dict[Path, Outcome | None] = {each.output: None for each in functions}
    with printing(how, told, streams):
        for settings, before in zip(functions, earlier, strict=True):
            started_s = time.monotonic()
            what = f"{settings.function} out of " if settings.function else ""
            where = shown_path(site_packages.directories[0])
            if not quiet:
                _say(f"Packaging {what}{where}", to_errors=to_errors)
            with naming(settings.function):
                report = package(
                    site_packages,
                    project,
                    settings,
                    at,
                    seeds=SEEDS - project.needed(),
                    facts=FactsCache(None),
                    serialize=partial(_serialized, before),
                    draw=sizes_page,
                    progress=None if quiet else _meter(),
                )
            if not quiet:
                _clear_progress()
            told[settings.output] = found = outcome(
                report,
                changes_since(before, report),
                settings,
                elapsed_s=time.monotonic() - started_s,
                requires_python=project.requires_python,
                today=datetime.now(UTC).date(),
                verbose=options.verbose,
            )
            if not quiet:
                _tell(found, to_errors=to_errors)
            for warning in found.warning_lines(quiet=quiet):
                _say(warning, to_errors=True)


def _functions(options: argparse.Namespace, project: Project) -> tuple[Settings, ...]:
    """Reads the settings of the functions that are asked for, or of the project."""
    flags = {key: getattr(options, key.replace("-", "_"), None) for key in KEYS}
    flags["venv"] = options.venv_dir
    names = options.function or ()
    if names:
        return resolve_all(flags, project, names, default_output_dir=Path.cwd())
    return (resolve(flags, project, default_output_dir=Path.cwd()),)


def _serialized(earlier: Earlier | None, report: Report) -> bytes:
    return as_json(report, changes_since(earlier, report))


def _tell(outcome: Outcome, *, to_errors: bool) -> None:
    for line in outcome.summary:
        _say(f"{line.label:<9} {line.text}", to_errors=to_errors)
    for row in (*outcome.sizes, *outcome.details):
        _say(row, to_errors=to_errors)


def parser() -> argparse.ArgumentParser:
    """Makes what reads the command line, and what `--help` shows."""
    parser = argparse.ArgumentParser(
        prog="package-python-function",
        description="Packages a virtual environment for AWS Lambda.",
        epilog="The table [tool.poetry-plugin-package-function] in pyproject.toml is"
        " read too; options beat it.",
    )
    parser.add_argument("venv_dir", help="the virtual environment to package")
    parser.add_argument(
        "--project",
        default="pyproject.toml",
        help="the project's pyproject.toml (default: the one in the current directory)",
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        "--output-dir", help="where to write NAME.zip (default: the current directory)"
    )
    output.add_argument("--output", help="the file to write")
    parser.add_argument(
        "--function",
        action="append",
        help="one of the functions that pyproject.toml names; may be given repeatedly",
    )
    parser.add_argument(
        "--layer",
        action="store_true",
        help="write the dependencies into a layer of their own",
    )
    parser.add_argument(
        "--layer-only", action="store_true", help="write nothing but that layer"
    )
    parser.add_argument(
        "--layer-output", help="the layer's file (default: NAME-layer.zip)"
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="say nothing but errors, and warnings of what will not work",
    )
    how_much.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="say all that is known of the result",
    )
    parser.add_argument(
        "--format", help="how to print the result: text (the default), json or markdown"
    )
    parser.add_argument("--report", help="a file to write a JSON report to")
    parser.add_argument(
        "--compare", help="an earlier report, to tell what has changed since"
    )
    parser.add_argument("--sizes", help="an HTML file to show what takes how much")
    parser.add_argument(
        "--compile",
        action="store_true",
        help="add bytecode, for a faster cold start",
    )
    parser.add_argument(
        "--eager",
        action="store_true",
        help="let a nested result extract everything when the function starts, not"
        " what is imported when it is imported",
    )
    parser.add_argument(
        "--runtime", help="Lambda's runtime, as python3.13: what is native is checked"
    )
    parser.add_argument(
        "--architecture", help="the function's: x86_64 (the default) or arm64"
    )
    parser.add_argument(
        "--platform", help="another cloud's platform tag, as manylinux_2_28_x86_64"
    )
    parser.add_argument(
        "--no-audit", action="store_true", help="do not check what is native"
    )
    parser.add_argument("--strip", action="store_true", help="strip native libraries")
    parser.add_argument(
        "--exclude-provided",
        action="store_true",
        help="leave the AWS SDK to the runtime",
    )
    parser.add_argument(
        "--handler", help="import it out of the archive, as Lambda will"
    )
    parser.add_argument(
        "--memory-size", help="the function's memory in MB, to judge the handler by"
    )
    parser.add_argument(
        "--layers-size",
        help="what the function's other layers have unzipped: they share Lambda's limit"
        " (bytes, or as 40MB)",
    )
    return parser


def _meter() -> Meter:
    if sys.stderr.isatty():
        return Meter(lambda text: _write_error(f"\r{text}\033[K"), TERMINAL_S)
    return Meter(lambda text: _write_error(f"{text}\n"), PIPE_S, bars=False)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        _write_error("\r\033[K")


def _write_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _say(line: str, *, to_errors: bool = False) -> None:
    stream = sys.stderr if to_errors else sys.stdout
    stream.write(f"{printable(line)}\n")
    stream.flush()
