"""Which lock a project has, and what it says."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.locks.poetry_lock import read_poetry_lock
from poetry_plugin_package_function.locks.pylock import read_pylock
from poetry_plugin_package_function.locks.uv_lock import read_uv_lock
from poetry_plugin_package_function.toml_files import read_toml


if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from poetry_plugin_package_function.locks.lock import Lock


class _Format(NamedTuple):
    """A kind of lock: what it is called, whose it is, what helps, how to read it."""

    file_name: str
    owner: str
    hint: str
    read: Callable[[dict[str, Any]], Lock]


_UV_LOCK: Final = "uv.lock"

# In this order: Poetry's command goes by the first, so both commands say the same. The
# last is made of one of the others, and says less.
_FORMATS: Final = (
    _Format("poetry.lock", "of Poetry", "Make it anew: poetry lock", read_poetry_lock),
    _Format(_UV_LOCK, "of uv", "Make it anew: uv lock", read_uv_lock),
    _Format(
        "pylock.toml",
        "as PEP 751 has it",
        "Make it anew with the tool that wrote it, such as: "
        "uv export --format pylock.toml --output-file pylock.toml",
        read_pylock,
    ),
)

LOCK_FILES: Final = frozenset(each.file_name for each in _FORMATS)
"""What locks are called."""


class FoundLock(NamedTuple):
    """A lock, and what its file is called."""

    file_name: str
    lock: Lock


def find_lock(directory: Path) -> FoundLock | None:
    """Reads the lock of a project; None if there is none.

    It is beside `pyproject.toml`, or at the root of a workspace of uv's.

    Raises:
        ConfigError: It cannot be read.
    """
    for each in _FORMATS:
        path = directory / each.file_name
        if path.is_file():
            return FoundLock(each.file_name, _read(path, each))
        if each.file_name == _UV_LOCK and (found := _workspace_lock(directory)):
            return found
    return None


def _read(path: Path, of: _Format) -> Lock:
    document = read_toml(path)
    try:
        return of.read(document)
    except (AttributeError, KeyError, TypeError):
        raise ConfigError([f"{path} is not a lock file {of.owner}."], of.hint) from None


def _workspace_lock(directory: Path) -> FoundLock | None:
    """Reads the lock of the workspace of uv's that a project is a member of.

    It is where the workspace's root is. What is there and does not have the project is
    somebody else's, whatever it is.
    """
    for root in directory.parents:
        path = root / _UV_LOCK
        if path.is_file():
            member = directory.relative_to(root).as_posix()
            with suppress(ConfigError, AttributeError, KeyError, TypeError):
                return FoundLock(_UV_LOCK, read_uv_lock(read_toml(path), member))
    return None
