"""What a library says of itself through the ways that Python gives it."""

from __future__ import annotations

import hashlib
import inspect
import pkgutil

from importlib import metadata
from importlib import resources
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType


def facts_of(
    distribution: str, module: ModuleType, data_file: str
) -> dict[str, object]:
    """Metadata, sources, submodules and a data file, as far as no path is in them."""
    found = metadata.distribution(distribution)
    content = resources.files(module).joinpath(data_file).read_bytes()
    return {
        "version": found.version,
        "summary": found.metadata["Summary"],
        "requires": found.requires,
        "entry points": sorted(map(repr, found.entry_points)),
        "files": digest(installed_files(distribution)),
        "source": digest([inspect.getsource(module)]),
        "submodules": submodules(module),
        "data file": hashlib.sha256(content).hexdigest(),
        "data file by its loader": content
        == pkgutil.get_data(module.__name__, data_file),
        "spec": module.__spec__ and module.__spec__.name,
        "package": module.__package__,
    }


def submodules(module: ModuleType) -> list[str]:
    """The names of what can be imported out of a package.

    Tests are not listed where they stand by themselves; they can be imported. Libraries
    are, if their names end in ".so", and cannot.
    """
    names = {each.name for each in pkgutil.iter_modules(module.__path__)}
    return sorted(each for each in names - {"tests"} if not each.startswith("lib"))


def installed_files(distribution: str) -> list[str]:
    """The files of a distribution, without what only an installation has."""
    return sorted(
        str(path)
        for path in metadata.files(distribution) or []
        if "__pycache__" not in path.parts
        and ".." not in path.parts
        and path.name not in {"INSTALLER", "RECORD", "REQUESTED", "direct_url.json"}
    )


def digest(texts: Iterable[str]) -> str:
    """One short text that changes with any of many."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
