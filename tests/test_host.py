"""What systems do each in their way, as far as Linux can show it."""

from __future__ import annotations

import os
import signal

from typing import TYPE_CHECKING

from poetry_plugin_package_function import host
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_paths_are_written_with_slashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system separates their parts with."""
    assert "a/b" == host.posix("a/b")
    assert "b/c" == host.below("/a/b/c", "/a")
    assert "a/b" == host.below("/a/b", "/")
    assert "../b" == host.relative("/b", "/a")
    monkeypatch.setattr(os, "sep", "\\")
    assert "a/b" == host.posix("a\\b")


def test_another_drive_is_nowhere_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a path on it the way is the path itself."""

    def refuse(*_: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", refuse)
    monkeypatch.setattr(os, "sep", "\\")
    assert "D:/a" == host.relative("D:\\a", "C:\\b")


def test_a_file_is_called_as_it_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where systems find it by other names, too; the directory above is any."""
    top = str(write_files(tmp_path, {"Pkg/App.py": ""}))
    found = os.path.join(top, "Pkg", "App.py")
    monkeypatch.setattr(host, "_TELLS_CASE", False)
    assert host.is_spelt(found, top)
    assert host.is_spelt(top, top)
    assert not host.is_spelt(os.path.join(top, "Pkg", "app.py"), top)
    assert not host.is_spelt(os.path.join(top, "pkg", "App.py"), top)
    monkeypatch.setattr(host, "_TELLS_CASE", True)
    assert host.is_spelt(os.path.join(top, "pkg", "App.py"), top)


def test_a_lock_ends_with_its_descriptor(tmp_path: Path) -> None:
    """Until then nobody else has it."""
    first = host.lock(str(tmp_path))
    assert first is not None
    assert host.lock(str(tmp_path)) is None
    os.close(first)
    again = host.lock(str(tmp_path))
    assert again is not None
    os.close(again)


def test_what_asks_to_stop_is_known() -> None:
    """A terminal that hangs up does, too."""
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} == {*host.STOPPING}
