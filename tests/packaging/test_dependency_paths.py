"""Who requires what: a shortest way from the project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.tree.dependency_paths import (
    dependency_paths,
)
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


MY_APP = canonicalize_name("my-app")
REQUIRED = {
    "my_app": "Pandas other",
    "pandas": "numpy python_dateutil",
    "python_dateutil": "six",
    "other": "numpy back",
    "back": "other",
    "numpy": "",
    "six": "",
    "alone": "six",
}


def installed(directory: Path, required: Mapping[str, str] = REQUIRED) -> Path:
    venv = make_venv(directory / "venv")
    for name, names in required.items():
        lines = "".join(f"Requires-Dist: {each}\n" for each in names.split())
        install(venv, name, {f"{name}.py": ""}, metadata=lines)
    return venv


def test_shortest_paths(tmp_path: Path) -> None:
    """Circles end; what nothing requires is its own way."""
    distributions = read_distributions([site_packages_of(installed(tmp_path))])

    assert {
        "my-app": ("my-app",),
        "pandas": ("my-app", "pandas"),
        "numpy": ("my-app", "other", "numpy"),
        "python-dateutil": ("my-app", "pandas", "python-dateutil"),
        "six": ("my-app", "pandas", "python-dateutil", "six"),
        "other": ("my-app", "other"),
        "back": ("my-app", "other", "back"),
        "alone": ("alone",),
    } == dependency_paths(distributions, MY_APP, frozenset())


def test_a_project_that_is_not_installed(tmp_path: Path) -> None:
    """Then ways start at what it depends on."""
    required = {name: REQUIRED[name] for name in REQUIRED if name != "my_app"}
    venv = installed(tmp_path, required)
    more = 'dependencies = ["pandas"]'
    pyproject = make_project(tmp_path / "project", "my-app", more=more)
    report = package_venv(venv, pyproject, tmp_path / "function.zip")

    paths = {each.name: each.path for each in report.distributions}
    assert ("pandas", "numpy") == paths["numpy"]
    assert ("other",) == paths["other"]


def test_groups_and_extras(tmp_path: Path) -> None:
    """What the project asks for in a group, and what an extra of something brings."""
    venv = make_venv(tmp_path / "venv")
    metadata = {
        "my_app": "Requires-Dist: web\nRequires-Dist: text; extra == 'text'\n",
        "web": "Requires-Dist: socks; extra == 'proxy'\n"
        "Requires-Dist: grouped; extra == 'dev'\n",
        "socks": "Requires-Dist: deeper\n",
    }
    for name in ("my_app", "web", "text", "socks", "deeper", "grouped", "lonely"):
        install(venv, name, {f"{name}.py": ""}, metadata=metadata.get(name, ""))
    distributions = read_distributions([site_packages_of(venv)])

    assert {
        "my-app": ("my-app",),
        "web": ("my-app", "web"),
        "text": ("my-app", "text"),
        "socks": ("my-app", "web", "socks"),
        "deeper": ("my-app", "web", "socks", "deeper"),
        "grouped": ("my-app", "grouped"),
        "lonely": ("lonely",),
    } == dependency_paths(
        distributions, MY_APP, frozenset({canonicalize_name("grouped")})
    )
