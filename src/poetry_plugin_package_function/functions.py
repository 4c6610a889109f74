"""Builds and packages the functions of a project; what they share is built once."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_plugin_package_function.bundling.build import Built
from poetry_plugin_package_function.bundling.build import build_venv
from poetry_plugin_package_function.bundling.build import home_for
from poetry_plugin_package_function.bundling.kept import discard
from poetry_plugin_package_function.bundling.kept import warn
from poetry_plugin_package_function.bundling.plan import plan_bundle
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import ChoiceError
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.packaging.archive.output import check_targets
from poetry_plugin_package_function.packaging.native.strip import find_tool
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.sources.distributions import SEEDS
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.verify.handler import refuse_bad_settings
from poetry_plugin_package_function.report.sizes_page import sizes_page


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Sequence

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.console import Console
    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


@dataclass(frozen=True)
class Run:
    """What all functions of a run have in common.

    Attributes:
        poetry: The project, as Poetry knows it.
        project: The project, as the service knows it.
        at: The time of all members.
        console: Hears what is done.
        check: Raises if the user has asked to stop.
        serialize: Makes the content of a report file.
    """

    poetry: Poetry
    project: Project
    at: DosTime
    console: Console
    check: Callable[[], None]
    serialize: Callable[[Settings, Report], bytes]

    def package_all(
        self, functions: Sequence[Settings]
    ) -> Iterator[tuple[Settings, Report]]:
        """Packages each function; one is complete when the next is begun.

        What can be found out before anything is built is.

        Raises:
            PackageFunctionError: The first that could not be packaged.
        """
        to_build = []
        for settings in functions:
            with naming(settings.function):
                refuse_bad_settings(settings.handler, dict(settings.environment))
                if settings.venv is None:
                    if settings.strips:
                        find_tool()
                    to_build.append((settings, plan_bundle(self.poetry, settings)))
                check_targets(*settings.targets)
        for settings in functions:
            if settings.venv is not None:
                with naming(settings.function):
                    seeds = SEEDS - self.project.needed()
                    built = Built(settings.venv, {})
                    report = self._package(built, settings, seeds=seeds)
                yield settings, report
        for keep in (False, True):
            alike = [each for each in to_build if each[0].reuse is keep]
            yield from self._build_and_package(alike, keep=keep)

    def _build_and_package(
        self, planned: Sequence[tuple[Settings, Bundle]], *, keep: bool
    ) -> Iterator[tuple[Settings, Report]]:
        if len(planned) == 1:
            ((settings, bundle),) = planned
            with naming(settings.function), self._environment(bundle, keep=keep) as own:
                report = own.package(settings)
            yield settings, report
            return
        # Most runs have one function, and do without what this imports.
        from poetry_plugin_package_function.bundling.sharing import shares

        for share in shares(self.poetry, [bundle for _, bundle in planned]):
            users = [(planned[place][0], each) for place, each in share.users.items()]
            apart = []
            with self._environment(share.bundle, keep=keep) as environment:
                for settings, bundle in users:
                    with naming(settings.function):
                        if len(users) > 1 and not environment.can_serve(bundle):
                            apart.append((settings, bundle))
                            continue
                        report = environment.package(settings, bundle)
                    yield settings, report
            for each in apart:
                yield from self._build_and_package([each], keep=keep)

    @contextmanager
    def _environment(self, bundle: Bundle, *, keep: bool) -> Iterator[_Environment]:
        try:
            with home_for(self.poetry, bundle, self.console, keep=keep) as place:
                home, bundle = place
                yield _Environment(self, bundle, home, keep)
        finally:
            self.console.done()

    def _package(
        self,
        built: Built,
        settings: Settings,
        *,
        seeds: frozenset[str] = frozenset(),
        only: frozenset[NormalizedName] | None = None,
    ) -> Report:
        cache_dir = Path(self.poetry.config.get("cache-dir"))
        try:
            return package(
                find_site_packages(built.venv),
                self.project,
                settings,
                self.at,
                bytecode_dir=cache_dir / "package-function" / "bytecode",
                seeds=seeds,
                only=only,
                wheels=built.wheels,
                kept=built.kept,
                serialize=lambda report: self.serialize(settings, report),
                draw=sizes_page,
                progress=self.console.packaging(built.venv, settings.function),
            )
        finally:
            self.console.done()


class _Environment:
    """An environment that is built when it is first asked for."""

    def __init__(self, run: Run, bundle: Bundle, home: Path, keep: bool) -> None:
        self._run = run
        self._bundle = bundle
        self._home = home
        self._keep = keep
        self._built: Built | None = None
        self._is_hopeless = False
        self._taken: dict[tuple[object, object], frozenset[NormalizedName]] = {}

    def can_serve(self, bundle: Bundle) -> bool:
        """Whether it can be built, and a part of it is what a bundle alone would be."""
        from poetry_plugin_package_function.bundling.sharing import is_separable

        if self._is_hopeless:
            return False
        try:
            only = self._only(bundle)
            return only is None or is_separable(self._ready().venv, only)
        except (BundleError, IncompatibleTargetError):
            # It may be for one of its users only: the one who builds it alone hears it.
            self._is_hopeless = True
            return False

    def package(self, settings: Settings, bundle: Bundle | None = None) -> Report:
        """Packages what a bundle takes of it, or all of it.

        What is kept of an earlier run, and is not as it was, is built anew once.
        """
        only = self._only(bundle) if bundle else None
        built = self._ready()
        try:
            return self._run._package(built, settings, only=only)
        except SourceError as error:
            if not built.kept or isinstance(error, ChoiceError):
                raise
            warn(self._run.console, built.venv, error.lines[0].rstrip("."))
            discard(self._home)
            self._built = None
        return self._run._package(self._ready(), settings, only=only)

    def _only(self, bundle: Bundle) -> frozenset[NormalizedName] | None:
        from poetry_plugin_package_function.bundling.sharing import taken_by

        taken = (bundle.groups, bundle.extras)
        if taken == (self._bundle.groups, self._bundle.extras):
            return None
        if taken not in self._taken:
            venv = self._ready().venv
            self._taken[taken] = taken_by(self._run.poetry, bundle, venv)
        return self._taken[taken]

    def _ready(self) -> Built:
        if self._built is None:
            run = self._run
            run.console.building(self._bundle)
            self._built = build_venv(
                *(run.poetry, self._bundle, self._home, run.console, run.check),
                keep=self._keep,
            )
        return self._built
