"""What is ours in the outer ZIP: the loader, what starts it, stubs of modules."""

from __future__ import annotations

import os
import posixpath

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.nesting.layout import join
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.sources.entry import owner_of
from poetry_plugin_package_function.packaging.sources.patterns import exclude_line


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
    from poetry_plugin_package_function.packaging.tree.tree import Tree


STARTER: Final = "_package_function.pth"
"""What starts the loader in Lambda, whatever module the handler is in."""

_DIRECTORY: Final = posixpath.dirname(loader.SETTINGS)
_OWN_NAMES: Final = frozenset((loader.ARCHIVE, _DIRECTORY))
"""What the names of all that is ours begin with, in the directory that it is in."""


def home_of(tree: Tree) -> str:
    """Names the directory that the inner ZIP goes into; "" for the root.

    Raises:
        SourceError: The project has no module that a stub could take the place of.
    """
    if not tree.entry_modules:
        raise _no_entry_module(tree)
    return next((each.path for each in tree.entry_modules if each.is_package), "")


def loader_entries(tree: Tree) -> tuple[Entry, ...]:
    """Makes entries of the loader, and of what it loads.

    Raises:
        SourceError: See `home_of`.
    """
    home = home_of(tree)
    directory = os.path.dirname(loader.__file__)
    entries = []
    for each in loader.FILES:
        path = os.path.join(directory, posixpath.basename(each))
        name = join(home, each)
        size_bytes = os.path.getsize(path)
        entries.append(Entry(name, FileContent(path), size_bytes, included=True))
    return tuple(entries)


def stub(module: EntryModule, home: str) -> Entry:
    """Makes what is in a module's place."""
    directory = posixpath.dirname(module.file)
    source = loader.stub(
        module.name,
        posixpath.relpath(home or ".", directory or "."),
        posixpath.relpath(".", directory or "."),
    )
    content = (
        f"# Stands for the module of this name; {join(home, loader.SETTINGS)} says"
        f" where that is.\n# Written by poetry-plugin-package-function.\n\n\n{source}"
    ).encode()
    return Entry(module.file, BytesContent(content), len(content))


def starter(home: str) -> Entry:
    """Makes the file that Lambda's bootstrap obeys before it imports the handler.

    It calls `site.addsitedir` on the task root. So a handler in a dependency that is
    flat finds what is extracted at the start, too, and that files are located.
    """
    source = loader.stub("", home or ".", ".")
    content = (
        'import os; root = os.environ.get("LAMBDA_TASK_ROOT"); root and'
        f' exec({source!r}, {{"__file__": os.path.join(root, {STARTER!r})}})\n'
    ).encode()
    return Entry(STARTER, BytesContent(content), len(content))


def refuse_own_names(tree: Tree) -> None:
    """Refuses files that have the names which a nested result needs for its own.

    A flat result needs none of them, but the next may be nested, as the project grows;
    and its first package, which they are in, may be another one then.

    Raises:
        SourceError: Says of each name whose files are there.
    """
    homes = {"", *(each.path for each in tree.entry_modules if each.is_package)}
    taken: dict[str, set[str]] = defaultdict(set)
    for entry in tree.entries:
        if entry.name == STARTER:
            taken[STARTER].add(owner_of(entry))
        if _DIRECTORY not in entry.name:  # most names are done with here
            continue
        parts = entry.name.split("/")
        for depth, part in enumerate(parts):
            home = "/".join(parts[:depth])
            if part in _OWN_NAMES and home in homes:
                taken[join(home, part)].add(owner_of(entry))
    if taken:
        rows = [
            f"  {name} (of {', '.join(sorted(owners))})"
            for name, owners in sorted(taken.items())
        ]
        first = (
            "The loader of nested results needs these names for itself, and flat"
            " results may become nested as they grow:"
        )
        raise SourceError(
            (first, *rows),
            f"Rename the files, or leave them out: {exclude_line(*sorted(taken))}",
        )


def _no_entry_module(tree: Tree) -> SourceError:
    top_level = {entry.name.split("/")[0] for entry in tree.entries}
    candidates = sorted(
        name.removesuffix(".py")
        for name in top_level
        if name.removesuffix(".py").isidentifier()
    )
    return SourceError(
        "The files are too large for a flat ZIP, and a nested one needs a module of the"
        " project's own to start from; there is none. Top-level names:"
        f" {', '.join(candidates)}.",
        "Install the project into the virtual environment, or add its modules with"
        " `include`.",
    )
