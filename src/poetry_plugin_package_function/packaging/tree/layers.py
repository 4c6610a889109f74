"""Takes a tree apart: the project's code, and the dependencies that a layer has.

Source: https://docs.aws.amazon.com/lambda/latest/dg/packaging-layers.html
"""

from __future__ import annotations

import re

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.distributions import is_metadata
from poetry_plugin_package_function.packaging.sources.modules import MODULE_SUFFIXES


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


PREFIX: Final = "python/"
"""Where a layer has its modules: `/opt/python` is on Python's path."""

_EXTENDS_ITS_PATH: Final = re.compile(rb"extend_path|declare_namespace")
_HARMLESS_PTH: Final = re.compile(r"distutils-precedence\.pth|.*-nspkg\.pth")
"""Without them nothing is missing: `distutils` has gone, and what has no `__init__` is
a namespace package anyhow."""


def is_dependency(project_name: NormalizedName | None) -> Callable[[Entry], bool]:
    """Says what goes into a layer: all files of distributions but the project's.

    What is no distribution's is the project's: it includes it, or it was put there.
    """
    own = (None, project_name)
    return lambda entry: entry.distribution not in own


def check_halves(tree: Tree, is_of_layer: Callable[[Entry], bool]) -> None:
    """Finds out whether a tree can be taken apart.

    Raises:
        SourceError: One half would be empty, or a package would be torn apart.
    """
    of_layer = {each.name for each in tree.entries if is_of_layer(each)}
    if not of_layer:
        raise _nothing_for_the_layer()
    if all(is_metadata(each.name) or is_of_layer(each) for each in tree.entries):
        raise SourceError(
            "There is no code of the project to put into the function.",
            "Add it with `packages` or `include`, or make the layer alone:"
            " --layer-only.",
        )
    _refuse_torn(tree, of_layer)


def dependencies_of(tree: Tree, is_of_layer: Callable[[Entry], bool]) -> Tree:
    """Leaves out all that is not for a layer.

    Raises:
        SourceError: Nothing is left.
    """
    entries = tuple(filter(is_of_layer, tree.entries))
    if not entries:
        raise _nothing_for_the_layer()
    names = {each.distribution for each in entries}
    return replace(
        tree,
        entries=entries,
        distributions=tuple(each for each in tree.distributions if each.name in names),
        entry_modules=(),
    )


def unread_path_files(names: Iterable[str]) -> tuple[str, ...]:
    """Finds `.pth` files of a layer: Python obeys those of site directories only.

    `/opt/python` is none, as it comes from PYTHONPATH.
    Source: https://docs.python.org/3/library/site.html
    """
    return tuple(
        sorted(
            name
            for name in names
            if name.endswith(".pth")
            and "/" not in name
            and not _HARMLESS_PTH.fullmatch(name)
        )
    )


def _nothing_for_the_layer() -> SourceError:
    return SourceError(
        "The project has no dependencies to put into a layer.",
        "Leave out --layer, or look at the groups and at `exclude`.",
    )


def _refuse_torn(tree: Tree, of_layer: AbstractSet[str]) -> None:
    """Refuses packages that have files in both halves: Python would see but one.

    Namespace packages may: what has no `__init__`, or one that looks for its other
    parts. Source: https://packaging.python.org/en/latest/guides/packaging-namespace-packages/
    """
    packages = {
        entry.name.rpartition("/")[0]: entry
        for entry in tree.entries
        if "/" in entry.name
        and entry.name.endswith(tuple(f"/__init__{each}" for each in MODULE_SUFFIXES))
    }
    for entry in tree.entries:
        for directory in _parents(entry.name):
            package = packages.get(directory)
            if package is None or (package.name in of_layer) == (
                entry.name in of_layer
            ):
                continue
            if _EXTENDS_ITS_PATH.search(read(package.content)):
                continue
            raise SourceError(
                f"{entry.name} is in the package {directory.replace('/', '.')} of"
                f" {package.distribution or 'the project'}, which a layer would tear"
                " apart: Python would not find both halves.",
                "Give it a place of its own, or package without a layer.",
            )


def _parents(name: str) -> Iterator[str]:
    """The directories that a file is in, the deepest first."""
    while "/" in name:
        name = name.rpartition("/")[0]
        yield name
