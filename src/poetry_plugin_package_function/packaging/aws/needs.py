"""Whether what code asks the AWS SDK for is shipped, and what it could do without."""

from __future__ import annotations

import re

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.aws.calls import Asking
from poetry_plugin_package_function.packaging.aws.calls import asked
from poetry_plugin_package_function.packaging.aws.data import client_name
from poetry_plugin_package_function.packaging.aws.data import divided
from poetry_plugin_package_function.packaging.aws.data import only_services
from poetry_plugin_package_function.packaging.aws.data import services_line
from poetry_plugin_package_function.packaging.aws.data import services_of
from poetry_plugin_package_function.packaging.project_code.mentions import mentions
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.modules import handler_parts
from poetry_plugin_package_function.packaging.sources.modules import module_parts


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.aws.data import AwsServices
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree


_SDK: Final = frozenset({"aiobotocore", "boto3", "botocore", "s3transfer"})
"""Distributions that ask for what they are asked for, or for credentials."""

_OF_SDK: Final = re.compile(rb"boto(?:3|core)")
_MENTIONS_SDK: Final = re.compile(
    rb"(?<![a-z])(?:aio)?boto|session\.(?:client|resource)\b", re.IGNORECASE
)
"""In the project's own code, which may have a wrapper (`from my_app.boto import s3`),
or is handed a session."""
_WORTH_TELLING_BYTES: Final = 1 << 20
_MOST_READ_BYTES: Final = 16 << 20
"""Of dependencies' sources, for a suggestion: they take 0.12 s."""


def with_aws_services(
    tree: Tree,
    wanted: Iterable[str],
    project: NormalizedName | None,
    handler: str | None,
) -> Tree:
    """Leaves out the data of all of AWS's services but those that are wanted.

    Args:
        tree: What would be shipped.
        wanted: Names of services, of which there is one at least.
        project: The project's own distribution.
        handler: The handler's name, if it is known: of the project's modules only those
            that it leads to have to find what they ask for.

    Raises:
        SourceError: There is no such service, or code of the project that mentions the
            SDK asks for one that would be left out. Other code may mean something else
            by `client("events")`.
    """
    cut = only_services(tree, wanted)
    services = cut.aws_services
    if services is None or services.why_not:
        return cut
    own = _own_sources(tree, project)
    needed = {
        name: entry
        for name, entry in _led_to(own, handler).items()
        if _MENTIONS_SDK.search(read(entry.content))
    }
    gone = frozenset(services.left_out)
    found = [each for each in _asking(needed.values(), own) if each.service in gone]
    if found:
        raise _missing(found, services)
    others = [
        entry
        for entry in tree.entries
        if entry.name.endswith(".py")
        and entry.name not in needed
        and entry.distribution not in _SDK
        and (entry.name in own or _OF_SDK.search(read(entry.content)))
    ]
    askers = tuple(each for each in _asking(others, own) if each.service in gone)
    return replace(cut, aws_services=services._replace(askers=askers))


def suggested(tree: Tree, project: NormalizedName | None) -> AwsServices | None:
    """Finds which services would do, if all that is asked for is known.

    It is, if all code of the project asks by literals, and no dependency has a source
    that mentions the SDK.

    Args:
        tree: What is shipped, with the data of all services.
        project: The project's own distribution.

    Returns:
        What would be shipped of the data, and what be left out; None if that is not
        known, or not worth it.
    """
    sizes = services_of(tree)
    if sum(sizes.values()) < _WORTH_TELLING_BYTES:
        return None
    own = _own_sources(tree, project)
    if any(
        module_parts(entry.name) and entry.name not in own
        for entry in tree.entries
        if entry.distribution in (None, project)
    ):
        return None  # a module without a source
    names: set[str] = set()
    for entry in own.values():
        found = asked(read(entry.content))
        if not found.is_all:
            return None
        names.update(map(client_name, found.lines))
    services = divided(sizes, names & sizes.keys())
    if not services.names or services.left_out_bytes < _WORTH_TELLING_BYTES:
        return None
    others = [
        entry
        for entry in tree.entries
        if entry.name not in own
        and entry.distribution not in _SDK
        and entry.name.endswith(".py")
    ]
    if sum(each.size_bytes for each in others) > _MOST_READ_BYTES or any(
        _OF_SDK.search(read(each.content)) for each in others
    ):
        return None
    return services


def _own_sources(tree: Tree, project: NormalizedName | None) -> Mapping[str, Entry]:
    """Finds the sources that are the project's: its own, included, or nobody's."""
    return {
        entry.name: entry
        for entry in tree.entries
        if entry.name.endswith(".py") and entry.distribution in (None, project)
    }


def _led_to(own: Mapping[str, Entry], handler: str | None) -> Mapping[str, Entry]:
    """Finds the modules that a handler leads to, by all that they mention.

    If its module is none of the project's, that is all of them: a wrapper calls what a
    variable names.
    """
    start = tuple(handler_parts(handler)) if handler else ()
    modules = {
        tuple(module): entry
        for name, entry in own.items()
        if (module := module_parts(name))
    }
    if start not in modules:
        return own
    found: dict[str, Entry] = {}
    pending = [start]
    while pending:
        parts = pending.pop()
        for depth in range(1, len(parts) + 1):
            entry = modules.get(parts[:depth])
            if entry is None or entry.name in found:
                continue
            found[entry.name] = entry
            is_package = entry.name.endswith("/__init__.py")
            package = parts[:depth] if is_package else parts[: depth - 1]
            said = mentions(read(entry.content), package)
            pending += [*said.modules, *said.texts]
    return found


def _asking(entries: Iterable[Entry], own: Mapping[str, Entry]) -> Iterator[Asking]:
    for entry in entries:
        owner = "" if entry.name in own else entry.distribution or ""
        for name, lines in asked(read(entry.content)).lines.items():
            for line in lines:
                yield Asking(client_name(name), entry.name, line, owner)


def _missing(found: Sequence[Asking], services: AwsServices) -> SourceError:
    names = sorted({each.service for each in found})
    lines = [
        f"  {each.place} asks for {each.service}"
        for each in sorted(found, key=lambda each: (each.file, each.line))
    ]
    what = "a service" if len(names) == 1 else "services"
    return SourceError(
        (f"The project asks for {what} that `aws-services` leaves out:", *lines),
        f"Write {services_line((*services.names, *names))} instead, or leave out with"
        " `exclude` what is never run.",
    )
