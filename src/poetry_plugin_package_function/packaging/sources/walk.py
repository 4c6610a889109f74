"""Files below a directory, with links followed."""

from __future__ import annotations

import errno
import os
import stat

from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.host import is_link
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import unreadable
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.sources.modes import is_executable


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Container
    from collections.abc import Iterator


def walk(
    top: str,
    prefix: str,
    is_excluded: Callable[[str], bool],
    is_wanted: Callable[[str], bool] = lambda _: True,
    is_passed_over: Callable[[os.DirEntry[str]], bool] = lambda _: False,
) -> Iterator[Entry]:
    """Lists all files below a directory; links are followed.

    Bytecode is passed over, but for modules that have no source beside them. What is
    excluded is not looked at, so it cannot be an error either.

    Args:
        top: Where to start.
        prefix: What the names in the archive begin with.
        is_excluded: Whether a name in the archive, or all below it, is left out.
        is_wanted: Whether a file of this name in the archive is asked for.
        is_passed_over: Whether a directory, or a file that is asked for, is no part of
            what is listed.
    """
    above: tuple[str, ...] = (os.path.realpath(top),)
    pending = [(top, prefix, above)]
    while pending:
        directory, prefix, real_above = pending.pop()
        items = listing(directory)
        names = {item.name for item in items}
        for item in items:
            name = prefix + item.name
            if is_excluded(name):
                continue
            try:
                if item.is_dir():
                    if item.name != "__pycache__" and not is_passed_over(item):
                        real = _real_directory(item, real_above)
                        pending.append((item.path, f"{name}/", (*real_above, real)))
                elif (
                    is_wanted(name)
                    and not is_cached_bytecode(item.name, names)
                    and not is_passed_over(item)
                ):
                    yield file_at(item.path, name, item.stat())
            except OSError as error:
                if is_wanted(name):
                    raise unusable(item.path, error) from None


def listing(directory: str) -> list[os.DirEntry[str]]:
    """Lists a directory.

    Raises:
        SourceError: It cannot be read, or is none.
    """
    try:
        with os.scandir(directory) as items:
            return list(items)
    except OSError as error:
        raise unusable(directory, error) from None


def _real_directory(item: os.DirEntry[str], real_above: tuple[str, ...]) -> str:
    inside = real_above[-1]
    if not is_link(item):
        return os.path.join(inside, item.name)
    real = os.path.realpath(item.path)
    if real in real_above or os.path.join(inside, "").startswith(
        os.path.join(real, "")
    ):
        raise SourceError(
            f"{item.path} is a symbolic link to {real}, which it is itself in:"
            " following it never ends.",
            "Remove the link.",
        )
    return real


def is_cached_bytecode(name: str, beside: Container[str]) -> bool:
    """Whether Python does not import a file, because it has its source.

    Python 3 never imports a `.pyo`, and a `.pyc` outside of `__pycache__` only if there
    is no `.py`. Source: PEP 3147.

    Args:
        name: The file's.
        beside: The names of what is in the same directory, at least.
    """
    return name.endswith(".pyo") or (name.endswith(".pyc") and name[:-1] in beside)


def file_at(path: str, name: str, status: os.stat_result) -> Entry:
    """Makes what is known of a file.

    Raises:
        SourceError: It is no regular file.
    """
    if not stat.S_ISREG(status.st_mode):
        raise SourceError(
            f"{path} is not a regular file.", "Remove it: the archive holds files only."
        )
    executable = is_executable(path, status)
    return Entry(name, FileContent(path), status.st_size, executable)


def unusable(path: str, error: OSError) -> SourceError:
    """Makes the error for a file that cannot be used, which may be a broken link."""
    if os.path.islink(path) and error.errno in (errno.ENOENT, errno.ELOOP):
        what = "which does not exist" if error.errno == errno.ENOENT else "in a circle"
        return SourceError(
            f"{path} is a symbolic link to {os.readlink(path)}, {what}.",
            "Remove the link, or install again what it belongs to.",
        )
    return unreadable(path, error)
