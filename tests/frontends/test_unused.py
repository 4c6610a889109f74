"""What could leave out what the handler never imports."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.report.unused import unused
from poetry_plugin_package_function.settings import Settings
from tests.frontends.test_markdown import REPORT
from tests.frontends.test_report import VERIFIED


if TYPE_CHECKING:
    from pathlib import Path


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
dependencies = ["main"]
optional-dependencies = { aws = ["Extra"] }
[dependency-groups]
dev = ["Tool", "main"]
"""


OTHER = "a dependency group, or `exclude`?"


@pytest.mark.parametrize(
    ("chosen", "imported", "way_out"),
    [
        ({"with_groups": frozenset(["dev"])}, "main", "--only main?"),
        (
            {"with_groups": frozenset(["dev"])},
            "tool",
            "a dependency group, or `exclude`?",
        ),
        ({"extras": frozenset(["aws"])}, "main", "without --extras?"),
        ({"extras": frozenset(["aws"])}, "extra", OTHER),
        ({}, "main", OTHER),
    ],
)
def test_what_the_handler_imports_is_not_left_out(
    chosen: dict[str, Any], imported: str, way_out: str, tmp_path: Path
) -> None:
    """Of a group or an extra that it imports, neither is the way."""
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(PYPROJECT)
    project = read_project(pyproject)
    settings = Settings(tmp_path / "my_app.zip", **chosen)
    sizes = (
        DistributionSize("large", "1", 1, 9_000_000, 1),
        DistributionSize(imported, "1", 1, 9_000_000, 1),
    )
    verified = replace(VERIFIED, unused=("large",))
    report = replace(REPORT, distributions=sizes, verified=verified)

    said = unused(report, settings, project)
    assert f"large 8.6 MB is never imported: {way_out}" == said
