"""What the service is called with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.environment import (
    find_site_packages,
)
from poetry_plugin_package_function.packaging.sources.installed import InstalledSource
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import wheels_in


if TYPE_CHECKING:
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.archive.timestamp import DosTime
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


@dataclass(frozen=True)
class Order:
    """What is packaged, for one function.

    Attributes:
        environment: What it is made of.
        project: Whose code it is.
        settings: What goes in, and where the results go.
        timestamp: Of all members.
        bytecode_dir: Where bytecode of wheels is kept from run to run, if it is.
    """

    environment: Environment
    project: Project
    settings: Settings
    timestamp: DosTime
    bytecode_dir: Path | None = None

    @property
    def target(self) -> Target | None:
        """What it is made for; None if nothing is said."""
        return self.settings.target(self.environment.site_packages.python)

    @property
    def python(self) -> str | None:
        """The minor version that it is made for, such as "3.13", if it is known."""
        target = self.target
        return target.python if target else self.environment.site_packages.python
