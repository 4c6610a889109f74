"""The names that files of an unpacked archive have in a flat one."""

from __future__ import annotations

import os
import re

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.nesting.loader import loader


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.verify.unpacking import Unpacked


def flat_names(files: Iterable[str], place: Unpacked) -> tuple[str, ...]:
    """Turns paths into names, in their order; what is no file of the archive goes.

    Args:
        files: Paths, which may be relative to the task root.
        place: Where the archive has been unpacked to.
    """
    extracted = re.escape(place.tmp_dir) + r"/package-function-[0-9a-f]+-[0-9]+"
    ours = re.compile(
        f"(?:{extracted}|{re.escape(place.task_root)}"
        f"|{re.escape(place.layers_root)}/python)/"
        f"(?:(?:.+/)?{re.escape(loader.MOVED)}/)?(.+)"
    )
    found = (
        ours.fullmatch(os.path.normpath(os.path.join(place.task_root, file)))
        for file in files
    )
    return tuple(each[1] for each in found if each)
