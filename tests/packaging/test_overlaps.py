"""Files that several distributions have, and only one of them can be shipped."""

from __future__ import annotations

import zipfile

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


def packaged(venv: Path, table: str = "") -> Report:
    pyproject = make_project(venv.parent / "project", "my-app", table)
    return package_venv(venv, pyproject, venv.parent / "x.zip")


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    venv = make_venv(tmp_path / "venv")
    install(venv, "my_app", {"my_app.py": ""})
    return venv


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_whoever_was_installed_last_is_shipped(venv: Path, order: str) -> None:
    """Both are named, and whose file it is: what is on the disk decides."""
    for name in order:
        own = {f"{name}.py": "", "cv/x.py": f"NAME = {name!r}", "cv/y.py": name * 9}
        install(venv, name, {**own, "cv/same.py": ""})

    report = packaged(venv)

    winner = order[-1]
    files = ("cv/x.py", "cv/y.py")
    assert (Overlap(("a 1.0", "b 1.0"), f"{winner} 1.0", files),) == report.overlaps
    with zipfile.ZipFile(report.output_file) as archive:
        assert f"NAME = {winner!r}".encode() == archive.read("cv/x.py")


def test_the_winner_may_be_another_for_each_file(venv: Path) -> None:
    """As after a repair of one of them."""
    install(venv, "a", {"x.py": "a", "y.py": "a longer one"})
    install(venv, "b", {"x.py": "b", "y.py": "b"})
    (site_packages_of(venv) / "y.py").write_text("a longer one")

    both = ("a 1.0", "b 1.0")
    assert (
        Overlap(both, "a 1.0", ("y.py",)),
        Overlap(both, "b 1.0", ("x.py",)),
    ) == packaged(venv).overlaps


def test_a_file_that_is_nobodys_any_more(venv: Path) -> None:
    """Somebody has edited it: it is shipped as it is, and said to be neither's."""
    install(venv, "a", {"x.py": "a"})
    install(venv, "b", {"x.py": "b"})
    (site_packages_of(venv) / "x.py").write_text("c")

    both = ("a 1.0", "b 1.0")
    assert (Overlap(both, "", ("x.py",)),) == packaged(venv).overlaps


def test_what_is_no_overlap(venv: Path) -> None:
    """Equal content, scripts outside of site-packages, what is not shipped."""
    for name in ("a", "b"):
        info = install(venv, name, {"same.py": "", "out.py": name})
        record = info / "RECORD"
        hidden = f"../../../bin/tool,sha256={name},1\n__pycache__/x.pyc,,\n"
        record.write_text(record.read_text() + hidden)

    assert () == packaged(venv, 'exclude = ["/out.py"]').overlaps


def test_records_that_say_nothing(venv: Path) -> None:
    """A row without hash and size could be of any content: it is no reason to warn."""
    install(venv, "a", {"x.py": "a"})
    info = install(venv, "b", {"x.py": "b"})
    record = info / "RECORD"
    rows = record.read_text().splitlines()
    record.write_text("".join(f"{row.split(',')[0]},,\n" for row in rows))

    assert () == packaged(venv).overlaps
