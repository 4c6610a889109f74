"""Virtual environments and projects for tests: tiny, real files on the disk."""

from __future__ import annotations

import base64
import hashlib
import os

from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.packaging.archive.timestamp import archive_time
from poetry_plugin_package_function.packaging.order import Order
from poetry_plugin_package_function.packaging.order import read_environment
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.included import find_included
from poetry_plugin_package_function.packaging.sources.installed import InstalledSource
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.tree.assemble import Selection
from poetry_plugin_package_function.packaging.tree.assemble import assemble
from poetry_plugin_package_function.packaging.tree.metadata import with_stable_metadata
from poetry_plugin_package_function.profiling import read_profiles
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.request import Request


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry_plugin_package_function.configuration.inclusions import Inclusion
    from poetry_plugin_package_function.packaging.progress import Progress
    from poetry_plugin_package_function.packaging.result import Report
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


def write_files(directory: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes files by their POSIX names below a directory."""
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return directory


def make_venv(
    directory: Path,
    files: Mapping[str, str | bytes] | None = None,
    *,
    python: str = "3.11",
) -> Path:
    """Makes the directories of a venv, with files in its site-packages."""
    site_packages = directory / "lib" / f"python{python}" / "site-packages"
    site_packages.mkdir(parents=True)
    (directory / "pyvenv.cfg").write_text("home = nowhere\n")
    write_files(site_packages, files or {})
    return directory


def site_packages_of(venv: Path) -> Path:
    """The one site-packages directory of a venv."""
    (found,) = venv.glob("lib/python*/site-packages")
    return found


def install(
    venv: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    metadata: str = "",
    marks: Mapping[str, str | bytes] | None = None,
) -> Path:
    """Installs a distribution as an installer does: files, metadata and a RECORD.

    Args:
        venv: Where to.
        name: As in the name of the `.dist-info` directory.
        files: Its files in site-packages.
        version: The distribution's.
        metadata: Further lines of METADATA.
        marks: Files that the installer adds to `.dist-info`.

    Returns:
        The `.dist-info` directory.
    """
    info = f"{name}-{version}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{metadata}"
        ),
        f"{info}/WHEEL": (
            "Wheel-Version: 1.0\nGenerator: by-hand 1\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n"
        ),
        **{f"{info}/{mark}": text for mark, text in (marks or {}).items()},
    }
    site_packages = site_packages_of(venv)
    write_files(site_packages, contents)
    rows = [_row(path, content) for path, content in contents.items()]
    record = "\n".join([*rows, f"{info}/RECORD,,", ""])
    (site_packages / info / "RECORD").write_text(record)
    return site_packages / info


def _row(path: str, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
    return f"{path},sha256={digest.rstrip('=')},{len(data)}"


def make_project(
    directory: Path, name: str | None = "my-app", table: str = "", more: str = ""
) -> Path:
    """Writes a `pyproject.toml` with our table in it; returns its path."""
    directory.mkdir(parents=True, exist_ok=True)
    pyproject = directory / "pyproject.toml"
    named = f'name = "{name}"\n' if name else ""
    pyproject.write_text(
        f'[project]\n{named}version = "1.0"\n{more}\n'
        f"[tool.poetry-plugin-package-function]\n{table}\n"
    )
    return pyproject


def package_venv(
    venv: Path,
    pyproject: Path,
    output: Path,
    *,
    seeds: frozenset[str] = frozenset(),
    layers_size: int = 0,
    **flags: object,
) -> Report:
    """Packages in this process, as the front ends do.

    Args:
        venv: What to package.
        pyproject: The project's.
        output: The file to write.
        seeds: See `read_environment`.
        layers_size: What is kept for layers: a small tree is nested if they take most.
        flags: Further options, under the names of the command line.
    """
    project = read_project(pyproject)
    (settings,) = resolve(
        {"output": str(output), "layers-size": layers_size or None, **flags},
        project,
        None,
        default_output_dir=Path.cwd(),
    )
    return finished(venv, project, settings, seeds=seeds, python=settings.python)


def finished(
    venv: Path,
    project: Project,
    settings: Settings,
    facts: FactsCache | None = None,
    progress: Progress | None = None,
    **read: Any,
) -> Report:
    """Packages in this process; what describes the archive is written, too.

    Args:
        venv: What to package.
        project: Whose code it is.
        settings: What goes in, and where the results go.
        facts: What is known of wheels.
        progress: See `package`.
        read: See `read_environment`.
    """
    environment = read_environment(venv, project, facts or FactsCache(None), **read)
    profiles = read_profiles([settings])
    profile = profiles.get(settings.profile) if settings.profile else None
    order = Order(environment, project, settings, archive_time({}), profile=profile)
    previous = {settings.output: None}
    request = Request(project, (settings,), order.timestamp, previous, 0, profiles)
    with package(order, progress) as pending:
        return request.complete(settings, pending).report


def tree_of(
    site_packages: Path,
    *,
    name: str | None = "my-app",
    project: Path | None = None,
    include: tuple[Inclusion, ...] = (),
    **selected: Any,
) -> Tree:
    """What would be shipped of installed files, with its metadata rewritten.

    Args:
        site_packages: What to package.
        name: The project's.
        project: Where patterns of `include` start; beside the venv by default.
        include: See `find_included`.
        selected: Fields of `Selection`.
    """
    own = canonicalize_name(name) if name else None
    is_excluded = matcher(selected.get("exclude", ()))
    sources = (
        InstalledSource((site_packages,), own),
        find_included(include, project or site_packages.parents[3], is_excluded),
    )
    return with_stable_metadata(assemble(sources, Selection(own, **selected)), own)


def names_in(tree: Tree) -> list[str]:
    """The names of all that is shipped, in its order."""
    return [entry.name for entry in tree.entries]


def is_root() -> bool:
    """Whether permissions do not bind this process."""
    return hasattr(os, "geteuid") and os.geteuid() == 0
