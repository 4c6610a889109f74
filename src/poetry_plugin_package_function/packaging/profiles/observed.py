"""What the import of a handler has needed, as a profile."""

from __future__ import annotations

import re

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.packaging.profiles.profile import Profile
from poetry_plugin_package_function.packaging.profiles.profile import Used
from poetry_plugin_package_function.packaging.sources.distributions import is_metadata
from poetry_plugin_package_function.packaging.sources.modules import module_name
from poetry_plugin_package_function.packaging.sources.modules import source_of


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry


_LIBRARY: Final = re.compile(r"\.(so|dylib|dll)(\.[\d.]+)?$")
"""Libraries that are no modules are called otherwise on each platform."""


def observed(
    entries: Sequence[Entry],
    distributions: Iterable[Distribution],
    project_name: NormalizedName | None,
    init_files: Iterable[str],
    event_files: Iterable[str] = (),
) -> Profile:
    """Says what has been needed of distributions, whatever the archive's layout.

    The project's own files are not listed: they change with each commit, and are always
    shipped as they are asked for. Nor are metadata, which are never nested, and
    libraries, which whatever is linked to them brings.

    Args:
        entries: What is shipped, without bytecode: that counts as its module.
        distributions: Those that are shipped.
        project_name: The project's own.
        init_files: Names in a flat archive of what has been opened in INIT.
        event_files: The same until the end of the call, if there was one.
    """
    owners = {
        entry.name: entry.distribution or ""
        for entry in entries
        if not (entry.included or entry.distribution == project_name)
    }
    init = frozenset(init_files)
    return Profile(
        {
            each.name: each.version
            for each in distributions
            if each.name != project_name
        },
        _used(init, owners),
        _used(frozenset(event_files) - init, owners, _modules(init)),
    )


def _modules(names: Iterable[str]) -> frozenset[str]:
    return frozenset(filter(None, map(module_name, names)))


def _used(
    names: Iterable[str],
    owners: Mapping[str, str],
    known: frozenset[str] = frozenset(),
) -> dict[str, Used]:
    modules: dict[str, set[str]] = defaultdict(set)
    files: dict[str, set[str]] = defaultdict(set)
    for name in names:
        module = module_name(name)
        owner = owners.get(source_of(name) if module else name)
        if owner is None or is_metadata(name) or module in known:
            continue
        if module:
            modules[owner].add(module)
        elif not _LIBRARY.search(name):
            files[owner].add(name)
    return {
        owner: Used(tuple(sorted(modules[owner])), tuple(sorted(files[owner])))
        for owner in sorted({*modules, *files})
    }
