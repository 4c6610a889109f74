"""From sources to what is shipped."""

from __future__ import annotations

import io
import os
import posixpath

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import place_of
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.distributions import (
    unneeded_seeds,
)
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.packaging.tree.entry_modules import entry_modules
from poetry_plugin_package_function.packaging.tree.sdk import NOTHING_PROVIDED
from poetry_plugin_package_function.packaging.tree.sdk import provided_by
from poetry_plugin_package_function.packaging.tree.standard_library import superseded
from poetry_plugin_package_function.packaging.tree.tree import Tree


if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.sources.entry import Source
    from poetry_plugin_package_function.packaging.tree.standard_library import Shadow


@dataclass(frozen=True)
class Selection:
    """What is taken of sources.

    Attributes:
        project_name: The project's own distribution.
        seeds: See `unneeded_seeds`.
        only: The distributions that are shipped at most; None for all.
        exclude: gitignore patterns on names in the archive.
        excludes_provided: Whether the AWS SDK is left to the runtime.
        provided_version: The runtime's boto3, if it is known.
        results: Real paths that are not shipped wherever they are: what is written.
        python: The minor version of the function's Python, whose standard library's
            modules no dependency's take the place of; None if it is not known.
    """

    project_name: NormalizedName | None
    seeds: frozenset[str] = frozenset()
    only: frozenset[NormalizedName] | None = None
    exclude: tuple[str, ...] = ()
    excludes_provided: bool = False
    provided_version: str | None = None
    results: frozenset[str] = frozenset()
    python: str | None = None


def assemble(sources: Sequence[Source], selection: Selection) -> Tree:
    """Lists what to ship, with metadata as it is in the sources.

    A path that several wheels have is that of the one which Poetry installs over the
    others: the last by name, and the project's before all.

    Raises:
        SourceError: A file cannot be shipped, or what there is cannot work on Lambda.
        SourceError: Two files want one name.
    """
    distributions = sorted(
        (each for source in sources for each in source.distributions),
        key=lambda each: (each.name, each.info),
    )
    unneeded = unneeded_seeds(distributions, selection.seeds)
    wanted = [
        each
        for each in distributions
        if each not in unneeded
        and (selection.only is None or each.name in selection.only)
    ]
    provided = NOTHING_PROVIDED
    if selection.excludes_provided:
        provided = provided_by(
            selection.project_name, selection.provided_version, wanted
        )
    shipped = tuple(each for each in wanted if each.name not in provided.names)
    left_out = {each.name for each in distributions} - {each.name for each in shipped}
    is_excluded = matcher(selection.exclude)
    result_names = frozenset(map(os.path.basename, selection.results))
    found: dict[str, Entry] = {}
    passed_over: list[tuple[str, Entry]] = []
    for source in sources:
        for entry in source.files(left_out, is_excluded):
            # Of few files the links have to be followed, which takes a call for each.
            if entry.name.rpartition("/")[2] in result_names and isinstance(
                entry.content, FileContent
            ):
                path = os.path.realpath(entry.content.path)
                if path in selection.results:
                    passed_over.append((path, entry))
                    continue
            other = found.setdefault(entry.name, entry)
            if other is not entry:
                found[entry.name] = _winner(other, entry, selection.project_name)
    shadows = _remove_unimported(found, selection)
    for entry in found.values():
        _check(entry)
    _refuse_files_as_directories(found)
    return Tree(
        tuple(found[name] for name in sorted(found)),
        shipped,
        unneeded,
        entry_modules(found, selection.project_name),
        provided,
        tuple(passed_over),
        shadows,
    )


def _remove_unimported(
    found: dict[str, Entry], selection: Selection
) -> tuple[Shadow, ...]:
    """Removes what nothing imports where it is installed.

    Returns:
        What Python has itself of it.
    """
    for name in [name for name in found if name.endswith(".pyc")]:
        if name[:-1] in found and not found[name].included:
            del found[name]  # one wheel's, beside the source of another's
    shadows, names = superseded(
        found.values(), selection.python, selection.project_name
    )
    for name in names:
        del found[name]
    return shadows


def _winner(one: Entry, other: Entry, project: NormalizedName | None) -> Entry:
    if isinstance(one.content, ZipMember) and isinstance(other.content, ZipMember):
        return max(
            one,
            other,
            key=lambda each: (each.distribution == project, each.distribution),
        )
    raise SourceError(
        f"Two files want the name {one.name} in the archive:"
        f" {place_of(one.content)} and {place_of(other.content)}.",
        "Leave one of them out, or give it another place with `to`.",
    )


def _check(entry: Entry) -> None:
    name = entry.name
    try:
        length = len(name.encode())
    except UnicodeEncodeError:
        raise SourceError(
            f"The name of {os.fsencode(place_of(entry.content))!r} is not UTF-8.",
            "Rename the file, or leave it out with `exclude`.",
        ) from None
    if length > 0xFFFF:
        raise SourceError(
            f"The name {name[:60]}… has {length:,} bytes; a ZIP allows 65,535.",
            "Rename the file, or leave it out with `exclude`.",
        )
    if name.endswith(".pth") and "/" not in name and not entry.included:
        _check_path_file(entry)


def _check_path_file(entry: Entry) -> None:
    """Refuses paths that only exist on this machine.

    Lines that start with "import" are code; relative paths are in the archive too, as
    long as they stay in site-packages.
    Source: https://docs.python.org/3/library/site.html
    """
    content = io.BytesIO(read(entry.content))
    # Other than `splitlines`, it takes no form feed for the end of a line.
    for line in io.TextIOWrapper(content, "utf-8", "surrogateescape"):
        text = line.strip()
        if text.startswith(("#", "import ", "import\t")):
            continue
        if (
            posixpath.isabs(text)
            or text[1:3] in (":\\", ":/")
            or posixpath.normpath(text.replace("\\", "/")).startswith("..")
        ):
            raise SourceError(
                f"{entry.name} points at {text}, which will not exist on Lambda.",
                "Install the distribution for real (not editable), or leave the file"
                " out with `exclude`.",
            )


def _refuse_files_as_directories(found: dict[str, Entry]) -> None:
    directories: dict[str, str] = {}
    for name in found:
        directory = name.rpartition("/")[0]
        while directory and directory not in directories:
            directories[directory] = name
            directory = directory.rpartition("/")[0]
    for directory in sorted(directories.keys() & found.keys()):
        file = place_of(found[directory].content)
        inside = place_of(found[directories[directory]].content)
        raise SourceError(
            f"{file} would be both a file and the directory of {inside} in the"
            " archive.",
            "Leave one of them out, or give it another place with `to`.",
        )
