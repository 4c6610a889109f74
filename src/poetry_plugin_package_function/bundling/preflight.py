"""Finds out what cannot be had for a target before anything is downloaded."""

from __future__ import annotations

import re

from contextlib import suppress
from itertools import product
from typing import TYPE_CHECKING
from typing import Final

from packaging.utils import InvalidWheelFilename
from packaging.utils import canonicalize_name
from packaging.utils import parse_wheel_filename

from poetry_plugin_package_function.bundling.constraining import marker_environment
from poetry_plugin_package_function.bundling.constraining import supported_tags
from poetry_plugin_package_function.bundling.interpreter import allows_python
from poetry_plugin_package_function.errors import IncompatibleTargetError
from poetry_plugin_package_function.requiring import shortest_paths
from poetry_plugin_package_function.runtimes import ARCHITECTURES


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.tags import Tag
    from packaging.utils import NormalizedName
    from poetry.core.packages.package import Package
    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.runtimes import Target


_SHOWN: Final = 12
_FEW: Final = 2

_UNNAMED: Final = "non-package-mode"
"""What poetry-core calls a project without a name, in `Factory.create_poetry`."""


def check_wheels(
    poetry: Poetry, bundle: Bundle, env: Env, warn: Callable[[str], None]
) -> None:
    """Looks whether the lock has a wheel for all that will be installed for a target.

    What has no wheel at all is built here, and looked at when it has been. So is what
    Poetry has been told to build, and without a target whatever has no wheel for this
    machine: that may take minutes, and is said before.

    Args:
        poetry: Whose lock file it is.
        bundle: What is to be installed.
        env: The environment that it is installed into; it takes itself for the target.
        warn: Is called with what will be built, if wheels were to be expected.

    Raises:
        IncompatibleTargetError: Something has wheels, but none for the target.
    """
    from poetry.config.config import PackageFilterPolicy

    target = bundle.target
    tags = frozenset(supported_tags(target) if target else env.supported_tags)
    wanted = _wanted(poetry, bundle, env)
    no_binary = PackageFilterPolicy(poetry.config.get("installer.no-binary"))
    missing = []
    for package in _without_wheel(wanted, tags):
        if target is not None and no_binary.allows(package.name):
            missing.append(package)
        else:
            warn(_built(package, tags))
    if target is not None and missing:
        paths = _paths(poetry, wanted)
        lines = [line for each in missing for line in _offer(each, target, paths)]
        other = _other_runtime(poetry, bundle, env, missing)
        names = sorted({str(each.name) for each in missing})
        raise IncompatibleTargetError(
            (f"poetry.lock has no wheel for {target} of:", *lines),
            f"{other}Newer versions may have one: poetry update {' '.join(names)}. Or"
            " have it built out of the sdist, on a machine of that kind: poetry config"
            f" installer.no-binary {','.join(names)}",
        )


def _without_wheel(
    packages: Iterable[Package], tags: frozenset[Tag]
) -> Iterator[Package]:
    """Finds what has wheels, but none with one of these tags."""
    for package in packages:
        wheels = _wheels(package)
        if wheels and not any(tags & each for each in wheels):
            yield package


def _built(package: Package, tags: frozenset[Tag]) -> str:
    """Says that something is built, though there are wheels, for other machines."""
    offered = frozenset().union(*_wheels(package))
    known = {(tag.interpreter, tag.abi) for tag in tags}
    fitting = [tag for tag in offered if (tag.interpreter, tag.abi) in known]
    names = sorted({tag.platform for tag in fitting})
    shown = _some(names)
    if not fitting:
        names = sorted({tag.interpreter for tag in offered}, key=_in_order)
        shown = f"{names[0]} to {names[-1]}" if len(names) > _FEW else _some(names)
    return (
        f"Building {package.name} {package.version} from source: the lock's wheels are"
        f" for {shown}"
    )


