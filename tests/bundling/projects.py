"""Projects that Poetry has read, with locks that no solver has made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from cleo.io.buffered_io import BufferedIO
from cleo.io.inputs.argv_input import ArgvInput
from cleo.io.outputs.output import Verbosity
from packaging.utils import canonicalize_name
from poetry.core.packages.package import Package
from poetry.core.version.markers import parse_marker
from poetry.factory import Factory
from poetry.packages.transitive_package_info import TransitivePackageInfo

from poetry_plugin_package_function.bundling.plan import Bundle
from poetry_plugin_package_function.bundling.plan import Planner
from poetry_plugin_package_function.command import PackageFunctionCommand
from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.project import read_project


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.poetry import Poetry


UNFETCHED = f"sha256:{'0' * 64}"


def load(directory: Path, *, disable_cache: bool = False) -> Poetry:
    """Reads a project as Poetry does when it starts."""
    return Factory().create_poetry(
        directory, disable_plugins=True, disable_cache=disable_cache
    )


@dataclass(frozen=True)
class Locked:
    """What a lock has of one distribution.

    Attributes:
        name: The distribution's.
        version: The distribution's.
        groups: Those that need it.
        marker: When it is needed.
        wheels: The tags of its wheels, which are never fetched.
        files: Its other files, with their hashes.
        requires: The names of what it needs itself.
        optional: Whether extras only need it.
        path: Where it is, from the root on, if it is a file on the disk.
        directory: Where it is, if it is a project on the disk.
        git: The address of its repository, if it has one.
    """

    name: str
    version: str = "1.0"
    groups: tuple[str, ...] = ("main",)
    marker: str = ""
    wheels: tuple[str, ...] = ("py3-none-any",)
    files: tuple[tuple[str, str], ...] = ()
    requires: tuple[str, ...] = ()
    optional: bool = False
    path: str | None = None
    directory: str | None = None
    git: str | None = None

    def as_poetry_has_it(self) -> tuple[Package, TransitivePackageInfo]:
        """What Poetry's solver would have found."""
        package = Package(
            self.name,
            self.version,
            source_type="file"
            if self.path
            else "directory"
            if self.directory
            else "git"
            if self.git
            else None,
            source_url=self.path or self.directory or self.git,
            source_reference="HEAD" if self.git else None,
            source_resolved_reference="0" * 40 if self.git else None,
        )
        package.optional = self.optional
        stem = f"{self.name.replace('-', '_')}-{self.version}"
        wheels = [(f"{stem}-{tags}.whl", UNFETCHED) for tags in self.wheels]
        package.files = [
            {"file": name, "hash": digest} for name, digest in (*wheels, *self.files)
        ]
        for name in self.requires:
            package.add_dependency(Factory.create_dependency(name, "*"))
        marker = parse_marker(self.marker)
        groups = {canonicalize_name(each) for each in self.groups}
        return package, TransitivePackageInfo(0, groups, dict.fromkeys(groups, marker))


def locked(directory: Path, *packages: Locked) -> Poetry:
    """Writes a project's lock, as fresh as one that Poetry has made."""
    poetry = load(directory)
    poetry.locker.set_lock_data(
        poetry.package, dict(each.as_poetry_has_it() for each in packages)
    )
    return poetry


class _Asked(PackageFunctionCommand):
    """The command with its real options, which does no more than to read them."""

    asked: tuple[dict[str, Any], list[str]]

    def handle(self) -> int:
        self.asked = self.flags(), self.argument("functions")
        return 0


def bundles(poetry: Poetry, *arguments: str) -> tuple[Bundle, ...]:
    """What is to be built for a command line: one for each function."""
    command = _Asked()
    command.run(_io(arguments))
    flags, names = command.asked
    project = read_project(poetry.file.path)
    found = resolve(
        flags, project, names, default_output_dir=project.directory / "dist"
    )
    return tuple(map(Planner(poetry).plan, found))


def bundle(poetry: Poetry, *arguments: str) -> Bundle:
    """What is to be built for the command line of a project that is one function."""
    (found,) = bundles(poetry, *arguments)
    return found


@dataclass(frozen=True)
class Done:
    """What the command has done.

    Attributes:
        status: Its exit status.
        stdout: What it wrote for people.
        stderr: What it wrote, too.
    """

    status: int
    stdout: str
    stderr: str


def run(directory: Path, *arguments: str, verbose: bool = False) -> Done:
    """Runs the whole command in a project."""
    command = PackageFunctionCommand()
    command.set_poetry(load(directory))
    io = _io(arguments)
    if verbose:
        io.set_verbosity(Verbosity.VERBOSE)
    status = command.run(io)
    return Done(status, io.fetch_output(), io.fetch_error())


def _io(arguments: tuple[str, ...]) -> BufferedIO:
    return BufferedIO(ArgvInput(["package-function", *arguments]))
