"""What macOS and Windows do otherwise, as far as Linux can show it."""

from __future__ import annotations

import os
import sys
import tempfile

from pathlib import Path
from typing import Final

import pytest

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging import order
from poetry_plugin_package_function.packaging import unmeasured
from poetry_plugin_package_function.packaging.sources import environment
from poetry_plugin_package_function.packaging.sources.facts import FactsCache
from poetry_plugin_package_function.packaging.sources.interpreter import find_named
from poetry_plugin_package_function.packaging.sources.wheel import WheelSource
from poetry_plugin_package_function.packaging.sources.wheel_directory import Wheel
from poetry_plugin_package_function.packaging.verify import unpacking
from tests.e2e.wheels import make_wheel
from tests.packaging.verifying import WORKS
from tests.packaging.verifying import archive_of
from tests.packaging.verifying import verified
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


LEFT: Final = {
    "m/.DS_Store": "",
    "m/._a.py": "",
    "m/Thumbs.db": "",
    "m/desktop.ini": "",
}
"""What file managers leave."""


def test_what_file_managers_leave_is_not_shipped(tmp_path: Path) -> None:
    """Out of an environment, or of the project's directory."""
    venv = make_venv(tmp_path / "venv", {"m/a.py": "", **LEFT})
    write_files(tmp_path, {"n/a.py": "", **{f"n{k[1:]}": v for k, v in LEFT.items()}})
    tree = tree_of(site_packages_of(venv), include=(Inclusion("n", "."),))
    assert ["m/a.py", "n/a.py"] == names_in(tree)


def test_what_wheels_have_is_theirs(tmp_path: Path) -> None:
    """A distribution's own files are shipped, whatever they are called."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "dep", {"m/a.py": "", **LEFT})
    assert {"m/a.py", *LEFT} <= {*names_in(tree_of(site_packages_of(venv)))}


def test_of_wheels_that_are_built_here_they_are_left_out(tmp_path: Path) -> None:
    """Poetry puts them there; a wheel that is pinned is shipped as it is."""
    wheel = make_wheel(tmp_path, "dep", {"m/a.py": "", **LEFT})
    for pin, expected in ((None, {"m/a.py"}), ("sha256:1", {"m/a.py", *LEFT})):
        source = WheelSource(FactsCache(None).of(Wheel(wheel, pin)), "3.13")
        found = {each.name for each in source.files(set(), lambda _: False)}
        assert expected == {name for name in found if ".dist-info/" not in name}


@pytest.mark.parametrize("is_linked_twice", [False, True])
def test_the_directory_of_temporary_files_is_a_link(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_linked_twice: bool
) -> None:
    """As `/tmp` and `/var` are; the handler sees paths without links."""
    real = tmp_path / "private" / "tmp"
    real.mkdir(parents=True)
    link = tmp_path / "tmp"
    link.symlink_to(real)
    if is_linked_twice:
        (tmp_path / "again").symlink_to(link)
        link = tmp_path / "again"
    monkeypatch.setattr(tempfile, "tempdir", str(link))
    monkeypatch.setattr(unpacking, "MEMORY", "/nowhere")
    code = (
        "import os, tempfile\n"
        "for path in (__file__, os.getcwd(), tempfile.gettempdir()):\n"
        "    assert path == os.path.realpath(path), path\n"
        f"{WORKS}"
    )
    found = verified(archive_of(tmp_path, {"a.py": code}), "a.handler")
    assert found.is_complete, found.unchecked
    assert [] == [*real.iterdir()]


SPAWNED: Final = f"""\
import multiprocessing

with multiprocessing.get_context("spawn").Pool(2) as pool:
    assert [1, 2] == pool.map(abs, [-1, -2])

{WORKS}"""


def test_processes_are_spawned(tmp_path: Path) -> None:
    """MacOS and Python 3.14 begin them anew, with the main module of the first."""
    found = verified(archive_of(tmp_path, {"a.py": SPAWNED}), "a.handler")
    assert found.is_complete, found.unchecked


def test_a_handler_is_parsed_where_nothing_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even what runs anywhere, as Windows has no Python like Lambda's."""
    for module in (order, environment):
        monkeypatch.setattr(module, "IMPORTS", False)
    make_project(tmp_path, name="my-app")
    venv = make_venv(tmp_path / "venv", {"a.py": f"raise ValueError\n{WORKS}"})
    (venv / "bin").mkdir()
    monkeypatch.chdir(tmp_path)
    assert 0 == main(["venv", "--handler", "a.handler", "--dry-run"])
    said = capfd.readouterr().err
    assert "It was not imported, as the target is not this machine." in said
    assert 1 == main(["venv", "--handler", "a.other", "--dry-run"])


def test_where_no_machine_has_linuxs_name_the_system_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the error of a budget that nothing can be held against."""
    for module in (order, environment):
        monkeypatch.setattr(module, "IMPORTS", False)
    monkeypatch.setattr(unmeasured, "this_machine", lambda: "")
    monkeypatch.setattr(unmeasured, "SYSTEM", "Windows")
    make_project(tmp_path, name="my-app")
    make_venv(tmp_path / "venv", {"a.py": WORKS})
    monkeypatch.chdir(tmp_path)
    assert 1 == main(["venv", "--handler", "a.handler", "--max-init", "9"])
    assert "and this machine is Windows." in capfd.readouterr().err


def test_the_current_directory_is_on_another_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Then paths are shown as they are."""
    make_project(tmp_path, name="my-app")
    make_venv(tmp_path / "venv", {"a.py": WORKS})
    monkeypatch.chdir(tmp_path)
    usual = os.path.relpath

    def refuse(path: str, start: str | None = None) -> str:
        if start is None:
            raise ValueError("path is on mount 'D:', start on mount 'C:'")
        return usual(path, start)

    monkeypatch.setattr(os.path, "relpath", refuse)
    assert 0 == main(["venv"])
    assert str(tmp_path / "my_app.zip") in capfd.readouterr().out


def test_the_launcher_knows_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows nothing is called python3.13."""
    launcher = tmp_path / "py"
    known = f'[ "$1" = -3.97 ] && shift && exec {sys.executable} "$@"'
    launcher.write_text(f"#!/bin/sh\n{known}\nexit 103\n")
    launcher.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(sys.executable) == find_named("3.97").path
    for unknown in ("3.98", "x"):
        with pytest.raises(SourceError) as caught:
            find_named(unknown)
        assert f"There is no Python {unknown} here." == caught.value.reason
    launcher.unlink()
    with pytest.raises(SourceError):
        find_named("3.97")
