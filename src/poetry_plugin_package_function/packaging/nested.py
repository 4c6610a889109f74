"""The outer ZIP of a nested result: stubs, the loader, and the rest in an inner ZIP.

The layout is the one of package-python-function 1.0.0 (`<entry>/.dependencies.zip` and
`<entry>/__init__.py`), with the loader and its settings beside the inner ZIP.
"""

from __future__ import annotations

import json
import os

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING
from typing import BinaryIO
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging import loader
from poetry_plugin_package_function.packaging.archive import Archive
from poetry_plugin_package_function.packaging.deflate import deflate_one
from poetry_plugin_package_function.packaging.scan import MODULE_SUFFIXES
from poetry_plugin_package_function.packaging.scan import Entry


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.archive import Written
    from poetry_plugin_package_function.packaging.deflate import Member
    from poetry_plugin_package_function.packaging.scan import EntryModule
    from poetry_plugin_package_function.packaging.scan import Tree
    from poetry_plugin_package_function.packaging.timestamp import DosTime


BLOCK_BYTES: Final = 4096
"""What a file system gives to files, as a rule."""

LOADER: Final = ".dependencies_loader.py"


@dataclass(frozen=True)
class NestedArchive:
    """What is known of a nested result.

    Attributes:
        archive: The inner ZIP's name in the outer one.
        inner: The inner ZIP.
        outer: The outer ZIP.
        compressed_bytes: What each file takes in the inner ZIP, by name.
        unzipped_bytes: What Lambda counts: all files of the outer ZIP. If it is not
            below the limit, the ZIPs are not complete.
        extracted_bytes: The sum of the files that the loader writes into `/tmp`.
        tmp_bytes: What they take there, in whole blocks.
    """

    archive: str
    inner: Written
    outer: Written
    compressed_bytes: dict[str, int]
    unzipped_bytes: int
    extracted_bytes: int
    tmp_bytes: int


def outer_entries(tree: Tree) -> tuple[str, tuple[Entry, ...]]:
    """Lists what stands beside the inner ZIP, but for the loader's settings.

    Included files that are no modules stand there too: code that opens them by a path
    below the current directory or `LAMBDA_TASK_ROOT` finds them as in a flat result.

    Returns:
        The name of the directory that the inner ZIP goes into, "" for the root, and the
        entries.

    Raises:
        SourceError: The project has no module that a stub could stand for.
    """
    modules = tree.entry_modules
    if not modules:
        raise _no_entry_module(tree)
    home = next((module.path for module in modules if module.is_package), "")
    source = resources.files(loader.__package__).joinpath("loader.py").read_bytes()
    written = {
        _join(home, LOADER): source,
        **{module.file: _stub(module, home) for module in modules},
    }
    entries = [Entry(name, content, len(content)) for name, content in written.items()]
    entries += [
        entry
        for entry in tree.entries
        if entry.included and not _is_code(entry.name, modules)
    ]
    return home, tuple(entries)


def write_nested(
    stream: BinaryIO,
    home: str,
    beside: Iterable[Entry],
    members: Iterable[Member],
    time: DosTime,
    limit_bytes: int,
) -> NestedArchive:
    """Writes the outer ZIP, with the inner one in place.

    What is beyond the limit is only counted: a tree of any size does not fill the disk.

    Args:
        stream: A seekable stream.
        home: See `outer_entries`.
        beside: See `outer_entries`.
        members: What the inner ZIP holds, in the order of names.
        time: Of all members.
        limit_bytes: What the result has to stay below.
    """
    archive_name = _join(home, loader.ARCHIVE)
    settings_name = _join(home, loader.SETTINGS)
    contents = {entry.name: entry for entry in beside}
    outer = Archive(stream, time)
    unwritten: dict[str, int] = {}
    extracted_bytes = tmp_bytes = unwritten_bytes = 0
    # The settings hold the inner ZIP's digest: their name sorts behind it.
    for name in sorted([*contents, archive_name, settings_name]):
        if name == archive_name:
            with outer.nested(name) as inner:
                for member in members:
                    extracted_bytes += member.size_bytes
                    tmp_bytes += -(-member.size_bytes // BLOCK_BYTES) * BLOCK_BYTES
                    if inner.size_bytes + len(member.data) < limit_bytes:
                        inner.add(member)
                    else:
                        size_bytes = len(member.data)
                        unwritten_bytes += inner.bytes_for(member.name, size_bytes)
                        unwritten[member.name] = size_bytes
            nested = inner.close()
        elif name == settings_name:
            settings = {"sha256": nested.sha256}
            content = json.dumps(settings).encode() + b"\n"
            contents[name] = Entry(name, content, len(content))
            outer.add(deflate_one(contents[name]))
        else:
            outer.add(deflate_one(contents[name]))
    return NestedArchive(
        archive_name,
        nested,
        outer.close(),
        nested.compressed_bytes | unwritten,
        nested.size_bytes
        + unwritten_bytes
        + sum(entry.size_bytes for entry in contents.values()),
        extracted_bytes,
        tmp_bytes,
    )


def _join(home: str, name: str) -> str:
    return f"{home}/{name}" if home else name


def _is_code(name: str, modules: tuple[EntryModule, ...]) -> bool:
    return name.endswith(MODULE_SUFFIXES) and any(
        name.startswith(f"{module.path}/" if module.is_package else f"{module.path}.")
        for module in modules
    )


_STUB: Final = '''\
"""Stands for the module of this name, which is in {archive}.

Written by poetry-plugin-package-function.
"""


def _load():
    import os
    import sys
    from importlib.util import module_from_spec, spec_from_file_location

    here = os.path.dirname(os.path.abspath(__file__))
    home = os.path.normpath(os.path.join(here, {home!r}))
    task_root = os.path.normpath(os.path.join(here, {task_root!r}))
    loader = sys.modules.get({loader!r})
    if loader is None:
        path = os.path.join(home, {file!r})
        spec = spec_from_file_location({loader!r}, path)
        loader = module_from_spec(spec)
        spec.loader.exec_module(loader)
        loader = sys.modules.setdefault({loader!r}, loader)
    if __name__ == {name!r}:
        loader.load(__name__, home, task_root)
        return
    directory = loader.prepare(home, task_root)
    import runpy

    if __name__ == "__main__":
        runpy.run_module({name!r}, run_name="__main__", alter_sys=True)
    else:  # run by its path, under a name of somebody else's
        path = os.path.join(directory, {module_file!r})
        globals().update(runpy.run_path(path, run_name=__name__))


_load()
'''


def _stub(module: EntryModule, home: str) -> bytes:
    directory = os.path.dirname(module.file)
    return _STUB.format(
        archive=_join(home, loader.ARCHIVE),
        home=os.path.relpath(home or ".", directory or "."),
        task_root=os.path.relpath(".", directory or "."),
        loader="_package_function_loader",
        file=LOADER,
        name=module.name,
        module_file=module.file,
    ).encode()


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
