"""All that is shipped."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.tree.machine_code import machine_code_of
from poetry_plugin_package_function.packaging.tree.sdk import NOTHING_PROVIDED


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.packaging.aws.data import AwsServices
    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
    from poetry_plugin_package_function.packaging.tree.sdk import Provided
    from poetry_plugin_package_function.packaging.tree.standard_library import Shadow


@dataclass(frozen=True)
class Tree:
    """All that the archive is to hold.

    Attributes:
        entries: Ordered by name.
        distributions: Those that are shipped.
        left_out: Distributions that are not, because the venv itself brought them.
        entry_modules: The project's own, ordered by path.
        provided: What is left to the runtime.
        passed_over: Files that would be entries, if no result were to be written there,
            with their real paths.
        superseded: Modules of dependencies that are not shipped, as Python has its own.
        aws_services: Those that are shipped; None for all that botocore has.
        aws_suggestion: Those that would do, if that is known.
    """

    entries: tuple[Entry, ...]
    distributions: tuple[Distribution, ...]
    left_out: tuple[Distribution, ...]
    entry_modules: tuple[EntryModule, ...]
    provided: Provided = NOTHING_PROVIDED
    passed_over: tuple[tuple[str, Entry], ...] = ()
    superseded: tuple[Shadow, ...] = ()
    aws_services: AwsServices | None = None
    aws_suggestion: AwsServices | None = None

    @cached_property
    def machine_code(self) -> Mapping[str, MachineCode]:
        """What the machine code in it says of itself, by name.

        Raises:
            SourceError: A file cannot be read.
        """
        return machine_code_of(self.entries)

    @property
    def size_bytes(self) -> int:
        """The sum of all files, unzipped."""
        return sum(entry.size_bytes for entry in self.entries)
