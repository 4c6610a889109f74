"""The errors for what is larger than a service takes, and the rows of what is largest.

Sizes are in MB as everywhere; how much is too many shows what a decimal would hide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.packaging.plan import NOBODYS
from poetry_plugin_package_function.services import LAMBDA


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.services import Service


_MOST_NAMED: Final = 10
_LESS: Final = (
    "Leave something out with `exclude`, drop a dependency, or deploy a container"
    " image."
)


def too_large(
    unzipped_bytes: int,
    nested_bytes: int,
    layers_size_bytes: int,
    distributions: Iterable[DistributionSize],
) -> PackageTooLargeError:
    """Makes the error for what fits neither flat nor nested.

    Args:
        unzipped_bytes: All files, as they would be in a flat result.
        nested_bytes: What Lambda would count of a result that nests all it may.
        layers_size_bytes: What is kept for layers.
        distributions: To name the largest of.
    """
    return _error(
        f"The files have {megabytes(unzipped_bytes)}, and nested they still have"
        f" {_below_the_limit(nested_bytes, layers_size_bytes)}",
        largest(distributions, _MOST_NAMED),
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
        distributions: To name the largest of.
    """
    return _error(
        f"{they_have} {_below_the_limit(unzipped_bytes, layers_size_bytes)}"
        " No layer is nested.",
        largest(distributions, _MOST_NAMED),
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
        distributions: To name the largest of.
    """
    return _error(
        f"The files have {_below_the_limit(unzipped_bytes, 0, service)}",
        largest(distributions, _MOST_NAMED),
        _LESS,
    )


def too_large_zipped(
    service: Service,
    zipped_bytes: int,
    limit_bytes: int,
    distributions: Iterable[DistributionSize],
) -> PackageTooLargeError:
    """Makes the error for a ZIP that the service refuses, whatever is in it.

    Args:
        service: What it is too large for.
        zipped_bytes: The ZIP's size.
        limit_bytes: What it may have.
        distributions: To name the largest of.
    """
    return _error(
        f"The ZIP has {megabytes(zipped_bytes)}, and {service.name} takes"
        f" {limit(limit_bytes)} at most: {megabytes(zipped_bytes - limit_bytes)} too"
        " many.",
        largest(distributions, _MOST_NAMED, by_zip=True),
        _LESS,
    )


def largest(
    distributions: Iterable[DistributionSize], most: int, *, by_zip: bool = False
) -> Iterator[str]:
    """Writes a row for each of the largest distributions.

    Args:
        distributions: All; what they take in the archive is 0 if that is not known.
        most: How many rows there are at most.
        by_zip: Whether that is what counts, and not what they are unzipped.
    """

    def rank(each: DistributionSize) -> tuple[int, str]:
        return -(each.zipped_bytes if by_zip else each.unzipped_bytes), each.name

    for each in sorted(distributions, key=rank)[:most]:
        sizes = f"{megabytes(each.unzipped_bytes):>10} unzipped"
        if each.zipped_bytes:
            sizes += f"{megabytes(each.zipped_bytes):>10} zipped"
        name = f"{each.name or NOBODYS} {each.version}".rstrip()
        users = " > ".join(each.path[:-1])
        yield f"  {sizes}  {name}{f', required by {users}' if users else ''}"


def _error(what: str, rows: Iterable[str], hint: str) -> PackageTooLargeError:
    return PackageTooLargeError((f"{what} The largest distributions:", *rows), hint)


def _below_the_limit(
    size_bytes: int, layers_size_bytes: int, service: Service = LAMBDA
) -> str:
    """Says a size, what it has to be less than, and how much has to go."""
    limit_bytes = service.unzipped_limit_bytes - layers_size_bytes
    kept = f" with {limit(layers_size_bytes)} kept for layers"
    return (
        f"{megabytes(size_bytes)} unzipped, and {service.name} takes less than"
        f" {limit(limit_bytes)}{kept if layers_size_bytes else ''}:"
        f" {megabytes(size_bytes - limit_bytes + 1)} too many."
    )
