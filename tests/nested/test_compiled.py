"""Bytecode in a nested result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.services import LAMBDA
from tests.lambda_runtime import unpack
from tests.nested.function import PADDING
from tests.nested.function import PYTHON
from tests.nested.function import Function
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from pathlib import Path


BROKEN = "this is no Python\n"
SHOW = "import {name}\nshow([{name}.VALUE, {name}.padding.VALUE, {name}.__file__])"


@pytest.mark.parametrize("file", ["my_app/__init__.py", "my_app.py", "acme/fn.py"])
def test_bytecode_is_used_wherever_it_has_gone(tmp_path: Path, file: str) -> None:
    """That of the loader, of what made room for a stub, and of what is nested."""
    venv = make_venv(tmp_path / "venv", python=f"{PYTHON.rpartition('python')[2]}")
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(PYTHON)
    install(venv, "my_app", {file: "import padding\nVALUE = 1\n"})
    install(venv, "padding", {**PADDING, "padding/__init__.py": "VALUE = 2\n"})
    report = package_venv(
        venv,
        make_project(tmp_path / "project", "my-app", 'nest = ["padding"]\n'),
        tmp_path / "function.zip",
        layers_size=LAMBDA.unzipped_limit_bytes - 150_000,
        compile=True,
    )
    assert report.nested is not None
    assert report.bytecode is not None
    assert 2 + len(loader.FILES) == report.bytecode.files
    unpack(report.output_file, tmp_path / "task", read_only=False)
    (tmp_path / "tmp").mkdir()
    function = Function(tmp_path / "task", tmp_path / "tmp", report)
    home = (function.task_root / report.nested.archive).parent
    for source in (home / loader.FILES[0], home / loader.MOVED / file):
        source.write_text(BROKEN)
    name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    first = function.ask(SHOW.format(name=name))
    (function.extracted("padding") / "padding/__init__.py").write_text(BROKEN)
    second = function.ask(SHOW.format(name=name))

    assert [1, 2, str(function.task_root / file)] == first == second
