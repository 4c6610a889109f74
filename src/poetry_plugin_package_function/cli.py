"""`package-python-function VENV`: the packaging service without Poetry.

Command line, defaults, file name and report are those of package-python-function 1.0.0;
docs/coming-from/package-python-function.md lists what differs.
"""

from __future__ import annotations

import argparse
import os
import sys

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of
from poetry_plugin_package_function.errors import PackageFunctionError
from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.errors import no_traceback
from poetry_plugin_package_function.garbage import collect_rarely
from poetry_plugin_package_function.interruption import stoppable
from poetry_plugin_package_function.packaging.order import Order
from poetry_plugin_package_function.packaging.order import code_in_project
from poetry_plugin_package_function.packaging.order import read_environment
from poetry_plugin_package_function.packaging.parallel import Packager
from poetry_plugin_package_function.packaging.sources.distributions import SEEDS
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
from poetry_plugin_package_function.report.outcome import Format
from poetry_plugin_package_function.report.outcome import printing
from poetry_plugin_package_function.report.outcome import read_format
from poetry_plugin_package_function.report.overview import ending
from poetry_plugin_package_function.report.progress import Meter
from poetry_plugin_package_function.request import outcomes
from poetry_plugin_package_function.request import read_request
from poetry_plugin_package_function.screen import columns_of
from poetry_plugin_package_function.screen import cut
from poetry_plugin_package_function.screen import fitted
from poetry_plugin_package_function.screen import shown_path
from poetry_plugin_package_function.standard_streams import lasting


if TYPE_CHECKING:
    from collections.abc import Generator
    from collections.abc import Sequence
    from typing import TextIO

    from poetry_plugin_package_function.report.outcome import Outcome
    from poetry_plugin_package_function.request import Packaged
    from poetry_plugin_package_function.request import Request
    from poetry_plugin_package_function.standard_streams import Streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Packages a virtual environment; returns the exit status."""
    collect_rarely()
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
    output_format = read_format(options.format)
    pyproject = Path(options.project)
    if pyproject.is_dir():
        pyproject /= "pyproject.toml"
    flags = {
        each.name: getattr(options, each.name.replace("-", "_"))
        for each in options_of(Place.STANDALONE | Place.TABLE)
    }
    flags["venv"] = options.venv_dir
    pyproject = Path(os.path.realpath(pyproject))
    request = read_request(
        *(pyproject, flags, options.function, Path.cwd()), dry_run=options.dry_run
    )
    to_errors = output_format is not Format.TEXT
    with (
        closing(_package_all(request, options, to_errors=to_errors)) as packaged,
        printing(output_format, request.functions, streams) as found,
    ):
        for outcome in outcomes(request, packaged, verbose=options.verbose):
            found.append(outcome)
            if not options.quiet:
                _show(outcome, to_errors=to_errors)
            for warning in outcome.warning_lines(quiet=options.quiet):
                _say(warning, to_errors=True)
        if not options.quiet:
            columns = columns_of(_stream(to_errors=to_errors))
            for line in filter(None, ending(found, columns)):
                _say(line, to_errors=to_errors)


def _show(outcome: Outcome, *, to_errors: bool) -> None:
    columns = columns_of(_stream(to_errors=to_errors))
    for each in outcome.summary:
        for label, text in each.fitted(columns):
            _say(f"{label}{text}".rstrip(), to_errors=to_errors)
    tables = outcome.sizes, outcome.init
    rows = (row for table in tables for row in table.lines(columns))
    for row in (*rows, *outcome.details):
        _say(row, to_errors=to_errors)


def _package_all(
    request: Request, options: argparse.Namespace, *, to_errors: bool
) -> Generator[Packaged]:
    project = request.project
    environment = read_environment(
        Path(options.venv_dir),
        project,
        FactsCache(None),
        seeds=SEEDS - project.needed(),
        python=options.python,
    )
    where = shown_path(environment.site_packages.directories[0])
    orders = [
        Order(
            *(environment, project, settings, request.timestamp),
            code=code_in_project(environment, project, settings),
            profile=request.profile_for(settings),
        )
        for settings in request.functions
    ]
    with Workspace() as workspace, Packager(orders, workspace) as packager:
        for settings in request.functions:
            if not options.quiet:
                what = f"{settings.function} out of " if settings.function else ""
                _say(f"Packaging {what}{where}", to_errors=to_errors)
            progress = None if options.quiet else _meter()
            with naming(settings.function), packager.next(progress) as pending:
                packaged = request.complete(settings, pending)
            if not options.quiet:
                _clear_progress()
            yield packaged


def parser() -> argparse.ArgumentParser:
    """Makes what reads the command line, and what `--help` shows."""
    parser = argparse.ArgumentParser(
        prog="package-python-function",
        description="Packages a virtual environment for AWS Lambda.",
        epilog="The table [tool.poetry-plugin-package-function] in pyproject.toml is"
        " read too; options beat it.",
    )
    parser.add_argument(
        "venv_dir",
        help="The virtual environment to package, or a directory that pip, uv or SAM"
        " has filled.",
    )
    parser.add_argument(
        "--project",
        default="pyproject.toml",
        help="The project's pyproject.toml (default: the current directory's).",
    )
    parser.add_argument(
        "--function",
        action="append",
        help="One of the functions that pyproject.toml or the template names. Can be"
        " given repeatedly.",
    )
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="Say nothing but errors, and warnings of what will not work.",
    )
    how_much.add_argument(
        "-v", "--verbose", action="store_true", help="Say all that is known."
    )
    for option in options_of(Place.STANDALONE):
        own = "the current directory" if option.name == "output-dir" else None
        kind: dict[str, Any] = {"action": "store_true"}
        if option.metavar:
            action = "append" if option.is_list else "store"
            kind = {"action": action, "metavar": option.metavar}
        parser.add_argument(f"--{option.name}", help=option.described(own), **kind)
    return parser


def _meter() -> Meter:
    columns = columns_of(sys.stderr)
    form = "{}\n" if columns is None else "\r{}\033[K"
    return Meter(
        lambda text: _write_error(form.format(cut(text, columns))),
        replaces=columns is not None,
        columns=columns,
    )


def _clear_progress() -> None:
    if sys.stderr.isatty():
        _write_error("\r\033[K")


def _write_error(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _stream(*, to_errors: bool) -> TextIO:
    return sys.stderr if to_errors else sys.stdout


def _say(line: str, *, to_errors: bool = False) -> None:
    stream = _stream(to_errors=to_errors)
    for piece in fitted(line, columns_of(stream)):
        stream.write(f"{piece}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
