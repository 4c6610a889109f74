"""`poetry package-function`: options to settings, results to the console."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from cleo.io.inputs.argument import Argument
from cleo.io.inputs.option import Option
from cleo.io.outputs.output import Verbosity
from cleo.io.outputs.stream_output import StreamOutput
from poetry.console.commands.command import Command

from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of
from poetry_plugin_package_function.errors import PackageFunctionError
from poetry_plugin_package_function.help_text import help_text
from poetry_plugin_package_function.help_text import option_help
from poetry_plugin_package_function.screen import columns_of
from poetry_plugin_package_function.screen import fitted


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable

    from cleo.io.outputs.output import Output

    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.report.outcome import Outcome
    from poetry_plugin_package_function.standard_streams import Streams


class _Argument(Argument):
    """An argument whose help fits the terminal."""

    @property
    def description(self) -> str:
        """See cleo's."""
        return option_help(super().description)


class _Option(Option):
    """An option whose help fits the terminal."""

    @property
    def description(self) -> str:
        """See cleo's."""
        return option_help(super().description, is_list=self.is_list())


class PackageFunctionCommand(Command):
    """Packages the project and its locked dependencies for AWS Lambda."""

    name = "package-function"
    description = "Packages the project for AWS Lambda"

    arguments = [
        _Argument(
            "functions",
            required=False,
            is_list=True,
            description="Which of the functions that pyproject.toml or the template"
            " names (default: all).",
        )
    ]
    options = [
        _Option(
            each.name,
            each.short,
            flag=not each.metavar,
            is_list=each.is_list,
            description=each.described(),
        )
        for each in options_of(Place.POETRY)
    ]

    help = """\
The <info>package-function</info> command builds a virtual environment from
<comment>poetry.lock</> in a temporary directory and packages it into a ZIP that AWS
Lambda accepts: the same bytes for the same lock file on every machine.

  <info>poetry package-function</info>

Only the main dependencies are packaged; add groups and extras as in other commands:

  <info>poetry package-function --with aws --extras postgres</info>

It is made for Lambda's runtime of the Python that Poetry chooses, on x86_64, whatever
machine this is. For another runtime or architecture:

  <info>poetry package-function --runtime python3.13 --architecture arm64</info>

Import the handler out of the archive before it is deployed:

  <info>poetry package-function --handler my_app.api.handler</info>

A function starts faster with bytecode, which makes it larger:

  <info>poetry package-function --compile</info>

What is too large for Lambda's 250 MB is put into a ZIP inside of the ZIP and is
extracted as it is imported, with no change to the function's code.

Code changes more often than dependencies; these can be a layer of their own:

  <info>poetry package-function --layer</info>

In CI, let warnings and what has grown too large fail a run, and see beforehand what
would be written:

  <info>poetry package-function --strict --max-size 100MB --dry-run</info>

A project may have several functions: one, some or all of them are packaged:

  <info>poetry package-function api worker --report 'dist/{{name}}.json'</info>

A template of AWS SAM, CloudFormation, CDK or Serverless says what its functions are:

  <info>poetry package-function --template template.yaml</info>

All options can be given in <comment>[tool.poetry-plugin-package-function]</> in
pyproject.toml, too, under the same names. These are only there:
"""

    @property
    def processed_help(self) -> str:
        """See cleo's."""
        return help_text(super().processed_help)

    def handle(self) -> int:
        """Runs the command; returns the exit status."""
        from poetry_plugin_package_function.bundling.interpreter import ask_ahead
        from poetry_plugin_package_function.console import write_to
        from poetry_plugin_package_function.errors import no_traceback
        from poetry_plugin_package_function.garbage import collect_rarely
        from poetry_plugin_package_function.interruption import stoppable
        from poetry_plugin_package_function.standard_streams import lasting

        collect_rarely()
        with lasting() as streams:
            write_to(streams, self.io)
            try:
                with stoppable() as check, no_traceback():
                    if not self.option("python"):
                        ask_ahead()  # while the project is read
                    self._package(streams, check)
            except PackageFunctionError as error:
                for line in error.lines:
                    self._show_error(line, "error")
                for line in error.details if self.io.is_verbose() else ():
                    self._show_error(line)
                if error.hint:
                    self._show_error(error.hint)
                return error.exit_status
            except Exception:
                # Poetry shows what is no error of ours, but with -q nothing of it.
                if self.io.error_output.is_quiet():
                    self.io.error_output.set_verbosity(Verbosity.NORMAL)
                raise
        return 0

    def flags(self) -> dict[str, Any]:
        """Reads what the command line says, under the names that the table has."""
        return {
            each.name: self.option(each.name)
            for each in options_of(Place.POETRY | Place.TABLE)
        }

    def _package(self, streams: Streams, check: Callable[[], None]) -> None:
        from contextlib import closing
        from dataclasses import replace

        from cleo.io.io import IO

        from poetry_plugin_package_function.bundling.project_wheel import (
            without_packages_beside,
        )
        from poetry_plugin_package_function.console import Console
        from poetry_plugin_package_function.console import write_to
        from poetry_plugin_package_function.functions import Run
        from poetry_plugin_package_function.report.outcome import Format
        from poetry_plugin_package_function.report.outcome import printing
        from poetry_plugin_package_function.report.outcome import read_format
        from poetry_plugin_package_function.report.overview import ending
        from poetry_plugin_package_function.request import outcomes
        from poetry_plugin_package_function.request import read_request

        output_format = read_format(self.option("format"))
        if output_format is not Format.TEXT:  # nothing else goes to where it goes
            # With -v Poetry's loggers write to the output that they have been given.
            write_to(replace(streams, out=streams.errors), self.io)
            self._io = IO(self.io.input, self.io.error_output, self.io.error_output)
        pyproject = self.poetry.file.path
        request = read_request(
            pyproject,
            self.flags(),
            self.argument("functions"),
            pyproject.parent / "dist",
            dry_run=self.option("dry-run"),
        )
        self._show_what(request.project)
        columns = self._columns(self.io.output)
        poetry = self.poetry
        if all(each.handler or each.layer_only for each in request.functions):
            poetry = without_packages_beside(poetry)
        run = Run(poetry, request, Console(self.io, columns), check)
        with (
            closing(run.package_all()) as packaged,
            printing(output_format, request.functions, streams) as found,
        ):
            for outcome in outcomes(request, packaged, verbose=self.io.is_verbose()):
                found.append(outcome)
                self._show(outcome)
            self._show_lines(ending(found, self._room()))

    def _show_what(self, project: Project) -> None:
        from poetry_plugin_package_function.console import escaped

        version = ""
        if project.name:  # else Poetry has made up both
            version = f" (<c2>{escaped(self.poetry.package.pretty_version)}</c2>)"
        self.line(f"Packaging <c1>{escaped(project.shown_name)}</c1>{version}")
        self.line("")

    def _show(self, outcome: Outcome) -> None:
        from poetry_plugin_package_function.console import escaped

        columns = self._room()
        self.line("")
        for each in outcome.summary:
            for label, text in each.fitted(columns):
                self.line(f"  {label}<c2>{escaped(text)}</c2>".rstrip())
        self.line("")
        self._show_lines(outcome.sizes.lines(columns))
        if of_init := outcome.init.lines(columns):
            self.line("")
            self._show_lines(of_init)
        for detail in outcome.details:
            self._show_lines(fitted(detail, columns))
        for warning in outcome.warning_lines(quiet=self.io.error_output.is_quiet()):
            self._show_error(warning, "warning")
        if outcome.report.function is not None:
            self.line("")

    def _show_lines(self, lines: Iterable[str]) -> None:
        from poetry_plugin_package_function.console import escaped

        for line in lines:
            self.line(f"  {escaped(line)}".rstrip())

    def _show_error(self, text: str, style: str = "") -> None:
        from poetry_plugin_package_function.console import escaped

        for line in fitted(text, self._columns(self.io.error_output)):
            shown = f"<{style}>{escaped(line)}</{style}>" if style else escaped(line)
            # -q does not hide why there is no archive, or why it will not work.
            self.io.write_error_line(shown, Verbosity.QUIET)

    def _room(self) -> int | None:
        """How many columns the result may take: it is indented by two."""
        columns = self._columns(self.io.output)
        return None if columns is None else columns - 2

    @staticmethod
    def _columns(output: Output) -> int | None:
        return columns_of(output.stream) if isinstance(output, StreamOutput) else None
