"""The names that files of an unpacked archive have in a flat one."""

from __future__ import annotations

import os
import re

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.nesting.loader import loader


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


def flat_names(files: Iterable[str], place: Unpacked) -> tuple[str, ...]:
    """Turns paths into names, in their order; what is no file of the archive goes.

    Args:
        files: Paths, which may be relative to the task root.
        place: Where the archive has been unpacked to.
    """
    return tuple(name for _, name in _named(files, place))


def names_by_path(files: Iterable[str], place: Unpacked) -> dict[str, str]:
    """Finds the names of paths; see `flat_names`."""
    return dict(_named(files, place))


def _named(files: Iterable[str], place: Unpacked) -> Iterator[tuple[str, str]]:
    extracted = re.escape(place.tmp_dir) + r"/package-function-[0-9a-f]+-[0-9]+"
    ours = re.compile(
        f"(?:{extracted}|{re.escape(place.task_root)}"
        f"|{re.escape(place.layers_root)}/python)/"
        f"(?:(?:.+/)?{re.escape(loader.MOVED)}/)?(.+)"
    )
    for file in files:
        path = os.path.normpath(os.path.join(place.task_root, file))
        if found := ours.fullmatch(path):
            yield file, found[1]
