"""The AWS SDK that Lambda's runtimes bring: left out as a whole, or not at all."""

from __future__ import annotations

import re

from collections import defaultdict
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from packaging.version import InvalidVersion
from packaging.version import Version

from poetry_plugin_package_function.packaging.sources.distributions import required_name


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )


_SDK: Final = frozenset({"boto3", "botocore", "s3transfer"})
_BESIDE: Final = frozenset({"jmespath", "python-dateutil", "six", "urllib3"})
"""What the SDK itself needs: other code may need them as well, in other versions.

Source: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""


SDK: Final = _SDK | _BESIDE
"""All that Lambda's runtimes have of it, by the names of distributions."""

_VERSIONED: Final = frozenset({"boto3", "botocore"})
"""They have one version, but for its last digits."""


class Provided(NamedTuple):
    """What is left to the runtime.

    Attributes:
        names: Distributions; none if the SDK has to be shipped.
        why_not: Why it has to be, in a sentence; "" if it is left out or not there.
    """

    names: frozenset[NormalizedName] = frozenset()
    why_not: str = ""


NOTHING_PROVIDED: Final = Provided()


def provided_by(
    project_name: NormalizedName | None,
    version: str | None,
    distributions: Sequence[Distribution],
) -> Provided:
    """Finds out whether the SDK can be left to the runtime.

    A part of it must not be: the parts are made for one another.

    Args:
        project_name: The project's own distribution.
        version: The runtime's boto3, which AWS chooses by region and does not publish;
            None if the user does not say.
        distributions: All that would be shipped.

    Raises:
        SourceError: Metadata cannot be read.
    """
    present = {each.name: each for each in distributions if each.name in SDK}
    if not _SDK & present.keys():
        return NOTHING_PROVIDED
    why_not = _other_users(distributions, present, project_name)
    if not why_not and version is not None:
        why_not = _newer(present, version)
    if why_not:
        return Provided(why_not=f"The AWS SDK is shipped: {why_not}.")
    return Provided(frozenset(present))


def _other_users(
    distributions: Sequence[Distribution],
    present: Mapping[NormalizedName, Distribution],
    project_name: NormalizedName | None,
) -> str:
    extras = _extras(distributions)
    for each in distributions:
        wanted = each.required_with(extras[each.name]) & present.keys()
        if each.name == project_name:
            wanted -= _SDK
        if wanted and each.name not in present:
            who = "the project" if each.name == project_name else each.name
            return (
                f"{who} requires {', '.join(sorted(wanted))} as the lock has it, and"
                " the SDK cannot be divided"
            )
    return ""


def _extras(distributions: Sequence[Distribution]) -> Mapping[str, set[str]]:
    """Finds the extras that anybody asks for, by the names of what has them."""
    found: dict[str, set[str]] = defaultdict(set)
    for each in distributions:
        for text in each.all_requirements:
            match = re.match(r"[\w.-]+\s*\[([^\]]*)\]", text)
            if match:
                names = map(str.strip, match[1].split(","))
                found[required_name(text)].update(names)
    return found


def _newer(present: Mapping[NormalizedName, Distribution], version: str) -> str:
    for name, each in sorted(present.items()):
        if name in _VERSIONED and _is_newer(each.version, version):
            return f"{name} {each.version} is newer than the runtime's {version}"
    return ""


def _is_newer(own: str, other: str) -> bool:
    try:
        return Version(own) > Version(other)
    except InvalidVersion:
        return True  # what cannot be compared is shipped
