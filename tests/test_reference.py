"""The page of options is what the command says of itself."""

from __future__ import annotations

import re
import runpy

from pathlib import Path

from poetry_plugin_package_function.command import PackageFunctionCommand
from poetry_plugin_package_function.configuration.options import KEYS


ROOT = Path(__file__).parent.parent


REFERENCE = runpy.run_path(str(ROOT / "tools" / "reference.py"))


def test_the_page_of_options_is_current() -> None:
    """`make reference` writes it anew."""
    written = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")

    assert REFERENCE["reference"]() == written


def test_usage_lists_all_options() -> None:
    """Those of the command's definition, and what only pyproject.toml has."""
    written = (ROOT / "docs" / "usage.md").read_text(encoding="utf-8")
    table = REFERENCE["options_table"]()

    assert REFERENCE["usage"](written) == written
    assert f"\n{table}\n" in written
    defined = {each.name for each in PackageFunctionCommand.options}
    assert defined == set(re.findall(r"^\| `--([a-z-]+)", table, re.MULTILINE))
    assert {*KEYS} == set(re.findall(r"\(configuration\.md#([a-z-]+)\)", table))


def test_the_reference_has_the_arguments() -> None:
    """Those that the command is defined with."""
    page = REFERENCE["reference"]()
    for each in PackageFunctionCommand.arguments:
        assert f"`{each.name}`\n:   {each.description}\n" in page
