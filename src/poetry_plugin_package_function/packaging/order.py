"""What the service is called with."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.host import IMPORTS
from poetry_plugin_package_function.packaging.project_code.handler_code import (
    find_handler_code,
)
from poetry_plugin_package_function.packaging.project_code.places import Place
from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.environment import runs_here
from poetry_plugin_package_function.packaging.sources.environment import this_machine
from poetry_plugin_package_function.packaging.sources.installed import InstalledSource
from poetry_plugin_package_function.packaging.sources.modules import handler_parts
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import wheels_in


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
    from poetry_plugin_package_function.packaging.profiles.profile import Profile
    from poetry_plugin_package_function.packaging.project_code.handler_code import (
        HandlerCode,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Source
    from poetry_plugin_package_function.packaging.sources.environment import (
        SitePackages,
    )
    from poetry_plugin_package_function.packaging.sources.facts import FactsCache
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.settings import Settings


@dataclass(frozen=True)
class Environment:
    """A virtual environment or a directory, and what is taken of it.

    Functions that share one share what has been read of it.

    Attributes:
        site_packages: Where it has what is laid out.
        sources: All that is in it, laid out or in wheels.
        seeds: Distributions that are shipped only if something needs them.
        only: Distributions that are shipped at most; None for all that are there.
    """

    site_packages: SitePackages
    sources: tuple[Source, ...]
    seeds: frozenset[str] = frozenset()
    only: frozenset[NormalizedName] | None = None

    def names(self, is_excluded: Callable[[str], bool]) -> frozenset[str]:
        """Lists all files that are in it, but for those that are excluded.

        Raises:
            SourceError: Something in it cannot be read.
        """
        return frozenset(
            entry.name
            for source in self.sources
            for entry in source.files(frozenset(), is_excluded)
        )

    def has_module(self, parts: Sequence[str]) -> bool:
        """Whether a module is laid out in it."""
        directories = map(str, self.site_packages.directories)
        return any(Place(each).module_file(parts) for each in directories)

    @property
    def distributions(self) -> frozenset[NormalizedName]:
        """All distributions that are in it."""
        return frozenset(
            each.name for source in self.sources for each in source.distributions
        )


def read_environment(
    venv: Path,
    project: Project,
    facts: FactsCache,
    *,
    seeds: frozenset[str] = frozenset(),
    python: str | None = None,
) -> Environment:
    """Finds all that a virtual environment, or another directory, holds.

    Args:
        venv: The environment, or the directory.
        project: Whose functions are packaged.
        facts: What is known of wheels.
        seeds: Distributions that are shipped only if something needs them, if it is an
            environment: nobody else puts them there.
        python: See `find_site_packages`.

    Raises:
        SourceError: It is no environment, or something in it cannot be read.
        IncompatibleTargetError: The interpreter that is named is of another version.
    """
    site_packages = find_site_packages(venv, python)
    installed = InstalledSource(
        site_packages.directories, project.normalized_name, site_packages.beside
    )
    if site_packages.beside is not None:
        return Environment(site_packages, (installed,))
    wheels = (
        WheelSource(facts.of(wheel), site_packages.python) for wheel in wheels_in(venv)
    )
    return Environment(site_packages, (installed, *wheels), seeds)


def code_in_project(
    environment: Environment, project: Project, settings: Settings
) -> HandlerCode | None:
    """Finds what a handler needs of a project that is not in an environment.

    Raises:
        SourceError: See `find_handler_code`. It names its function.
    """
    handler = settings.handler
    if handler is None:
        return None
    if environment.has_module(handler_parts(handler)) and not settings.include:
        return None  # what would take a look at each file, most often for nothing
    with naming(settings.function):
        names = environment.names(matcher(settings.exclude))
        return find_handler_code(settings, project, names, "the environment")


@dataclass(frozen=True)
class Order:
    """What is packaged, for one function.

    Attributes:
        environment: What it is made of.
        project: Whose code it is.
        settings: What goes in, and where the results go.
        timestamp: Of all members.
        bytecode_dir: Where bytecode of wheels is kept from run to run, if it is.
        code: What comes in because the handler needs it, and nothing else brings it.
        needs_code: Whether it is an error, and no warning, if there is no code of the
            project.
        chosen: The interpreter that the runtime follows from; None if it is named, or
            an environment was given.
        machine: What the machine code in an environment that was given is for, once
            that is known; "" if there is none.
        profile: What handlers need, as it has been seen before; None if it has not.
    """

    environment: Environment
    project: Project
    settings: Settings
    timestamp: DosTime
    bytecode_dir: Path | None = None
    code: HandlerCode | None = None
    needs_code: bool = False
    chosen: Path | None = None
    machine: str = ""
    profile: Profile | None = None

    @property
    def is_derived(self) -> bool:
        """Whether the environment, which was given, says what it is made for."""
        return self.settings.venv is not None and not self.settings.names_target

    @property
    def target(self) -> Target | None:
        """What it is made for; None for this machine, or a Python of no runtime."""
        target = self.settings.target(self.environment.site_packages.python)
        if target is not None and self.is_derived:
            return replace(target, machine=self.machine)
        return target

    @property
    def runs_here(self) -> bool:
        """Whether what is packaged runs on this machine.

        What is in an environment that was given runs where it is, whatever the runtime
        of its Python has.
        """
        if self.is_derived:
            return IMPORTS and self.machine in ("", this_machine())
        return runs_here(self.target)

    @property
    def python(self) -> str | None:
        """The minor version that it is made for, such as "3.13", if it is known."""
        target = self.target
        return target.python if target else self.environment.site_packages.python
