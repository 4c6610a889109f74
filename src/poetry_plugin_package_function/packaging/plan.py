"""Decides the layout: pure numbers in, a decision out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from poetry_plugin_package_function.services import Service


_MOST_SAVED: Final = 0.25


class Layout(StrEnum):
    """How the files stand in the archive."""

    FLAT = "flat"
    NESTED = "nested"


NOBODYS: Final = "your code"
"""What files of no distribution are called: the project includes them, or somebody has
put them there, so that they count as the project's in all that is done with them."""


class DistributionSize(NamedTuple):
    """What one distribution takes.

    Attributes:
        name: The distribution's; "" for files that are no distribution's.
        version: As its metadata says.
        files: How many are shipped.
        unzipped_bytes: The sum of its files.
        zipped_bytes: The sum of what they take in the archive, without headers.
        wheel: The hash of the wheel that its streams were copied from, as the lock has
            it; None if they were compressed here.
        digest: SHA-256 over names, sizes, CRC-32 and modes of its files; hexadecimal.
        path: Who requires it, from the project on; it is the last one itself.
        nested: Whether it is in the inner ZIP, but for its metadata; tests and
            extension modules that are there alone do not count.
        layer: Whether it is in the layer.
        contents: For each file, by its name in the archive, what changes with it: made
            of CRC-32, size and mode. None if the streams come out of that wheel: its
            files change with its hash.
    """

    name: str
    version: str
    files: int
    unzipped_bytes: int
    zipped_bytes: int
    digest: str = ""
    wheel: str | None = None
    path: tuple[str, ...] = ()
    nested: bool = False
    layer: bool = False
    contents: dict[str, str] | None = None


class FileSize(NamedTuple):
    """What one file takes.

    Attributes:
        name: Its name in a flat archive, as what is seen of an import has it.
        distribution: Whose it is; "" if it is no distribution's.
        unzipped_bytes: Its size.
        zipped_bytes: What it takes in the archive, without headers.
        nested: Whether it is in the inner ZIP.
        prefix: What comes before the name in the archive that it is in: a layer's has
            all below `python/`.
    """

    name: str
    distribution: str
    unzipped_bytes: int
    zipped_bytes: int
    nested: bool
    prefix: str = ""


def limit_for(layers_size_bytes: int, service: Service | None = LAMBDA) -> int | None:
    """What the function has to stay below: layers count against the same limit.

    Args:
        layers_size_bytes: What is kept for layers.
        service: Whose limit it is; None for another cloud, which is asked nothing.
    """
    return service.unzipped_limit_bytes - layers_size_bytes if service else None


def layout_for(unzipped_bytes: int, limit_bytes: int | None) -> Layout:
    """Flat if it fits: the service takes what is smaller than the limit, not equal."""
    fits = limit_bytes is None or unzipped_bytes < limit_bytes
    return Layout.FLAT if fits else Layout.NESTED


def is_worth_compressing_more(nested_bytes: int, limit_bytes: int) -> bool:
    """Whether a nested result does not fit, and the slowest level could make it fit.

    That level takes minutes, and saves 4 % of what libdeflate's default makes of real
    trees; streams out of wheels may have been compressed carelessly.
    """
    return limit_bytes <= nested_bytes < limit_bytes / (1 - _MOST_SAVED)
