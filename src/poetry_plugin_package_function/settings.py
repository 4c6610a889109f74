"""All that one run is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import DEFAULT_EPHEMERAL_STORAGE_MIB
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.runtimes import parse_platform


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.runtimes import Runtime
    from poetry_plugin_package_function.values import Inclusion


@dataclass(frozen=True)
class Settings:
    """All that one run is asked to do, for one function.

    The fields are described in docs/configuration.md, but for these:

    Attributes:
        code_dir: The directory that the handler's module is looked for in first.
        dry_run: Whether nothing is written to any file.
        unknown_variables: Names of variables that the function has, and whose values
            only a deployment knows.
        has_layers: Whether the function has layers that are not packaged with it.
        results: Files that any of the project's functions may be written to, which are
            not shipped.
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
    runtime: Runtime | None = None
    architecture: str = "x86_64"
    platform: str | None = None
    no_audit: bool = False
    strips: bool = False
    excludes_provided: bool = False
    provided_version: str | None = None
    handler: str | None = None
    code_dir: Path | None = None
    memory_size_mb: int | None = None
    ephemeral_storage_mb: int = DEFAULT_EPHEMERAL_STORAGE_MIB
    environment: tuple[tuple[str, str], ...] = ()
    unknown_variables: frozenset[str] = frozenset()
    has_layers: bool = False
    results: frozenset[Path] = frozenset()

    def target(self, python: str | None) -> Target | None:
        """What the package is made for; None if nothing is said.

        Args:
            python: The minor version of the interpreter that there is, such as "3.13".
                It counts for a platform; a runtime has its own.
        """
        if self.runtime is not None:
            machine = ARCHITECTURES[self.architecture]
            runtime = self.runtime
            return Target(runtime.python, machine, runtime.system, runtime)
        found = parse_platform(self.platform) if self.platform else None
        if found is None or python is None:
            return None
        system, machine = found
        return Target(python, machine, system)

    @property
    def archives(self) -> tuple[Path, ...]:
        """The archives that are written; the last is a layer's, if there is one."""
        return tuple(filter(None, (self.output, self.layer_output)))

    @property
    def targets(self) -> tuple[Path, ...]:
        """The files that are written: archives, and what describes them."""
        return (*self.archives, *filter(None, (self.report, self.sizes)))
