"""Poetry takes an environment for a target's; tags and markers: see test_runtimes."""

from __future__ import annotations

from poetry.utils.env import MockEnv
from poetry.utils.wheel import Wheel

from poetry_plugin_package_function.bundling.constraining import constrain
from poetry_plugin_package_function.bundling.constraining import supported_tags
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target


def test_an_environment_takes_itself_for_a_targets() -> None:
    """What Poetry asks it decides on wheels and markers; its version is its own."""
    runtime = RUNTIMES["python3.13"]
    target = Target("3.13", "aarch64", runtime.system, runtime)
    env = MockEnv((3, 13, 4), platform="darwin", supported_tags=[])
    tag = "cp313-cp313-manylinux_2_17_aarch64.manylinux2014_aarch64"
    wheel = Wheel(f"native-1.0-{tag}.whl")
    assert not wheel.is_supported_by_environment(env)  # which it remembers

    constrain(env, target)

    assert wheel.is_supported_by_environment(env)
    assert supported_tags(target) == env.supported_tags
    assert {
        "python_full_version": "3.13.4",
        "sys_platform": "linux",
        "platform_machine": "aarch64",
    }.items() <= env.marker_env.items()
