"""Activates one Poetry plugin: `activation.py MODULE CLASS`.

Prints the seconds that it takes, its import included, where Poetry's own is done.
"""

from __future__ import annotations

import importlib
import sys
import time

from poetry.console.application import Application


def main(module: str, name: str) -> None:
    """Does what Poetry does with each plugin at each call."""
    application = Application()
    started_s = time.perf_counter()
    plugin = getattr(importlib.import_module(module), name)()
    plugin.activate(application)
    print(time.perf_counter() - started_s)


if __name__ == "__main__":
    main(*sys.argv[1:])
