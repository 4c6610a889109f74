"""No result takes the place of a file that is packaged."""

from __future__ import annotations

import os
import zipfile

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.errors import OutputError
from poetry_plugin_package_function.errors import SourceError
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


MINE = b"my own data"


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    venv = make_venv(tmp_path.resolve() / "venv")
    install(venv, "my_app", {"my_app/__init__.py": "", "my_app/a.json": MINE})
    install(venv, "dep", {"dep/__init__.py": "", "dep/model.bin": "weights"})
    return venv


def project(venv: Path, table: str = "") -> Path:
    """The project's pyproject.toml, with its sources beside it."""
    pyproject = make_project(venv.parent / "project", "my-app", table)
    files = {"data/a.json": MINE, "src/my_app/a.json": MINE, "my_app/a.json": MINE}
    write_files(pyproject.parent, files)
    return pyproject


RESULTS = ["output", "report", "sizes", "layer-output"]


def refused(venv: Path, pyproject: Path, key: str, path: Path) -> OutputError:
    """What is said of a result at a place; nothing is written, there or elsewhere."""
    before = path.read_bytes()
    flags: dict[str, Any] = {"layer": True} if key == "layer-output" else {}
    if key != "output":
        flags[key] = str(path)
    output = path if key == "output" else venv.parent / "out/x.zip"
    with pytest.raises(OutputError) as caught:
        package_venv(venv, pyproject, output, **flags)
    assert before == path.read_bytes()
    assert not (venv.parent / "out/x.zip").exists()
    return caught.value


@pytest.mark.parametrize("key", RESULTS)
@pytest.mark.parametrize("pattern", ["data/a.json", "data", "data/*.json", "**"])
def test_what_include_brings(venv: Path, key: str, pattern: str) -> None:
    """By name or by pattern; the error names the file and the line that helps."""
    pyproject = project(venv, f'include = ["{pattern}"]\nexclude = ["/*my_app"]')
    path = pyproject.parent / "data/a.json"

    error = refused(venv, pyproject, key, path)

    assert f"{path} would be overwritten: it is data/a.json of the project." == (
        error.reason
    )
    assert error.hint.endswith('leave it out: exclude = ["/data/a.json"]')


@pytest.mark.parametrize("key", RESULTS)
def test_what_a_distribution_brings(venv: Path, key: str) -> None:
    """A file of the environment that is packaged."""
    path = site_packages_of(venv) / "dep/model.bin"

    error = refused(venv, project(venv), key, path)

    assert f"{path} would be overwritten: it is dep/model.bin of dep." == error.reason


@pytest.mark.parametrize("key", RESULTS)
@pytest.mark.parametrize("name", ["my_app/a.json", "src/my_app/a.json"])
def test_what_the_project_is_built_of(venv: Path, key: str, name: str) -> None:
    """The environment has a copy of it; the file itself would be lost."""
    pyproject = project(venv)
    path = pyproject.parent / name

    error = refused(venv, pyproject, key, path)

    assert f"{path} would be overwritten: it is my_app/a.json of my-app." == (
        error.reason
    )


def test_a_link_to_it(venv: Path) -> None:
    """The file that it leads to would be lost."""
    pyproject = project(venv, 'include = ["data"]')
    path = pyproject.parent / "data/a.json"
    link = venv.parent / "link.zip"
    link.symlink_to(path)

    with pytest.raises(OutputError, match=r"data/a\.json of the project"):
        package_venv(venv, pyproject, link)

    assert MINE == path.read_bytes()


def test_all_of_them_in_one_error(venv: Path) -> None:
    """The archive and its report, in the place of two files."""
    pyproject = project(venv, 'include = ["data"]')
    root = pyproject.parent

    with pytest.raises(OutputError) as caught:
        package_venv(
            venv, pyproject, root / "data/a.json", report=str(root / "my_app/a.json")
        )

    assert 2 == caught.value.reason.count(" would be overwritten: it is ")


def test_nothing_else_is_packaged(tmp_path: Path) -> None:
    """The reason is not that there is nothing."""
    venv = make_venv(tmp_path.resolve() / "venv")
    pyproject = project(venv, 'include = ["data/a.json"]')

    refused(venv, pyproject, "output", pyproject.parent / "data/a.json")


@pytest.mark.parametrize("pattern", ["**", "data", "data/*"])
def test_what_earlier_runs_have_written(venv: Path, pattern: str) -> None:
    """It is written again, whatever finds it, and no archive has another in it."""
    pyproject = project(venv, f'include = ["{pattern}"]\nexclude = ["my_app/"]')
    data = pyproject.parent / "data"
    flags: dict[str, Any] = {
        "layer": True,
        "layer-output": str(data / "l.zip"),
        "report": str(data / "r.json"),
        "sizes": str(data / "s.html"),
    }
    before = package_venv(venv, pyproject, data / "x.zip", **flags)
    after = package_venv(venv, pyproject, data / "x.zip", **flags)

    assert before.sha256 == after.sha256
    with zipfile.ZipFile(data / "x.zip") as archive:
        assert "data/a.json" in archive.namelist()
        assert not {"data/x.zip", "data/l.zip", "data/r.json"} & {*archive.namelist()}


def test_only_an_earlier_result(tmp_path: Path) -> None:
    """Then there is nothing to package, in the first run as in the second."""
    venv = make_venv(tmp_path.resolve() / "venv")
    pyproject = make_project(tmp_path / "project", "my-app", 'include = ["out"]')
    output = tmp_path / "project/out/x.zip"
    write_files(output.parent, {"x.zip": b""})

    with pytest.raises(SourceError, match="There is nothing to package"):
        package_venv(venv, pyproject, output)


@pytest.mark.parametrize(
    "members",
    [
        {"a.txt": (2024, 1, 1, 0, 0, 0), "b.txt": (2024, 1, 1, 0, 0, 2)},
        {"a.txt": (2024, 1, 1, 0, 0, 0)},
        {},
    ],
    ids=["two times", "another mode", "empty"],
)
def test_a_zip_of_the_users_is_no_earlier_result(
    venv: Path, members: dict[str, tuple[int, int, int, int, int, int]]
) -> None:
    """Ours have one time and two modes."""
    pyproject = project(venv, 'include = ["data"]')
    path = pyproject.parent / "data/model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, date_time in members.items():
            info = zipfile.ZipInfo(name, date_time)
            info.external_attr = 0o100600 << 16
            archive.writestr(info, "x")

    refused(venv, pyproject, "output", path)


def test_another_file_of_the_same_name(venv: Path) -> None:
    """A result may be called as what is packaged, where it is no copy of it."""
    pyproject = project(venv)
    path = write_files(venv.parent, {"my_app/a.json": "an older result"})

    report = package_venv(venv, pyproject, path / "my_app/a.json")

    assert os.path.samefile(report.output_file, path / "my_app/a.json")
    assert zipfile.is_zipfile(report.output_file)
