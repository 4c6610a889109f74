"""Decides the layout: pure numbers in, a decision out."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.services import Service


_MOST_SAVED: Final = 0.25


class Layout(StrEnum):
    """How the files stand in the archive."""

    FLAT = "flat"
    NESTED = "nested"


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
        name: Its name in the archive.
        distribution: Whose it is; "" if it is no distribution's.
        unzipped_bytes: Its size.
        zipped_bytes: What it takes in the archive, without headers.
        nested: Whether it is in the inner ZIP.
    """

    name: str
    distribution: str
    unzipped_bytes: int
    zipped_bytes: int
    nested: bool


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


def too_large(
    unzipped_bytes: int,
    nested_bytes: int,
    layers_size_bytes: int,
    distributions: Iterable[DistributionSize],
) -> PackageTooLargeError:
    """Makes the error for what does not fit: sizes, limit, largest distributions.

    Args:
        unzipped_bytes: All files, as they would be in a flat result.
        nested_bytes: What Lambda would count of a result that nests all it may.
        layers_size_bytes: What is kept for layers.
        distributions: To name the ten largest of.
    """
    first = (
        f"The files have {unzipped_bytes:,} bytes, and nested they still have"
        f" {nested_bytes:,}; both must be smaller than {_limit(layers_size_bytes)}."
        " The largest distributions:"
    )
    return PackageTooLargeError(
        (first, *_largest(distributions, zipped=True)),
        "Leave something out with `exclude`, drop a dependency, take names out of"
        " `keep-flat`, or deploy a container image, which may have 10 GB.",
    )


def too_large_for_a_layer(
    they_have: str,
    unzipped_bytes: int,
    layers_size_bytes: int,
    distributions: Iterable[DistributionSize],
) -> PackageTooLargeError:
    """Makes the error for a layer that, with its function, does not fit unzipped.

    Args:
        they_have: What is too large, as the beginning of a sentence.
        unzipped_bytes: All files.
        layers_size_bytes: What is kept for other layers.
        distributions: To name the ten largest of.
    """
    first = (
        f"{they_have} {unzipped_bytes:,} bytes unzipped, which must be less than"
        f" {_limit(layers_size_bytes)}, and no layer is nested. The largest"
        " distributions:"
    )
    return PackageTooLargeError(
        (first, *_largest(distributions, zipped=False)),
        "Package without a layer: what is too large is nested then. Or leave something"
        " out with `exclude`, or drop a dependency.",
    )


def too_large_to_be_flat(
    service: Service, unzipped_bytes: int, distributions: Iterable[DistributionSize]
) -> PackageTooLargeError:
    """Makes the error for what does not fit where nothing can be nested.

    Args:
        service: What it is too large for.
        unzipped_bytes: All files.
        distributions: To name the ten largest of.
    """
    first = (
        f"The files have {unzipped_bytes:,} bytes unzipped, which must be less than the"
        f" {service.unzipped_limit_bytes:,} of {service.name}. The largest"
        " distributions:"
    )
    return PackageTooLargeError((first, *_largest(distributions, zipped=False)), _LESS)


def too_large_zipped(
    service: Service, zipped_bytes: int, distributions: Iterable[DistributionSize]
) -> PackageTooLargeError:
    """Makes the error for a ZIP that the service refuses, whatever is in it.

    Args:
        service: What it is too large for.
        zipped_bytes: The ZIP's size.
        distributions: To name the ten largest of.
    """
    first = (
        f"The ZIP has {zipped_bytes:,} bytes, and {service.name} takes"
        f" {service.zipped_limit_bytes:,} at most. The largest distributions:"
    )
    return PackageTooLargeError((first, *_largest(distributions, zipped=True)), _LESS)


_LESS: Final = (
    "Leave something out with `exclude`, drop a dependency, or deploy a container"
    " image."
)


def _largest(
    distributions: Iterable[DistributionSize], *, zipped: bool
) -> Iterator[str]:
    by_size = sorted(distributions, key=lambda each: (-each.unzipped_bytes, each.name))
    for each in by_size[:10]:
        sizes = f"{megabytes(each.unzipped_bytes):>10} unzipped"
        if zipped:
            sizes += f"{megabytes(each.zipped_bytes):>10} zipped"
        name = each.name or "files of no distribution"
        yield f"  {sizes}  {name} {each.version}".rstrip()


def _limit(layers_size_bytes: int) -> str:
    kept = f" ({layers_size_bytes:,} kept for layers)" if layers_size_bytes else ""
    limit_bytes = LAMBDA.unzipped_limit_bytes - layers_size_bytes
    return f"{limit_bytes:,} bytes{kept}"
