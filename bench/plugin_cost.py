"""What a plugin adds to each Poetry call."""

from __future__ import annotations

import sys

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.process import run_to_end
from bench.spread import Spread


_ACTIVATION_PY: Final = Path(__file__).with_name("activation.py")
_PLUGINS: Final = (
    ("poetry_plugin_package_function.plugin", "PackageFunctionPlugin"),
    # It comes with ours: the one is a scale for the other.
    ("poetry_plugin_bundle.plugin", "BundleApplicationPlugin"),
)


@dataclass(frozen=True)
class PluginCost:
    """What one plugin takes to be imported, made and activated."""

    name: str
    elapsed_s: Spread


def measure_plugins(runs: int) -> tuple[PluginCost, ...]:
    """Activates each plugin in turn, in a fresh interpreter each time; ours is first.

    Raises:
        BenchError: A plugin failed.
    """
    print("Activating the plugins", file=sys.stderr, flush=True)
    measured_s: dict[str, list[float]] = {name: [] for _, name in _PLUGINS}
    for _ in range(runs + 1):
        for module, name in _PLUGINS:
            output = run_to_end((sys.executable, "-I", _ACTIVATION_PY, module, name))
            measured_s[name].append(float(output))
    return tuple(
        PluginCost(name, Spread.of(elapsed[1:]))  # the first one warms up
        for name, elapsed in measured_s.items()
    )
