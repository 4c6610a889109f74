"""The lock's AWS SDK, where it is in a group that is not shipped, in Lambda's place."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from poetry.core.constraints.version import Version

from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from poetry_plugin_package_function.packaging.tree.sdk import SDK


if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from packaging.utils import NormalizedName
    from poetry.core.packages.package import Package
    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_plugin_package_function.bundling.executing import CachedExecutor
    from poetry_plugin_package_function.bundling.poetry_output import Listener


def add_stand_ins(
    poetry: Poetry,
    executor: CachedExecutor,
    env: Env,
    there: AbstractSet[str],
    listener: Listener,
) -> frozenset[NormalizedName]:
    """Puts what the lock has of the SDK into an environment that has not got it.

    It is for the import of a handler, and not shipped. What cannot be had is no error:
    then the import does without, as it would if the lock had none.

    Args:
        poetry: Whose lock file it is.
        executor: What has filled the environment.
        env: The environment.
        there: What it has been filled with.
        listener: Is called before something is downloaded.

    Returns:
        What has been put there.
    """
    found = set()
    missing = _missing(poetry, env, there)
    if missing:
        listener.phase("Adding the AWS SDK of the lock, in the place of Lambda's")
    for package in missing:
        with suppress(Exception):  # whatever an index or a file can be like
            wheel = executor.download_wheel(package)
            if wheel is not None:
                put(env.path, wheel, executor.pins[wheel])
                found.add(package.name)
    return frozenset(found)


def _missing(poetry: Poetry, env: Env, there: AbstractSet[str]) -> list[Package]:
    python = Version.parse(env.marker_env["python_full_version"])
    newest: dict[NormalizedName, Package] = {}
    for package in poetry.locker.locked_repository().packages:
        name = package.name
        if name not in SDK - there or not package.python_constraint.allows(python):
            continue
        if name not in newest or newest[name].version < package.version:
            newest[name] = package
    # The rest alone is not what a handler imports.
    return [*newest.values()] if newest.keys() & {"boto3", "botocore"} else []