def _in_order(interpreter: str) -> tuple[str, int, int]:
    """Sorts "cp39" before "cp310"."""
    match = re.fullmatch(r"([a-z]+)(\d?)(\d*)", interpreter)
    if match is None:
        return interpreter, 0, 0
    return match[1], int(match[2] or 0), int(match[3] or 0)


def _other_runtime(
    poetry: Poetry, bundle: Bundle, env: Env, missing: Iterable[Package]
) -> str:
    """Names the line that asks for the nearest runtime that the lock is enough for."""
    target = bundle.target
    if target is None or target.service is None:
        return ""
    for other in _by_distance(target):
        if not allows_python(poetry, other.python):
            continue
        wanted = missing  # of an older lock: to solve it for each would take seconds
        if poetry.locker.is_locked_groups_and_markers():
            environment = {
                **marker_environment(other, env.marker_env),
                "python_version": other.python,
                "python_full_version": f"{other.python}.0",
            }
            wanted = wanted_packages(poetry, bundle, environment)
        if any(_without_wheel(wanted, frozenset(supported_tags(other)))):
            continue
        options = []
        if other.python != target.python:
            options.append(f"--runtime python{other.python}")
        if other.machine != target.machine:
            options.append(f"--architecture {other.architecture}")
        return f"There is one of each for another target: {' '.join(options)}. "
    return ""


def _wanted(poetry: Poetry, bundle: Bundle, env: Env) -> list[Package]:
    """Lists what Poetry will install."""
    if poetry.locker.is_locked_groups_and_markers():
        return wanted_packages(poetry, bundle, env.marker_env)
    return _solved_packages(poetry, bundle, env)


def _solved_packages(poetry: Poetry, bundle: Bundle, env: Env) -> list[Package]:
    """Lists what Poetry will install out of a lock that does not say what is of whom.

    The installer solves the lock then, as if it were an index; so this takes no
    network. It is the same solver, called in the same way.
    """
    from cleo.io.null_io import NullIO
    from poetry.puzzle.exceptions import SolverProblemError
    from poetry.puzzle.solver import Solver
    from poetry.repositories import RepositoryPool

    packages = poetry.locker.locked_repository().packages
    groups = [canonicalize_name(each) for each in bundle.groups]
    solver = Solver(
        poetry.package.with_dependency_groups(groups, only=True),
        RepositoryPool.from_packages(packages, poetry.config),
        [],
        packages,
        NullIO(),
        active_root_extras=list(bundle.extras),
    )
    solver.provider.load_deferred(False)
    try:
        with solver.use_environment(env):
            transaction = solver.solve()
    except SolverProblemError:
        return []  # Poetry says it, in words that its users know
    operations = transaction.calculate_operations(extras=set(bundle.extras))
    return [each.package for each in operations if not each.skipped]


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
    """Names the nearest of the service's runtimes that there is a wheel for."""
    for other in _by_distance(target):
        tags = frozenset(supported_tags(other))
        if any(tags & each for each in wheels):
            return str(other)
    return ""


def _by_distance(target: Target) -> Iterator[Target]:
    """Lists the service's other targets, the nearest first; none of another cloud."""
    service = target.service
    if service is None:
        return
    names = [runtime.name for runtime in service.runtimes]
    own = names.index(f"python{target.python}")
    by_distance = sorted(
        service.runtimes,
        key=lambda each: (each.is_preview, abs(names.index(each.name) - own)),
    )
    machines = [ARCHITECTURES[each] for each in service.architectures]
    machines.sort(key=lambda each: each != target.machine)
    for machine, runtime in product(machines, by_distance):
        other = service.target(runtime, machine)
        if other != target:
            yield other


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
        name: " > ".join((_shown_name(poetry), *path[:-1]))
        for name, path in shortest_paths(roots, required).items()
    }


def _shown_name(poetry: Poetry) -> str:
    """The project's name, or that of its directory."""
    name = poetry.package.pretty_name
    return poetry.pyproject_path.resolve().parent.name if name == _UNNAMED else name
