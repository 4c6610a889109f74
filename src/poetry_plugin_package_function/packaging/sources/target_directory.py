"""Directories that `pip install --target`, uv's or the SAM builder has filled.

They are a site-packages without a virtual environment around it: nothing says which
Python it is for but the wheels, and what is installed beside site-packages in a virtual
environment, as scripts are, is in the directory itself.
"""

from __future__ import annotations

import re

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.walk import listing


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )


_PREFIX_DIRECTORIES: Final = ("bin", "etc", "include", "share")
"""What wheels put into a prefix. uv's RECORD has these files by the same names as if
they were in site-packages; pip's begins them with `../../`."""

_PYTHON_TAG: Final = re.compile(r"Tag:\s*cp(\d)(\d+)-(?!abi3)\S+")


def is_target_directory(directory: Path) -> bool:
    """Whether there is installed metadata, and no virtual environment.

    Raises:
        SourceError: It cannot be read.
    """
    names = {each.name for each in listing(str(directory))}
    return "pyvenv.cfg" not in names and any(
        name.endswith(".dist-info") for name in names
    )


def refuse_leftovers(directory: Path, distributions: Iterable[Distribution]) -> None:
    """Refuses several versions of a distribution.

    pip leaves the metadata of the version before in place, and without `--upgrade` its
    code, too: what of it all belongs together is unknown.

    Raises:
        SourceError: There are several.
    """
    versions: dict[str, list[str]] = defaultdict(list)
    for each in distributions:
        versions[each.name].append(each.version)
    several = [
        f"{name} {' and '.join(found)}"
        for name, found in versions.items()
        if len(found) > 1
    ]
    if several:
        raise SourceError(
            f"{directory} has the metadata of several versions: {', '.join(several)}.",
            "pip leaves that of the earlier one, and may leave its files. Install into"
            f" an empty directory: rm -r {directory}, then `pip install --target"
            f" {directory}` again.",
        )


def python_of(directory: Path, distributions: Iterable[Distribution]) -> str | None:
    """Finds which Python wheels are for, such as "3.13"; None if they are for many.

    Raises:
        SourceError: They are for several Pythons, or a WHEEL cannot be read.

    Source:
        https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
    """
    found: dict[str, str] = {}
    for each in distributions:
        lines = re.findall(r"^Tag:.*$", each.read("WHEEL") or "", re.MULTILINE)
        tags = [_PYTHON_TAG.match(line) for line in lines]
        pythons = {f"{tag[1]}.{tag[2]}" if tag else None for tag in tags}
        if len(pythons) == 1 and (python := pythons.pop()):
            found.setdefault(python, each.name)
    if len(found) > 1:
        named = ", ".join(f"{python} ({found[python]})" for python in sorted(found))
        raise SourceError(
            f"{directory} has wheels for {len(found)} Pythons: {named}.",
            "Install all of them again, with one Python, into an empty directory.",
        )
    return next(iter(found), None)


def names_beside(distributions: Sequence[Distribution]) -> frozenset[str]:
    """Lists what a virtual environment has beside its site-packages.

    Returns:
        The names that the files have in the directory. What a distribution has in
        site-packages under the same name is not among them.
    """
    beside: set[str] = set()
    inside: set[str] = set()
    for each in distributions:
        by_uv = (each.read("INSTALLER") or "").strip() == "uv"
        if by_uv:
            beside.add(".lock")
        # SAM's builder leaves what wheels have for other schemes where it is in them.
        data = f"{each.info.removesuffix('.dist-info')}.data/"
        paths = {row.path for row in each.rows or ()}
        for path in paths:
            top = path.partition("/")[0]
            if top == "..":
                beside.add(re.sub(r"^(\.\./)+", "", path))
            elif path.startswith(data) or (
                by_uv
                and top in _PREFIX_DIRECTORIES
                and f"{top}/__init__.py" not in paths
            ):
                beside.add(path)
            else:
                inside.add(path)
    return frozenset(beside - inside)
