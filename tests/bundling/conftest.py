"""Poetry as a library, and what all tests of the bundling share."""

from __future__ import annotations

import os
import warnings

from typing import TYPE_CHECKING

import pytest


with warnings.catch_warnings():  # what Poetry imports may warn
    warnings.simplefilter("ignore")
    import poetry.factory  # noqa: F401

    from poetry.config.config import Config


if TYPE_CHECKING:
    from pathlib import Path


FOREIGN = ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV")
MANAGERS = (
    *("PYENV_ROOT", "RYE_PY_ROOT", "ASDF_DATA_DIR", "UV_PYTHON_INSTALL_DIR"),
    "XDG_DATA_HOME",
)


@pytest.fixture(autouse=True)
def config(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Config:
    """Poetry's settings: its defaults, with directories of the test's own.

    Neither the developer's files nor their variables have a say.
    """
    for name in [*os.environ]:
        if name.startswith("POETRY_") or name in FOREIGN:
            monkeypatch.delenv(name)
    # If an environment is mistaken for another one, nothing is removed from that.
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    home = tmp_path_factory.mktemp("home")
    own = Config()
    own.merge({"cache-dir": str(home / "cache"), "data-dir": str(home / "data")})
    monkeypatch.setattr(Config, "create", lambda: own)
    return own


@pytest.fixture
def pythons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A directory for interpreters: the only one where Poetry finds any."""
    directory = tmp_path / "pythons"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    for name in MANAGERS:
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    return directory
