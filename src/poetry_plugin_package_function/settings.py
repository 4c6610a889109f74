"""All that one run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import HOST
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.services import Feature


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.configuration.events import Event
    from poetry_plugin_package_function.configuration.inclusions import Inclusion
    from poetry_plugin_package_function.runtimes import Runtime
    from poetry_plugin_package_function.services import Service


@dataclass(frozen=True)
class Settings:
    """All that one run is asked to do, for one function.

    The fields are described in docs/configuration.md, but for these:

    Attributes:
        code_dir: The directory that the handler's module is looked for in first.
        profile: What handlers need, read to choose what is nested.
        profile_output: Where that is written once it has been seen.
        dry_run: Whether nothing is written to any file.
        unknown_variables: Names of variables that the function has, and whose values
            only a deployment knows.
        has_layers: Whether the function has layers that are not packaged with it.
        is_declared: Whether a template has it, which also deploys it.
        results: Files that any of the project's functions may be written to, which
            `include` does not find.
        profiles: The same of profiles that any of them reads or writes.
    """

    output: Path
    function: str | None = None
    layer_output: Path | None = None
    layer_only: bool = False
    report: Path | None = None
    sizes: Path | None = None
    compare: Path | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[Inclusion, ...] = ()
    layers_size_bytes: int = 0
    max_size_bytes: int | None = None
    max_zipped_size_bytes: int | None = None
    max_init: float | None = None
    strict: bool = False
    dry_run: bool = False
    with_groups: frozenset[str] = frozenset()
    without_groups: frozenset[str] = frozenset()
    only_groups: frozenset[str] = frozenset()
    all_groups: bool = False
    extras: frozenset[str] = frozenset()
    all_extras: bool = False
    python: str | None = None
    venv: Path | None = None
    compiles: bool = False
    nest: frozenset[str] = frozenset()
    keep_flat: frozenset[str] = frozenset()
    eager: bool = False
    service: Service = LAMBDA
    runtime: Runtime | None = None
    architecture: str | None = None
    platform: str | None = None
    no_audit: bool = False
    strips: bool = False
    excludes_provided: bool = False
    provided_version: str | None = None
    aws_services: frozenset[str] | None = None
    handler: str | None = None
    code_dir: Path | None = None
    memory_size_mb: int | None = None
    ephemeral_storage_mb: int | None = None
    environment: tuple[tuple[str, str], ...] = ()
    event: Event | None = None
    timeout_s: int | None = None
    unknown_variables: frozenset[str] = frozenset()
    has_layers: bool = False
    is_declared: bool = False
    profile: Path | None = None
    profile_output: Path | None = None
    results: frozenset[Path] = frozenset()
    profiles: frozenset[Path] = frozenset()

    @property
    def receiver(self) -> Service | None:
        """The service whose limits hold; None for another cloud, which has its own."""
        return self.service if self.platform in (None, HOST) else None

    @property
    def has_sdk(self) -> bool:
        """Whether the runtime brings an AWS SDK."""
        return self.receiver is not None and Feature.SDK in self.receiver.features

    @property
    def names_target(self) -> bool:
        """Whether anything is said of what the package is made for."""
        said = (self.runtime, self.architecture, self.platform)
        return any(said) or self.service is not LAMBDA

    def target(self, python: str | None) -> Target | None:
        """What the package is made for.

        Args:
            python: The minor version of the interpreter that there is, such as "3.13".
                A runtime that is named has its own.

        Returns:
            None for what this machine builds, and if the service has no runtime of that
            version.
        """
        if self.platform == HOST:
            return None
        if self.platform is not None:
            found = parse_platform(self.platform)
            if found is None or python is None:
                return None
            system, machine = found
            return Target(python, machine, system)
        runtime = self.service.runtime(self.runtime.python if self.runtime else python)
        if runtime is None:
            return None
        architecture = self.architecture or self.service.architectures[0]
        return self.service.target(runtime, ARCHITECTURES[architecture])

    @property
    def archives(self) -> tuple[Path, ...]:
        """The archives that are written; the last is a layer's, if there is one."""
        return tuple(filter(None, (self.output, self.layer_output)))

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files that are written: archives, and what describes them."""
        return (*self.archives, *filter(None, (self.report, self.sizes)))
