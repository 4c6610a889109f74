"""A module that is not in the archive: where the project and its lock have it."""

from __future__ import annotations

import os
import posixpath
import re

from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.locks.finding import find_lock
from poetry_plugin_package_function.packaging.project_code.handler_code import inclusion
from poetry_plugin_package_function.packaging.project_code.places import directories_in
from poetry_plugin_package_function.packaging.sources.modules import module_parts
from poetry_plugin_package_function.packaging.verify.handler import name_of
from poetry_plugin_package_function.project import SHOWN_TABLE
from poetry_plugin_package_function.requiring import shortest_paths


if TYPE_CHECKING:
    from collections.abc import Collection
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Sequence
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Source
    from poetry_plugin_package_function.packaging.verify.archives import Origin
    from poetry_plugin_package_function.settings import Settings


_AFFIXES: Final = re.compile(r"^(?:python-?|py-?)|(?:-?python|-binary|-headless)$")
"""What names of distributions have and those of their modules do not: PyYAML,
python-dotenv, GitPython, psycopg2-binary."""

_USUAL: Final = ("", "src")


def way_to(module: str, origin: Origin, shipped: Collection[NormalizedName]) -> str:
    """Says what would bring a missing module; "" if nothing here has it.

    Args:
        module: Its whole name, of which the top is missing, too.
        origin: What the archive has been made of.
        shipped: The distributions that are in the archive.
    """
    top = module.partition(".")[0]
    owners = _owners(top, origin.sources)
    for name in owners:
        if name in shipped:
            return f"{name} has it, and `exclude` leaves it out: change that."
    directories = _directories(origin.project.directory)
    return (
        _way_from_beside(top, origin)
        or _way_to_files(top, _USUAL, origin)
        or _way_to_distribution([*owners, *_names_like(module)], origin, shipped)
        or _way_to_files(top, directories, origin)
    )


def way_to_part(module: str, origin: Origin) -> str:
    """Says what would bring a module whose package is in the archive."""
    return _way_to_files(module.replace(".", "/"), _USUAL, origin)


def _way_from_beside(top: str, origin: Origin) -> str:
    """What to call a handler whose modules are imported from where it is."""
    name = name_of(origin.settings.handler or "")
    *packages, last = name.module.split(".")
    root = origin.project.directory
    for count in range(len(packages), 0, -1):
        below = posixpath.join(*packages[:count])
        for parent in _USUAL:
            what = posixpath.join(parent, below, f"{top}.py")
            if (root / what).is_file():
                handler = ".".join((*packages[count:], last, name.function))
                package = ".".join(packages[:count])
                return (
                    f"The project has it as {what}: call the handler {handler}, or"
                    f" import {package}.{top}."
                )
    return ""


def _way_to_files(path: str, parents: Iterable[str], origin: Origin) -> str:
    """The line of `include` for a module that is the project's own file."""
    for parent in parents:
        for name in (f"{path}.py", path):
            what = posixpath.join(parent, name)
            file = origin.project.directory / what
            if not (file.is_file() or _has_modules(file)):
                continue
            value = inclusion(name, parent or ".")
            if origin.settings.include:
                return f"The project has it as {what}: add {value} to `include`."
            return (
                f"The project has it as {what}: include = [{value}] in {SHOWN_TABLE}."
            )
    return ""


def _directories(root: Path) -> Iterator[str]:
    """The project's directories in which more code may be, by name.

    Neither virtual environments, nor what pip has filled, nor what tools write.
    """
    for path in sorted(directories_in(str(root))):
        is_filled = any(file.endswith(".dist-info") for file in os.listdir(path))
        name = os.path.basename(path)
        if name not in _USUAL and not is_filled:
            yield name


def _has_modules(directory: Path) -> bool:
    """Whether a directory is a package, or could be one without an `__init__`."""
    patterns = ("*.py", "*/__init__.py")
    return any(found for each in patterns for found in directory.glob(each))


def _owners(top: str, sources: Iterable[Source]) -> list[NormalizedName]:
    """The distributions of the environment that have a module at the top."""
    found = {
        entry.distribution
        for source in sources
        for entry in source.files(frozenset(), lambda _: False)
        if entry.distribution is not None and module_parts(entry.name)[:1] == [top]
    }
    return sorted(found)


def _names_like(module: str) -> Iterator[NormalizedName]:
    """Names that a distribution with a module may have, the likeliest first."""
    parts = module.split(".")
    for count in range(len(parts), 0, -1):  # google.cloud.storage: google-cloud-storage
        yield canonicalize_name("-".join(parts[:count]))


def _way_to_distribution(
    names: Sequence[NormalizedName],
    origin: Origin,
    shipped: Collection[NormalizedName],
) -> str:
    """The option that brings the distribution, of a group or an extra that is not in.

    An environment that was given may lack what the project needs in any case.

    Args:
        names: Those that it may have: the environment has it for another function, or
            else it is called like the module.
        origin: What the archive has been made of.
        shipped: The distributions that are in the archive.
    """
    project, settings = origin.project, origin.settings
    try:
        found = find_lock(project.directory)
    except ConfigError:
        return ""
    if found is None:
        return ""
    requires = found.lock.requires
    absent = sorted(requires.keys() - {*shipped})
    like = (each for each in absent if _AFFIXES.sub("", each) == names[-1])
    name = next((each for each in (*names, *like) if each in absent), None)
    if name is None:
        return ""
    what = f"{found.file_name} has {name}"
    is_given = settings.venv is not None
    if is_given and name in shortest_paths(project.dependencies, requires):
        return f"{what}, which is not installed in {settings.venv}: install it there."
    for extra, direct in sorted(project.extras.items()):
        if extra not in settings.extras and name in shortest_paths(direct, requires):
            return _option(what, "extras", extra, settings)
    for group, direct in sorted(project.groups.items()):
        if name in shortest_paths(direct, requires):
            return _option(what, "with", group, settings)
    return ""


def _option(what: str, option: str, value: str, settings: Settings) -> str:
    what += f" in the {'extra' if option == 'extras' else 'group'} {value}"
    if settings.venv is not None:
        return f"{what}, which is not installed in {settings.venv}: install it there."
    if option == "with" and settings.only_groups:
        option = "only"
        value = ",".join(sorted({*settings.only_groups, value}))
    return f"{what}: package that, too, by --{option} {value}."
