"""docs/recipes/uv.md, with uv, and the distribution that has no Poetry."""

from __future__ import annotations

import sys

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import sha256
from tests.e2e.standalone import standalone_wheel
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.package_index import index_url
from tests.recipes.greeter import greeter
from tests.recipes.greeter import settings
from tests.recipes.pages import block
from tests.recipes.pages import headings
from tests.recipes.pages import settings_of
from tests.recipes.pages import title


if TYPE_CHECKING:
    from tests.recipes.greeter import Greeter


PAGE = "uv.md"
PACKAGE = "The package"


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Variables of uv's: what is on no index yet is a wheel in a directory."""
    base = tmp_path_factory.mktemp("uv")
    return {
        "UV_DEFAULT_INDEX": index_url(),
        "UV_FIND_LINKS": str(standalone_wheel(base).parent),
        "UV_CACHE_DIR": str(base / "cache"),
    }


def project(base: Path, env: dict[str, str]) -> Greeter:
    """The project as uv has locked it; Poetry's lock has gone."""
    found = greeter(base, PAGE, **env)
    (found.directory / "poetry.lock").unlink()
    found.sh(f"uv lock --python {sys.executable}")
    return found


@pytest.fixture(scope="module")
def packaged(env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Greeter:
    """It has been packaged as the page says first."""
    found = project(tmp_path_factory.mktemp("packaged"), env)
    found.sh(block(PAGE, PACKAGE, "sh"))
    return found


def test_every_part_of_the_page_is_run() -> None:
    """Each heading with code under it."""
    assert headings(PAGE) == {
        title(PAGE),
        PACKAGE,
        "For Graviton",
        "Into a directory",
        "A workspace",
    }


def test_the_package(packaged: Greeter) -> None:
    """It has what the lock says without groups, was imported, and answers."""
    report = packaged.report()

    assert sha256(packaged.archive()) == report["code_sha256"]
    assert "greeter.handler.handler" == report["verified"]["handler"]
    paths = {each["name"]: each["path"] for each in report["distributions"]}
    assert ["greeter", "pydantic", "pydantic-core"] == paths["pydantic-core"]
    assert not [name for name in names_in(packaged.archive()) if "iniconfig" in name]
    client = client_environment(Path(sys.executable), default_cache_dir())
    said = answer(packaged.archive(), "greeter.handler.handler", client, {"name": "uv"})
    assert "Hello, uv!" == said["greeting"]


def test_into_a_directory(packaged: Greeter) -> None:
    """The same bytes, as the report says, too."""
    before = packaged.archive().read_bytes()

    packaged.sh(block(PAGE, "Into a directory", "sh"))

    assert before == packaged.archive().read_bytes()
    assert packaged.report()["comparison"]["unchanged"]


def test_for_graviton(tmp_path: Path, env: dict[str, str]) -> None:
    """Machine code is arm64's, whatever this machine is."""
    found = project(tmp_path, env)
    settings(found.directory, settings_of(PAGE) + 'architecture = "arm64"\n')

    found.sh(block(PAGE, "For Graviton", "sh"))

    libraries = [name for name in names_in(found.archive()) if name.endswith(".so")]
    assert libraries
    assert all("-aarch64-" in name for name in libraries)
    assert "arm64" in found.report()["made_for"]


def test_a_workspace(tmp_path: Path, env: dict[str, str], packaged: Greeter) -> None:
    """Of the member alone, with the lock of the root; the bytes are the same."""
    member = project(tmp_path / "made", env)
    root = tmp_path / "root"
    (root / "packages").mkdir(parents=True)
    member.directory.rename(root / "packages" / "greeter")
    (root / "packages" / "greeter" / "uv.lock").rename(root / "uv.lock")
    (root / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n'
    )
    workspace = replace(member, directory=root)
    workspace.sh(f"uv lock --python {sys.executable}")

    workspace.sh(block(PAGE, "A workspace", "sh"))

    assert packaged.archive().read_bytes() == workspace.archive().read_bytes()
