"""Finds out what cannot be had for a target before anything is downloaded."""

from __future__ import annotations

from collections import defaultdict
from collections import deque
from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import InvalidWheelFilename
from packaging.utils import canonicalize_name
from packaging.utils import parse_wheel_filename

from poetry_plugin_package_function.bundling.constraining import marker_environment
from poetry_plugin_package_function.bundling.constraining import supported_tags
from poetry_plugin_package_function.errors import IncompatibleTargetError
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
    target = bundle.target
    wanted = _wanted(poetry, bundle, marker_environment(target, env.marker_env))
    tags = frozenset(supported_tags(target))
    refused = canonicalized(poetry.config.get("installer.no-binary") or ())
    missing = []
    for package in wanted:
        wheels = _wheels(package)
        if wheels and not any(tags & each for each in wheels.values()):
            if ":all:" in refused or package.name in refused:
                continue  # it is built out of its sdist in any case
            missing.append(package)
    if missing:
        paths = _paths(poetry, wanted)
        lines = [line for each in missing for line in _told(each, target, paths)]
        raise IncompatibleTargetError(
            f"poetry.lock has no wheel for {target} of:\n" + "\n".join(lines),
            "Choose another version or runtime, or have it built out of its sdist on"
            " a machine of that kind: poetry config installer.no-binary NAME",
        )


def canonicalized(policy: Iterable[str] | bool | str) -> frozenset[str]:
    """Reads a setting of Poetry that names distributions."""
    if isinstance(policy, bool):
        return frozenset({":all:"} if policy else ())
    names = policy.split(",") if isinstance(policy, str) else policy
    return frozenset(
        name if name.startswith(":") else canonicalize_name(name)
        for name in map(str.strip, names)
    )


def _wanted(
    poetry: Poetry, bundle: Bundle, environment: Mapping[str, object]
) -> list[Package]:
    """Lists what Poetry will install."""
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


def _wheels(package: Package) -> dict[str, frozenset[Tag]]:
    found = {}
    for file in package.files:
        try:
            _, _, _, tags = parse_wheel_filename(file["file"])
        except InvalidWheelFilename:
            continue
        found[file["file"]] = tags
    return found


def _told(
    package: Package, target: Target, paths: Mapping[NormalizedName, str]
) -> Iterator[str]:
    wheels = _wheels(package)
    path = paths.get(package.name, "the lock")
    yield f"- {package.name} {package.version}, required by {path}"
    offered = {tag for tags in wheels.values() for tag in tags}
    known = {(tag.interpreter, tag.abi) for tag in supported_tags(target)}
    # Those of the right Python tell the most: what is wrong is their platforms.
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


def _near(wheels: Mapping[str, frozenset[Tag]], target: Target) -> str:
    """Names the nearest of Lambda's runtimes that there is a wheel for."""
    if target.runtime is None:
        return ""
    names = list(RUNTIMES)
    own = names.index(target.runtime.name)
    by_distance = sorted(names, key=lambda name: (abs(names.index(name) - own), name))
    for machine in (
        target.machine,
        *sorted({*ARCHITECTURES.values()} - {target.machine}),
    ):
        for name in by_distance:
            runtime = RUNTIMES[name]
            other = Target(runtime.python, machine, runtime.system, runtime)
            tags = frozenset(supported_tags(other))
            if any(tags & each for each in wheels.values()):
                return str(other)
    return ""


def _paths(poetry: Poetry, wanted: Iterable[Package]) -> dict[NormalizedName, str]:
    """Finds for each distribution a shortest way that it is required by."""
    names = {package.name for package in wanted}
    required: dict[NormalizedName, set[NormalizedName]] = defaultdict(set)
    for package in poetry.locker.lock_data["package"]:
        required[canonicalize_name(package["name"])].update(
            map(canonicalize_name, package.get("dependencies", {}))
        )
    paths: dict[NormalizedName, str] = {}
    pending = deque(
        (dependency.name, poetry.package.pretty_name)
        for dependency in poetry.package.all_requires
    )
    while pending:
        name, path = pending.popleft()
        if name in names and name not in paths:
            paths[name] = path
            pending.extend(
                (each, f"{path} > {name}") for each in sorted(required[name])
            )
    return paths
