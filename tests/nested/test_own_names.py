"""The names that a nested result needs for itself are nobody else's."""

from __future__ import annotations

import zipfile

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import SourceError
from tests.nested.function import PYTHON
from tests.nested.function import Source
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


CODE = {"my_app/__init__.py": "", "my_app/api.py": "def handler(): ...\n"}
MY_APP = Source(CODE)


@pytest.mark.parametrize("nested", [True, False], ids=["nested", "flat"])
@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("my_app/.dependencies.zip", "my_app/.dependencies.zip"),
        ("my_app/.dependencies.zip/x", "my_app/.dependencies.zip"),
        ("my_app/.dependencies", "my_app/.dependencies"),
        ("my_app/.dependencies/loader.py", "my_app/.dependencies"),
        ("my_app/.dependencies/settings.json", "my_app/.dependencies"),
        ("my_app/.dependencies/moved/my_app/__init__.py", "my_app/.dependencies"),
        ("my_app/.dependencies/a/b.txt", "my_app/.dependencies"),
        (".dependencies.zip", ".dependencies.zip"),
        (".dependencies/loader.py", ".dependencies"),
        ("_package_function.pth", "_package_function.pth"),
        ("zoo/.dependencies/loader.py", "zoo/.dependencies"),  # not the first package
    ],
)
def test_the_project_has_a_name_of_ours(
    tmp_path: Path, name: str, own: str, nested: bool
) -> None:
    """One error that says where, whose it is and what to do; nothing is written."""
    source = replace(MY_APP, files={**CODE, "zoo/__init__.py": "", name: "mine"})

    with pytest.raises(SourceError) as caught:
        source.package(tmp_path, nested=nested)

    assert f"\n  {own} (of my-app)" in caught.value.reason
    assert caught.value.hint.endswith(f': exclude = ["/{own}"]')
    assert not (tmp_path / "function.zip").exists()


def test_all_names_of_ours_in_one_error(tmp_path: Path) -> None:
    """Those of distributions and of what `include` names, too."""
    source = Source(
        CODE,
        dependencies={"dep": {"my_app/.dependencies/x": "", ".dependencies/y": ""}},
        beside={"my_app/.dependencies.zip": "mine"},
        table='include = ["my_app/.dependencies.zip"]',
    )

    with pytest.raises(SourceError) as caught:
        source.package(tmp_path, nested=False)

    assert [
        "  .dependencies (of dep)",
        "  my_app/.dependencies (of dep)",
        "  my_app/.dependencies.zip (of the project)",
    ] == caught.value.reason.splitlines()[1:]


def test_the_line_that_the_error_shows_is_the_way_out(tmp_path: Path) -> None:
    """With it the same tree is packaged, and each member is there once."""
    ours = ("my_app/.dependencies/loader.py", "my_app/.dependencies.zip")
    files = {**CODE, **dict.fromkeys(ours, "")}
    table = 'exclude = ["/my_app/.dependencies", "/my_app/.dependencies.zip"]'

    report = Source(files, table=table).package(tmp_path)

    with zipfile.ZipFile(report.output_file) as archive:
        names = archive.namelist()
    assert len(names) == len({*names})
    assert {*ours} <= {*names}


@pytest.mark.parametrize("nested", [True, False], ids=["nested", "flat"])
def test_what_only_looks_like_a_name_of_ours(tmp_path: Path, nested: bool) -> None:
    """Deeper, in a package of somebody else's, and as a part of a longer name."""
    names = ("my_app/a/.dependencies/x", "dep/.dependencies.zip", "x.dependencies/y")
    source = replace(
        MY_APP,
        files={**CODE, names[0]: ""},
        dependencies={"dep": {"dep/__init__.py": "", names[1]: "", names[2]: ""}},
    )

    report = source.package(tmp_path, nested=nested)

    shipped = (each for one in report.distributions for each in one.contents or ())
    assert {*names} <= {*shipped}


def test_bytecode_that_somebody_includes_is_compiled_as_well(tmp_path: Path) -> None:
    """Two files want one name: an error, not an archive with two such members."""
    tag = f"cpython-{MY_APP.python.replace('.', '')}"
    name = f"my_app/__pycache__/api.{tag}.pyc"
    venv = make_venv(tmp_path / "venv", CODE, python=MY_APP.python)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(PYTHON)
    pyproject = make_project(tmp_path / "p", "my-app", f'include = ["{name}"]')
    write_files(pyproject.parent, {name: b"old"})

    with pytest.raises(SourceError, match=name.replace(".", r"\.")):
        package_venv(venv, pyproject, tmp_path / "x.zip", compile=True)

    assert not (tmp_path / "x.zip").exists()
