from __future__ import annotations

import shutil

from pathlib import Path

import pytest

from tests.docs.site import build


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is now."""
    target = tmp_path_factory.mktemp("site")
    done = build(ROOT, target)
    assert done.returncode == 0, done.stdout
    strange = [
        line for line in done.stdout.splitlines() if not line.startswith("INFO  ")
    ]
    assert [] == strange
    return target


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the site is made of; the repository has no address."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name in ("mkdocs.yml", "LICENSE", *(each.name for each in ROOT.glob("*.md"))):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("docs", "tools", "src/poetry_plugin_package_function/report"):
        ignored = shutil.ignore_patterns("__pycache__", "examples")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path
