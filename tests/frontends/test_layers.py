from __future__ import annotations

import subprocess
import sys


def test_packaging_needs_neither_poetry_nor_cleo() -> None:
    """The service and its own command line import with both of them blocked."""
    code = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("poetry", "cleo", "poetry_plugin_bundle"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
import pkgutil
import poetry_plugin_package_function.cli
import poetry_plugin_package_function.packaging as packaging
import poetry_plugin_package_function.report as report

for package in (packaging, report):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        __import__(module.name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
