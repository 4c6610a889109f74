"""What is released, built as `make dist` does."""

from __future__ import annotations

import shutil

from typing import TYPE_CHECKING

import pytest

from tools.distributions import build
from tools.repository import ROOT


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Source distribution and wheel of this checkout: `sdist`, `wheel`."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("a release takes a checkout of Git and `git`, which are not here")
    wheel, sdist = build(tmp_path_factory.mktemp("release"))
    assert wheel.suffix == ".whl"
    return {"sdist": sdist, "wheel": wheel}
