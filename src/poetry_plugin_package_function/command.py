"""`poetry package-function`: options to settings, results to the console."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from typing import Any

from cleo.helpers import argument
from cleo.helpers import option
from cleo.io.outputs.output import Verbosity
from poetry.console.commands.command import Command

from poetry_plugin_package_function.errors import PackageFunctionError


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_plugin_package_function.report.outcome import Outcome
    from poetry_plugin_package_function.standard_streams import Streams


def _value(name: str, short: str | None, text: str, *, multiple: bool = False):  # type: ignore[no-untyped-def]
    return option(name, short, text, flag=False, multiple=multiple)


class PackageFunctionCommand(Command):
    """Packages the project and its locked dependencies for AWS Lambda."""

    name = "package-function"
    description = "Packages the project for AWS Lambda"

    arguments = [
        argument(
            "functions",
            "Which of the functions that pyproject.toml names (default: all).",
            optional=True,
            multiple=True,
        )
    ]
    options = [
        _value("without", None, "The dependency groups to ignore.", multiple=True),
        _value("with", None, "The dependency groups to add.", multiple=True),
        _value("only", None, "The only dependency groups to include.", multiple=True),
        option("all-groups", None, "Include all dependency groups."),
        _value("extras", "E", "Extra sets of dependencies to add.", multiple=True),
        option("all-extras", None, "Add all extra dependencies."),
        _value("python", None, "The Python to build with: version, command or path."),
        _value("venv", None, "Package this virtual environment; build none."),
        option("reuse", None, "Keep the virtual environment for the next run."),
        option("compile", None, "Add bytecode, for a faster cold start."),
        option("eager", None, "Extract all that is nested when the function starts."),
        _value("runtime", None, "Lambda's runtime, such as python3.13."),
        _value("architecture", None, "The function's: x86_64 (default) or arm64."),
        _value("platform", None, "Another cloud's tag: manylinux_2_28_x86_64."),
        option("no-audit", None, "Do not check native libraries for the runtime."),
        option("strip", None, "Strip native libraries."),
        option("exclude-provided", None, "Leave the AWS SDK to the runtime."),
        _value("handler", None, "Import it out of the archive, as Lambda will."),
        _value("memory-size", None, "The function's memory in MB, to judge it by."),
        _value("output", None, "The file to write."),
        _value("output-dir", None, "Where to write NAME.zip (default: dist)."),
        option("layer", None, "Write the dependencies into a layer of their own."),
        option("layer-only", None, "Write nothing but that layer."),
        _value("layer-output", None, "The layer's file (default: NAME-layer.zip)."),
        _value("report", None, "A file to write a JSON report to."),
        _value("format", None, "How to print it: text (default), json, markdown."),
        _value("compare", None, "An earlier report, to tell what has changed."),
        _value("sizes", None, "An HTML file to show what takes how much."),
        _value(
            "layers-size",
            None,
            "What its other layers have unzipped, as they share Lambda's limit (40MB).",
        ),
    ]

    help = """\
The <info>package-function</info> command builds a virtual environment from
<comment>poetry.lock</> in a temporary directory and packages it into a ZIP that AWS
Lambda accepts: the same bytes for the same lock file on every machine.

  <info>poetry package-function</info>

Only the main dependencies are packaged; add groups and extras as in other commands:

  <info>poetry package-function --with aws --extras postgres</info>

Most of the time goes into the virtual environment; keep it for the next run:

  <info>poetry package-function --reuse</info>

For another runtime or machine than this one, and to have native libraries checked:

  <info>poetry package-function --runtime python3.13 --architecture arm64</info>

Import the handler out of the archive before it is deployed:

  <info>poetry package-function --handler my_app.api.handler</info>

A function starts faster with bytecode, which makes it larger:

  <info>poetry package-function --compile</info>

What is too large for Lambda's 250 MiB is put into a ZIP inside of the ZIP and is
extracted as it is imported, with no change to the function's code.

Code changes more often than dependencies; these can be a layer of their own:

  <info>poetry package-function --layer</info>

A project may have several functions: one, some or all of them are packaged:

  <info>poetry package-function api worker --report 'dist/{{name}}.json'</info>

