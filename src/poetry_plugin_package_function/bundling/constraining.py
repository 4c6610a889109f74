"""Lets Poetry install for another machine than this one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from packaging.tags import Tag
from packaging.tags import compatible_tags
from packaging.tags import cpython_tags

from poetry_plugin_package_function.runtimes import platform_tags


if TYPE_CHECKING:
    from collections.abc import Mapping

    from poetry.utils.env import Env

    from poetry_plugin_package_function.runtimes import Target


def supported_tags(target: Target) -> list[Tag]:
    """Lists the tags of wheels that work on a target, the best first.

    Source: the order is pip's and Poetry's, https://packaging.pypa.io/en/stable/tags.html
    """
    major, minor = map(int, target.python.split("."))
    platforms = platform_tags(target.system, target.machine)
    interpreter = f"cp{major}{minor}"
    version = (major, minor)
    return [
        *cpython_tags(version, [interpreter], platforms),
        *compatible_tags(version, interpreter, platforms),
    ]


def marker_environment(target: Target, own: Mapping[str, Any]) -> dict[str, Any]:
    """Makes the values of environment markers as they are on a target.

    Args:
        target: What is installed for.
        own: Those of the interpreter that installs, of which the version is taken.

    Source:
        https://packaging.python.org/en/latest/specifications/dependency-specifiers/
    """
    return {
        **own,
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": target.machine,
        # Whatever the kernel of this machine says of itself, Lambda's says something
        # else, and nobody knows what.
        "platform_release": "",
        "platform_version": "",
        "sysconfig_platform": f"linux-{target.machine}",
    }


def constrain(env: Env, target: Target) -> None:
    """Lets an environment take itself for a target's.

    What is built out of an sdist is still built for this machine.
    """
    env._supported_tags = supported_tags(target)
    env._supported_tags_set = None
    env.__dict__["marker_env"] = marker_environment(target, env.marker_env)
