"""Builds and packages the functions of a project; what they share is built once."""

from __future__ import annotations

import re

from dataclasses import dataclass
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.bundling.build import begun_venv
from poetry_plugin_package_function.bundling.plan import Planner
from poetry_plugin_package_function.bundling.project_wheel import files_of
from poetry_plugin_package_function.bundling.project_wheel import listed_files
from poetry_plugin_package_function.bundling.sharing import shares
from poetry_plugin_package_function.bundling.sharing import taken_by
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.native.strip import find_tool
from poetry_plugin_package_function.packaging.order import Order
from poetry_plugin_package_function.packaging.order import code_in_project
from poetry_plugin_package_function.packaging.order import read_environment
from poetry_plugin_package_function.packaging.parallel import Packager
from poetry_plugin_package_function.packaging.project_code.handler_code import (
    find_handler_code,
)
from poetry_plugin_package_function.packaging.project_code.missing import check_code
from poetry_plugin_package_function.packaging.sources.distributions import SEEDS
from poetry_plugin_package_function.packaging.sources.environment import runs_here
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.unmeasured import refuse_unmeasured
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
from poetry_plugin_package_function.request import unused_template


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Generator
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.installing import Installed
    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.console import Console
    from poetry_plugin_package_function.packaging.order import Environment
    from poetry_plugin_package_function.packaging.project_code.handler_code import (
        HandlerCode,
    )
    from poetry_plugin_package_function.request import Packaged
    from poetry_plugin_package_function.request import Request
    from poetry_plugin_package_function.settings import Settings


_INSTALLED: Final = re.compile(r"\binstall of (\S+) ")