All options can stand in <comment>[tool.poetry-plugin-package-function]</> in
pyproject.toml, along with <comment>include</> and <comment>exclude</>.
"""

    def handle(self) -> int:
        """Runs the command; returns the exit status."""
        import atexit
        import gc

        from poetry_plugin_package_function.console import write_to
        from poetry_plugin_package_function.standard_streams import lasting

        # Else Python looks for cycles among all of Poetry's objects before it ends.
        atexit.register(gc.freeze)
        with lasting() as streams:
            write_to(streams, self.io)
            return self._run(streams)

    def _run(self, streams: Streams) -> int:
        from poetry_plugin_package_function.console import escaped
        from poetry_plugin_package_function.errors import no_traceback
        from poetry_plugin_package_function.interruption import stoppable

        try:
            with stoppable() as check, no_traceback():
                self._package(streams, check)
        except PackageFunctionError as error:
            # -q does not hide why there is no archive.
            for line in error.lines:
                self.io.write_error_line(
                    f"<error>{escaped(line)}</error>", Verbosity.QUIET
                )
            if error.hint:
                self.io.write_error_line(escaped(error.hint), Verbosity.QUIET)
            return error.exit_status
        except Exception:
            # Poetry shows what is no error of ours, but with -q nothing of it.
            if self.io.error_output.is_quiet():
                self.io.error_output.set_verbosity(Verbosity.NORMAL)
            raise
        return 0

    def flags(self) -> dict[str, Any]:
        """Reads what the command line says, under the names that the table has."""
        from poetry_plugin_package_function.settings import KEYS

        return {
            key: self.option(key) for key in KEYS if self.definition.has_option(key)
        }

    def _package(self, streams: Streams, check: Callable[[], None]) -> None:
        import os
        import time

        from dataclasses import replace
        from datetime import datetime

        from cleo.io.io import IO

        from poetry_plugin_package_function.console import Console
        from poetry_plugin_package_function.console import write_to
        from poetry_plugin_package_function.functions import Run
        from poetry_plugin_package_function.packaging.archive.timestamp import (
            archive_time,
        )
        from poetry_plugin_package_function.project import read_project
        from poetry_plugin_package_function.report.changes import changes_since
        from poetry_plugin_package_function.report.changes import read_earlier
        from poetry_plugin_package_function.report.formats import Format
        from poetry_plugin_package_function.report.formats import printing
        from poetry_plugin_package_function.report.formats import read_format
        from poetry_plugin_package_function.report.json_report import as_json
        from poetry_plugin_package_function.report.outcome import outcome
        from poetry_plugin_package_function.resolution import resolve_all

        started_s = time.monotonic()
        how = read_format(self.option("format"))
        if how is not Format.TEXT:  # nothing else goes to where the report goes
            # With -v Poetry's loggers write to the output that they have been given.
            write_to(replace(streams, out=streams.errors), self.io)
            self._io = IO(self.io.input, self.io.error_output, self.io.error_output)
        at = archive_time(os.environ)
        project = read_project(self.poetry.file.path)
        functions = resolve_all(
            self.flags(),
            project,
            self.argument("functions"),
            default_output_dir=project.directory / "dist",
        )
        self._announce()
        earlier = {each.output: read_earlier(each) for each in functions}
        run = Run(
            self.poetry,
            project,
            at,
            Console(self.io),
            check,
            lambda settings, report: as_json(
                report, changes_since(earlier[settings.output], report)
            ),
        )
        told: dict[Path, Outcome | None] = {each.output: None for each in functions}
        with printing(how, told, streams):
            for settings, report in run.package_all(functions):
                told[settings.output] = found = outcome(
                    report,
                    changes_since(earlier[settings.output], report),
                    settings,
                    elapsed_s=time.monotonic() - started_s,
                    requires_python=project.requires_python,
                    today=datetime.now(UTC).date(),
                    verbose=self.io.is_verbose(),
                )
                self._tell(found)
                started_s = time.monotonic()

    def _announce(self) -> None:
        from poetry_plugin_package_function.console import escaped

        self.line(
            f"Packaging <c1>{escaped(self.poetry.package.pretty_name)}</c1>"
            f" (<c2>{escaped(self.poetry.package.pretty_version)}</c2>)"
        )
        self.line("")

    def _tell(self, outcome: Outcome) -> None:
        from poetry_plugin_package_function.console import escaped

        self.line("")
        for line in outcome.summary:
            self.line(f"  {line.label:<9} <c2>{escaped(line.text)}</c2>")
        self.line("")
        for row in (*outcome.sizes, *outcome.details):
            self.line(f"  {escaped(row)}")
        for warning in outcome.warning_lines(quiet=self.io.error_output.is_quiet()):
            self.line_error(
                f"<warning>{escaped(warning)}</warning>", verbosity=Verbosity.QUIET
            )
        if outcome.report.function is not None:
            self.line("")
