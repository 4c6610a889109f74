"""Each module can be imported by itself, with whatever Poetry there is."""

from __future__ import annotations

import sys

from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.environments import ROOT
from tests.modules import failed_imports
from tests.modules import modules_in
from tests.trees import write_files


if TYPE_CHECKING:
    from tests.e2e.running import Poetry


PACKAGE = "poetry_plugin_package_function"


def test_each_module_alone(poetry: Poetry) -> None:
    """The newest Poetry, as its parts import one another in circles, too."""
    modules = modules_in(ROOT / "src")

    assert {f"{PACKAGE}.command", f"{PACKAGE}.__main__", PACKAGE} <= {*modules}
    assert "" == failed_imports(sys.executable, modules, poetry.env)


def test_each_module_alone_with_the_oldest_poetry(poetry_2_1: Poetry) -> None:
    """Only those that import Poetry could tell the difference."""
    python = str(Path(poetry_2_1.command[0]).with_name("python"))
    modules = [
        name
        for name in modules_in(ROOT / "src")
        if not name.startswith((f"{PACKAGE}.packaging", f"{PACKAGE}.report"))
    ]

    assert "" == failed_imports(python, modules, poetry_2_1.env)


def test_a_module_that_needs_another_one_to_be_imported_first(tmp_path: Path) -> None:
    """It is found, whichever of them is asked for."""
    files = {
        "pack/__init__.py": "",
        "pack/one.py": "from pack.two import x\ny = 1\n",
        "pack/two.py": "from pack.one import y\nx = 1\n",
    }
    modules = modules_in(write_files(tmp_path, files))

    said = failed_imports(sys.executable, modules, {"PYTHONPATH": str(tmp_path)})

    assert ["pack", "pack.one", "pack.two"] == modules
    assert ["pack.one:", "pack.two:"] == [
        line for line in said.splitlines() if line.startswith("pack")
    ]