@dataclass(frozen=True)
class Run:
    """What all functions of a run have in common.

    Attributes:
        poetry: The project, as Poetry knows it.
        request: What is asked for.
        console: Is called with what is done.
        check: Raises if the user has asked to stop.
    """

    poetry: Poetry
    request: Request
    console: Console
    check: Callable[[], None]

    @property
    def _cache_dir(self) -> Path:
        return Path(self.poetry.config.get("cache-dir"), "package-function")

    @cached_property
    def _facts(self) -> FactsCache:
        return FactsCache(self._cache_dir / "facts")

    @cached_property
    def _workspace(self) -> Workspace:
        return Workspace()

    def package_all(self) -> Generator[Packaged]:
        """Packages each function; one is complete when the next is begun.

        What can be found out before anything is built is.

        Raises:
            PackageFunctionError: The first that could not be packaged.
        """
        planner = Planner(self.poetry)
        to_build = []
        for settings in self.request.functions:
            if settings.venv is None:
                with naming(settings.function):
                    if settings.strips:
                        find_tool()
                    bundle = planner.plan(settings)
                    target = bundle.target
                    refuse_unmeasured(settings, target, runs_here=runs_here(target))
                    to_build.append((settings, bundle))
        if to_build:
            wheel_files = listed_files(self.poetry)
            if wheel_files is not None:
                self._codes([settings for settings, _ in to_build], wheel_files)
        with self._workspace:
            yield from self._package_given()
            planned = [bundle for _, bundle in to_build]
            for share in shares(self.poetry, planned) if planned else ():
                users = [(to_build[at][0], own) for at, own in share.users.items()]
                yield from self._build_and_package(share.bundle, users)

    def _package_given(self) -> Generator[Packaged]:
        """Packages environments that the user has made."""
        environments: dict[tuple[Path, str | None], Environment] = {}
        orders = []
        for settings in self.request.functions:
            if settings.venv is not None:
                given = (settings.venv, settings.python)
                if given not in environments:
                    with naming(settings.function):
                        environments[given] = read_environment(
                            settings.venv,
                            self.request.project,
                            self._facts,
                            seeds=SEEDS - self.request.project.needed(),
                            python=settings.python,
                        )
                environment = environments[given]
                code = code_in_project(environment, self.request.project, settings)
                orders.append(self._order(environment, settings, code))
        yield from self._package(orders)

    def _build_and_package(
        self, bundle: Bundle, users: Sequence[tuple[Settings, Bundle]]
    ) -> Generator[Packaged]:
        """Builds an environment, and packages what each user takes of it."""
        with scratch_directory() as home:
            built = self._build(bundle, home, users)
            if built is not None:
                yield from self._package_parts(*built, bundle, users)
                return
        for user in users:
            yield from self._build_and_package(user[1], [user])

    def _package_parts(
        self,
        built: Installed,
        codes: Sequence[HandlerCode | None],
        bundle: Bundle,
        users: Sequence[tuple[Settings, Bundle]],
    ) -> Generator[Packaged]:
        environment = read_environment(built.venv, self.request.project, self._facts)
        only: dict[Bundle, frozenset[NormalizedName] | None] = {bundle: None}
        if built.stand_ins:
            only[bundle] = environment.distributions - built.stand_ins
        orders = []
        for (settings, own), code in zip(users, codes, strict=True):
            if own not in only:
                with naming(settings.function):
                    only[own] = taken_by(self.poetry, own, built.markers)
            parts = replace(environment, only=only[own])
            order = self._order(parts, settings, code)
            chosen = own.python if own.is_chosen else None
            orders.append(replace(order, chosen=chosen))
        yield from self._package(orders)

    def _build(
        self, bundle: Bundle, home: Path, users: Sequence[tuple[Settings, Bundle]]
    ) -> tuple[Installed, list[HandlerCode | None]] | None:
        """Builds an environment, once it is known what the handlers need beside it.

        Returns:
            It, and that for each user; None if it cannot be built, which may be for one
            of its users only: then the others can still have theirs.
        """
        self.console.building(bundle)
        try:
            with (
                naming(users[0][0].function),
                begun_venv(
                    *(self.poetry, bundle, home, self.console, self.check),
                    facts=self._facts,
                ) as begun,
            ):
                wheel_files = files_of(begun.wheel)
                codes = self._codes([settings for settings, _ in users], wheel_files)
                return begun.complete(), codes
        except (BundleError, IncompatibleTargetError):
            if all(own == bundle for _, own in users):
                raise
            return None
        finally:
            self.console.done()

    def _codes(
        self, functions: Sequence[Settings], wheel_files: AbstractSet[str]
    ) -> list[HandlerCode | None]:
        """Finds what handlers need that the project's wheel does not have.

        Raises:
            SourceError: See `find_handler_code`; or there is no code at all.
        """
        project, found = self.request.project, []
        whose = "the wheel" if self.poetry.is_package_mode else None
        for settings in functions:
            with naming(settings.function):
                code = find_handler_code(settings, project, wheel_files, whose)
                if code is None:
                    self._check_code(settings, wheel_files)
                found.append(code)
        return found

    def _check_code(self, settings: Settings, wheel_files: AbstractSet[str]) -> None:
        try:
            check_code(settings, self.request.project, wheel_files)
        except SourceError as error:
            for line in unused_template(self.request):
                error.hint = f"{line.text}. {error.hint}"
            raise

    def _order(
        self, environment: Environment, settings: Settings, code: HandlerCode | None
    ) -> Order:
        request = self.request
        return Order(
            *(environment, request.project, settings, request.timestamp),
            bytecode_dir=self._cache_dir / "bytecode",
            code=code,
            needs_code=True,
            profile=request.profile_for(settings),
        )

    def _package(self, orders: Sequence[Order]) -> Generator[Packaged]:
        with Packager(orders, self._workspace) as packager:
            for order in orders:
                settings = order.settings
                name = settings.function or self.request.project.shown_name
                progress = self.console.packaging(name, settings.output, settings.venv)
                only = order.environment.only
                warned = [w for w in self.console.warned() if may_concern(w, only)]
                try:
                    with (
                        naming(settings.function),
                        packager.next(progress) as pending,
                    ):
                        packaged = self.request.complete(settings, pending, warned)
                finally:
                    self.console.done()
                yield packaged


def may_concern(warning: str, only: frozenset[NormalizedName] | None) -> bool:
    """Whether Poetry may warn of something that a function takes of what is shared.

    Args:
        warning: "The file chosen for install of NAME VERSION (URL) is yanked.", or
            something else.
        only: What the function takes; None for all.
    """
    about = _INSTALLED.search(warning)
    return only is None or about is None or canonicalize_name(about[1]) in only
