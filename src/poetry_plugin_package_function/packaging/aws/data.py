"""The data of botocore and boto3, which is a directory for each of AWS's services."""

from __future__ import annotations

import difflib
import re

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceError


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.packaging.aws.calls import Asking
    from poetry_plugin_package_function.packaging.sources.distributions import (
        Distribution,
    )
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


_MODELS: Final = "botocore/data/"
_DATA: Final = re.compile(r"(?:botocore|boto3)/data/([^/]+)/")
"""`SERVICE/VERSION/KIND.json`, or `.json.gz`. What is beside the directories is for all
services: endpoints, partitions, retries, defaults. So it is in botocore 1.29 to 1.44.

Source: botocore/loaders.py
"""

FOR_CREDENTIALS: Final = frozenset({"signin", "sso", "sso-oidc", "sts"})
"""What botocore itself asks for, for credentials, from profiles and web identities on.
They take 62 KB. `signin` is there from 1.41 on.

Source: botocore/credentials.py and tokens.py of 1.29 to 1.44
"""

_ALIASES: Final = {"runtime.sagemaker": "sagemaker-runtime"}
"""Source: `SERVICE_NAME_ALIASES` of botocore"""

_MEANT: Final = {
    "alb": "elbv2",
    "cloudwatch-events": "events",
    "cloudwatch-logs": "logs",
    "cognito": "cognito-idp",
    "config-service": "config",
    "cost-explorer": "ce",
    "database-migration-service": "dms",
    "directory-service": "ds",
    "documentdb": "docdb",
    "elastic-load-balancing": "elb",
    "elastic-load-balancing-v2": "elbv2",
    "elasticsearch": "es",
    "elasticsearch-service": "es",
    "eventbridge": "events",
    "msk": "kafka",
    "parameter-store": "ssm",
    "sfn": "stepfunctions",
    "simpledb": "sdb",
    "systems-manager": "ssm",
}
"""Services that botocore has under a name that is not like theirs.

Source: `EVENT_ALIASES` of botocore, and AWS's own names
"""


class AwsServices(NamedTuple):
    """Which of AWS's services are shipped; names as botocore has them, in order.

    Attributes:
        names: Those that are asked for.
        beside: Those that botocore asks for itself, for credentials.
        left_out: Those whose data is not shipped.
        left_out_bytes: What that data has unzipped.
        why_not: Why none could be left out, in words; "" if some could.
        askers: Code that asks by name for what is left out, and may never run.
    """

    names: tuple[str, ...]
    beside: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    left_out_bytes: int = 0
    why_not: str = ""
    askers: tuple[Asking, ...] = ()

    @property
    def shipped(self) -> tuple[str, ...]:
        """All that are."""
        return tuple(sorted({*self.names, *self.beside}))


def client_name(name: str) -> str:
    """The name that botocore's data has, for one that it takes in its place."""
    return _ALIASES.get(name, name)


def services_of(tree: Tree) -> Mapping[str, int]:
    """Measures the data of each service that botocore has data of, in bytes."""
    found: Counter[str] = Counter()
    models = set()
    for entry in tree.entries:
        service = _service_of(entry)
        if service:
            found[service] += entry.size_bytes
            if entry.name.startswith(_MODELS):
                models.add(service)
    return {name: found[name] for name in sorted(models)}


def has_data(tree: Tree) -> bool:
    """Whether botocore has data in a tree."""
    return any(each.name.startswith(_MODELS) for each in tree.entries)


def _service_of(entry: Entry) -> str:
    """Whose data a file is; "" if it is for all, or no data of the SDK's."""
    match = None if entry.included else _DATA.match(entry.name)
    return match[1] if match else ""


def only_services(tree: Tree, wanted: Iterable[str]) -> Tree:
    """Leaves out the data of all services but some, and those for credentials.

    Args:
        tree: What would be shipped.
        wanted: Names of services, of which there is one at least.

    Raises:
        SourceError: botocore has no service of such a name.
    """
    sizes = services_of(tree)
    names = frozenset(map(client_name, wanted))
    if not sizes:
        why_not = "botocore's data is not in the package"
        if tree.provided.names:
            why_not = "the AWS SDK is left to the runtime, with all services"
        services = AwsServices(tuple(sorted(names)), why_not=why_not)
        return replace(tree, aws_services=services)
    _refuse_unknown(names, sizes.keys(), tree.distributions)
    services = divided(sizes, names)
    gone = frozenset(services.left_out)
    return replace(
        tree,
        entries=tuple(each for each in tree.entries if _service_of(each) not in gone),
        aws_services=services,
    )


def divided(sizes: Mapping[str, int], names: AbstractSet[str]) -> AwsServices:
    """Says which services are shipped if some are asked for.

    Args:
        sizes: See `services_of`.
        names: Those that are asked for, as botocore has them.
    """
    beside = FOR_CREDENTIALS & sizes.keys() - names
    left_out = sizes.keys() - names - beside
    return AwsServices(
        tuple(sorted(names)),
        tuple(sorted(beside)),
        tuple(sorted(left_out)),
        sum(sizes[name] for name in left_out),
    )


def services_line(names: Iterable[str]) -> str:
    """The line of the settings that ships these services and no others."""
    listed = ", ".join(f'"{name}"' for name in sorted(names))
    return f"aws-services = [{listed}]"


def _refuse_unknown(
    names: AbstractSet[str],
    known: AbstractSet[str],
    distributions: Iterable[Distribution],
) -> None:
    botocore = next((each for each in distributions if each.name == "botocore"), None)
    who = f"botocore {botocore.version}" if botocore else "botocore"
    excluded = {
        match[1]
        for row in (botocore.rows if botocore else None) or ()
        if row.path.startswith(_MODELS) and (match := _DATA.match(row.path))
    } - known
    problems = [
        f"aws-services: `exclude` leaves out the data of {name!r}."
        if name in excluded
        else f"aws-services: {who} has no service {name!r}.{_meant(name, known)}"
        for name in sorted(names - known)
    ]
    if problems:
        raise SourceError(
            problems,
            f"Names are those of boto3.client, and there are {len(known):,}:"
            " boto3.Session().get_available_services() lists them.",
        )


def _meant(name: str, known: AbstractSet[str]) -> str:
    found = next((each for each in _candidates(name, known) if each in known), None)
    return f" Did you mean {found!r}?" if found else ""


def _candidates(name: str, known: AbstractSet[str]) -> Iterator[str]:
    plain = re.sub(r"[\s_]+", "-", name.lower())
    plain = re.sub(r"^(aws|amazon)-", "", plain)
    yield plain
    yield plain.replace("-", "")
    yield _MEANT.get(plain, "")
    yield from difflib.get_close_matches(plain, sorted(known), 1)
