"""What is in a project's directory, and no part of the project."""

from __future__ import annotations

import os

from typing import Final

from poetry_plugin_package_function.locks.finding import LOCK_FILES


RUBBISH: Final = LOCK_FILES.union(
    ("build", "cdk.out", "node_modules", "pyproject.toml", "requirements.txt")
)
"""What tools write or read. What else they write is hidden, or Git ignores it."""

NOT_DEPLOYED: Final = frozenset(("__pycache__", "dist", "docs", "test", "tests"))
"""Directories of a project where nothing is that a function needs."""

_OF_FILE_MANAGERS: Final = (".DS_Store", "Thumbs.db", "desktop.ini")
_HISTORY: Final = (".git", ".hg", ".svn")
_PENDING: Final = (".package-function-", ".tmp")


def pending_name(token: str) -> str:
    """Names a file that is being written, beside its place.

    Nobody who packages a project at the same time takes it for a part of that.
    """
    return token.join(_PENDING)


def is_never_shipped(item: os.DirEntry[str]) -> bool:
    """Whether something is no part of a project, whatever asks for it.

    That is what has the history, an environment, a file that is being written, and what
    file managers leave.
    """
    prefix, suffix = _PENDING
    if item.name.startswith(prefix) and item.name.endswith(suffix):
        return True
    if is_of_file_manager(item.name):
        return True
    return item.is_dir() and (
        item.name in _HISTORY or os.path.isfile(os.path.join(item.path, "pyvenv.cfg"))
    )


def is_of_file_manager(name: str) -> bool:
    """Whether macOS or Windows has left a file beside those of a project.

    `._NAME` has what macOS knows of NAME, where the file system has no place for it
    (AppleDouble, RFC 1740).
    """
    file = name.rpartition("/")[2]
    return file in _OF_FILE_MANAGERS or file.startswith("._")


def is_shipped_by_name(name: str) -> bool:
    """Whether something is shipped only if it is named, and not found by a pattern.

    Hidden files have passwords (`.env`), hidden directories what tools have kept.
    """
    return name.startswith(".") or name in RUBBISH
