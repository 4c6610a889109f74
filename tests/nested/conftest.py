"""A nested ZIP, and a `/tmp` of its own for a loader in this process."""

from __future__ import annotations

import importlib
import sys

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.nesting.loader import loader


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def tmp_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A `/tmp`, and an import system that is put back afterwards."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    monkeypatch.setenv("TMPDIR", str(directory))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    monkeypatch.setattr(loader, "finders", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setattr(sys, "ppf_hooked", False, raising=False)
    before = set(sys.modules)
    yield directory
    for name in set(sys.modules) - before:
        del sys.modules[name]
    for entry in list(sys.path_importer_cache):
        if entry.startswith(str(tmp_path)):
            del sys.path_importer_cache[entry]
    importlib.invalidate_caches()


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, Path]:
    """A directory for a nested ZIP, and a `/tmp`."""
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path / "home", tmp_path / "tmp"
