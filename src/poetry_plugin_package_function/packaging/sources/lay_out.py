"""Puts distributions on the disk, for those who need them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.content import read


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Source


def lay_out(
    sources: Iterable[Source], names: frozenset[NormalizedName], directory: Path
) -> Mapping[str, Path]:
    """Writes the files of distributions.

    Args:
        sources: Where they are.
        names: Whose.
        directory: Where to; it is empty.

    Returns:
        The files and directories in it, by their names.

    Raises:
        SourceError: A file cannot be read.
        OSError: A file cannot be written.
    """
    for source in sources if names else ():
        others = {each.name for each in source.distributions} - names
        for entry in source.files(others, lambda _: False):
            if entry.distribution in names:
                path = directory / entry.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(read(entry.content))
    return {each.name: each for each in directory.iterdir()}
