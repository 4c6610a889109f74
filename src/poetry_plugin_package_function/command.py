"""`poetry package-function`: options to settings, results to the console."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from cleo.helpers import option
from cleo.io.outputs.output import Verbosity
from poetry.console.commands.command import Command

from poetry_plugin_package_function.errors import PackageFunctionError


if TYPE_CHECKING:
    from collections.abc import Callable

    from poetry_plugin_package_function.packaging.service import Report
    from poetry_plugin_package_function.packaging.timestamp import DosTime
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


def _value(name: str, short: str | None, text: str, *, multiple: bool = False):  # type: ignore[no-untyped-def]
    return option(name, short, text, flag=False, multiple=multiple)


class PackageFunctionCommand(Command):
    """Packages the project and its locked dependencies for AWS Lambda."""

    name = "package-function"
    description = "Packages the project for AWS Lambda"

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
        _value("report", None, "A file to write a JSON report to."),
        _value("format", None, "How to print the result: text (default) or json."),
        _value("compare", None, "An earlier report, to tell what has changed."),
        _value("sizes", None, "An HTML file to show what takes how much."),
        _value(
            "layers-size",
            None,
            "What the function's layers have unzipped: they share Lambda's limit"
            " (bytes, or as 40MB).",
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
extracted when the function starts, with no change to its code.

All options can stand in <comment>[tool.poetry-plugin-package-function]</> in
pyproject.toml, along with <comment>include</> and <comment>exclude</>.
"""

    def handle(self) -> int:
        """Runs the command; returns the exit status."""
        import atexit
        import gc

        from poetry_plugin_package_function.console import escaped
        from poetry_plugin_package_function.interruption import stoppable

        # Else Python looks for cycles among all of Poetry's objects before it ends.
        atexit.register(gc.freeze)
        try:
            with stoppable() as check:
                self._package(check)
        except PackageFunctionError as error:
            # -q does not hide why there is no archive.
            self.io.write_error_line(
                f"<error>{escaped(error.reason)}</error>", Verbosity.QUIET
            )
            if error.hint:
                self.io.write_error_line(escaped(error.hint), Verbosity.QUIET)
            return error.exit_status
        return 0

    def _package(self, check: Callable[[], None]) -> None:
        import os
        import sys
        import time

        from datetime import datetime

        from cleo.io.io import IO

        from poetry_plugin_package_function.bundling.asking import ask_python
        from poetry_plugin_package_function.console import escaped
        from poetry_plugin_package_function.packaging.timestamp import archive_time
        from poetry_plugin_package_function.project import read_project
        from poetry_plugin_package_function.report.changes import changes_since
        from poetry_plugin_package_function.report.changes import read_earlier
        from poetry_plugin_package_function.report.json_report import as_json
        from poetry_plugin_package_function.report.json_report import wants_json
        from poetry_plugin_package_function.report.text import details
        from poetry_plugin_package_function.report.text import runtime_warnings
        from poetry_plugin_package_function.report.text import sizes
        from poetry_plugin_package_function.report.text import summary
        from poetry_plugin_package_function.report.text import warnings
        from poetry_plugin_package_function.settings import KEYS
        from poetry_plugin_package_function.settings import resolve

        started_s = time.monotonic()
        if not self.option("venv") and not self.option("python"):
            ask_python()
        is_json = wants_json(self.option("format"))
        if is_json:  # nothing else goes to where the report goes
            self._io = IO(self.io.input, self.io.error_output, self.io.error_output)
        at = archive_time(os.environ)
        project = read_project(self.poetry.file.path)
        flags = {
            key: self.option(key) for key in KEYS if self.definition.has_option(key)
        }
        settings = resolve(
            flags, project, default_output_dir=project.directory / "dist"
        )
        self.line(
            f"Packaging <c1>{escaped(self.poetry.package.pretty_name)}</c1>"
            f" (<c2>{self.poetry.package.pretty_version}</c2>)"
        )
        self.line("")
        earlier = read_earlier(settings)

        def serialize(report: Report) -> bytes:
            return as_json(report, changes_since(earlier, report))

        report = self._build_and_package(project, settings, at, serialize, check)
        changes = changes_since(earlier, report)
        if is_json:
            sys.stdout.buffer.write(as_json(report, changes))
            sys.stdout.buffer.flush()
        self.line("")
        for line in summary(
            report,
            time.monotonic() - started_s,
            changes=changes,
            beside={"Report": settings.report, "Sizes": settings.sizes},
        ):
            self.line(f"  {line.label:<9} <c2>{escaped(line.text)}</c2>")
        is_verbose = self.io.is_verbose()
        self.line("")
        for row in sizes(report, all_of_them=is_verbose):
            self.line(f"  {escaped(row)}")
        for detail in details(report):
            self.line(f"  {escaped(detail)}", verbosity=Verbosity.VERBOSE)
        today = datetime.now(UTC).date()
        for warning in (
            *warnings(report),
            *runtime_warnings(report, project.requires_python, today),
        ):
            self.line_error(f"<warning>Warning: {escaped(warning)}</warning>")

    def _build_and_package(
        self,
        project: Project,
        settings: Settings,
        at: DosTime,
        serialize: Callable[[Report], bytes],
        check: Callable[[], None],
    ) -> Report:
        from contextlib import ExitStack
        from pathlib import Path

        from poetry_plugin_package_function.bundling.build import Built
        from poetry_plugin_package_function.bundling.build import build_venv
        from poetry_plugin_package_function.bundling.build import home_for
        from poetry_plugin_package_function.bundling.kept import discard
        from poetry_plugin_package_function.bundling.kept import warn
        from poetry_plugin_package_function.bundling.plan import plan_bundle
        from poetry_plugin_package_function.console import Console
        from poetry_plugin_package_function.errors import SourceError
        from poetry_plugin_package_function.packaging.distributions import SEEDS
        from poetry_plugin_package_function.packaging.handler import refuse_bad_settings
        from poetry_plugin_package_function.packaging.output import check_targets
        from poetry_plugin_package_function.packaging.service import package
        from poetry_plugin_package_function.packaging.stripping import find_tool
        from poetry_plugin_package_function.packaging.venv import find_site_packages
        from poetry_plugin_package_function.report.sizes_page import sizes_page

        refuse_bad_settings(settings.handler, dict(settings.environment))
        console = Console(self.io)
        bytecode_dir = Path(
            self.poetry.config.get("cache-dir"), "package-function", "bytecode"
        )

        def packaged(built: Built, seeds: frozenset[str] = frozenset()) -> Report:
            return package(
                find_site_packages(built.venv),
                project,
                settings,
                at,
                bytecode_dir=bytecode_dir,
                seeds=seeds,
                wheels=built.wheels,
                kept=built.kept,
                serialize=serialize,
                draw=sizes_page,
                progress=console.packaging(built.venv),
            )

        with ExitStack() as stack:
            stack.callback(console.done)
            if settings.venv is not None:
                return packaged(Built(settings.venv, {}), SEEDS - project.needed())
            if settings.strips:
                find_tool()
            bundle = plan_bundle(self.poetry, settings)
            check_targets(*settings.targets)
            home, bundle = stack.enter_context(
                home_for(self.poetry, bundle, console, keep=settings.reuse)
            )

            def build() -> Built:
                console.building(bundle)
                return build_venv(
                    self.poetry, bundle, home, console, check, keep=settings.reuse
                )

            built = build()
            try:
                return packaged(built)
            except SourceError as error:
                if not built.kept:
                    raise
                warn(console, built.venv, error.reason.rstrip("."))
                discard(home)
            return packaged(build())
