"""Finds out what cannot be had for a target before anything is downloaded."""

from __future__ import annotations

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import InvalidWheelFilename
from packaging.utils import canonicalize_name
from packaging.utils import parse_wheel_filename

from poetry_plugin_package_function.bundling.constraining import marker_environment
from poetry_plugin_package_function.bundling.constraining import supported_tags
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.packaging.tree.dependency_paths import (
    shortest_paths,
)
from poetry_plugin_package_function.runtimes import ARCHITECTURES
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.tags import Tag
    from packaging.utils import NormalizedName
    from poetry.core.packages.package import Package
    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_plugin_package_function.bundling.plan import Bundle


_SHOWN: Final = 12


def check_wheels(poetry: Poetry, bundle: Bundle, env: Env) -> None:
    """Looks whether the lock has a wheel for all that will be installed for a target.

    What has no wheel at all is built here, and looked at when it has been.

    Args:
        poetry: Whose lock file it is.
        bundle: What is to be installed. Nothing is checked if it has no target, or if
            the lock is older than version 2.1: only the solver knows then what it is.
        env: The environment that it is installed into.

    Raises:
        IncompatibleTargetError: Something has wheels, but none for the target.
    """
    if bundle.target is None or not poetry.locker.is_locked_groups_and_markers():
        return
    from poetry.config.config import PackageFilterPolicy

    target = bundle.target
    wanted = wanted_packages(poetry, bundle, marker_environment(target, env.marker_env))
    tags = frozenset(supported_tags(target))
    no_binary = PackageFilterPolicy(poetry.config.get("installer.no-binary"))
    missing = [
        package
        for package in wanted
        if no_binary.allows(package.name)  # else it is built in any case
        and (wheels := _wheels(package))
        and not any(tags & each for each in wheels)
    ]
    if missing:
        paths = _paths(poetry, wanted)
        lines = [line for each in missing for line in _offer(each, target, paths)]
        raise IncompatibleTargetError(
            (f"poetry.lock has no wheel for {target} of:", *lines),
            "Choose another version or runtime, or have it built out of its sdist on"
            " a machine of that kind: poetry config installer.no-binary NAME",
        )


def wanted_packages(
    poetry: Poetry, bundle: Bundle, environment: Mapping[str, object]
) -> list[Package]:
    """Lists what Poetry will install out of a lock that names groups and markers."""
    from poetry.puzzle.transaction import Transaction

    transaction = Transaction(
        [],
        poetry.locker.locked_packages(),
        root_package=poetry.package,
        marker_env=environment,
        groups={canonicalize_name(each) for each in bundle.groups},
    )
    operations = transaction.calculate_operations(extras=set(bundle.extras))
    return [each.package for each in operations if not each.skipped]


def _wheels(package: Package) -> list[frozenset[Tag]]:
    """Lists the tags of each wheel that the lock has."""
    found = []
    for file in package.files:
        with suppress(InvalidWheelFilename):
            found.append(parse_wheel_filename(file["file"])[3])
    return found


def _offer(
    package: Package, target: Target, paths: Mapping[NormalizedName, str]
) -> Iterator[str]:
    wheels = _wheels(package)
    path = paths.get(package.name, "the lock")
    yield f"- {package.name} {package.version}, required by {path}"
    offered = frozenset().union(*wheels)
    known = {(tag.interpreter, tag.abi) for tag in supported_tags(target)}
    # Those of the right Python say the most: what is wrong is their platforms.
    right = {tag for tag in offered if (tag.interpreter, tag.abi) in known} or offered
    pythons = sorted({tag.interpreter for tag in right})
    platforms = sorted({tag.platform for tag in right})
    yield f"    has wheels of {_some(pythons)} for {_some(platforms)}"
    near = _near(wheels, target)
    if near:
        yield f"    has one for {near}"


def _some(names: list[str]) -> str:
    shown = names if len(names) <= _SHOWN else [*names[: _SHOWN - 1], "others"]
    return ", ".join(shown)


def _near(wheels: Iterable[frozenset[Tag]], target: Target) -> str:
    """Names the nearest of Lambda's runtimes that there is a wheel for."""
    if target.runtime is None:
        return ""
    names = list(RUNTIMES)
    own = names.index(target.runtime.name)
    by_distance = sorted(
        RUNTIMES.values(),
        key=lambda each: (each.is_preview, abs(names.index(each.name) - own)),
    )
    machines = sorted(ARCHITECTURES.values(), key=lambda each: each != target.machine)
    for machine, runtime in product(machines, by_distance):
        other = Target(runtime.python, machine, runtime.system, runtime)
        tags = frozenset(supported_tags(other))
        if any(tags & each for each in wheels):
            return str(other)
    return ""


def _paths(poetry: Poetry, wanted: Iterable[Package]) -> Mapping[NormalizedName, str]:
    """Finds for each distribution a shortest way that it is required by."""
    required: dict[NormalizedName, set[NormalizedName]] = {
        package.name: set() for package in wanted
    }
    for package in poetry.locker.lock_data["package"]:
        name = canonicalize_name(package["name"])
        if name in required:
            required[name] |= set(
                map(canonicalize_name, package.get("dependencies", {}))
            )
    roots = (each.name for each in poetry.package.all_requires)
    return {
        name: " > ".join((poetry.package.pretty_name, *path[:-1]))
        for name, path in shortest_paths(roots, required).items()
    }
