"""What stands before Python's own modules, where it is Lambda's first place to look."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
from poetry_plugin_package_function.packaging.tree.standard_library import shadows
from poetry_plugin_package_function.packaging.tree.standard_library import (
    standard_modules,
)
from tests.e2e.projects import names_in
from tests.machine import interpreter
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


FOUND = """
import importlib.util, json, sys
sys.path.append(sys.argv[1])
names = ("uuid", "this", "email", "site", "dep", "tomli")
found = {name: importlib.util.find_spec(name).origin or "" for name in names}
print(json.dumps(sorted(n for n in found if found[n].startswith(sys.argv[1]))))
"""
"""What comes out of a directory behind the standard library, as site-packages is."""

ASK = "import json, sys; print(json.dumps(sorted(sys.stdlib_module_names)))"


@pytest.mark.parametrize("version", ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"])
def test_the_public_modules_of_another_python(version: str) -> None:
    """They are what that Python says itself, whichever Python runs this."""
    asked = subprocess.run(
        [interpreter(version), "-c", ASK], capture_output=True, check=True
    )
    names = {name for name in json.loads(asked.stdout) if not name.startswith("_")}

    assert names == standard_modules(version)


@pytest.mark.parametrize("python", [None, "", "3"])
def test_the_modules_of_an_unknown_python(python: str | None) -> None:
    """They are those of the one that runs this."""
    public = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    assert public == standard_modules(python)


def packaged(
    directory: Path,
    *names: str,
    python: str = "3.13",
    table: str = "",
    owner: str = "dep",
) -> Report:
    """Packages a project and `dep`, one of which has files of these names."""
    venv = make_venv(directory / "venv", python=python)
    own = dict.fromkeys(names, "") if owner == "my_app" else {}
    install(venv, "my_app", {"my_app/__init__.py": "", "my_app/uuid.py": "", **own})
    files = {} if own else dict.fromkeys(names, "")
    install(venv, "dep", {"dep.py": "", **files}, version="1.30")
    pyproject = make_project(directory / "project", "my-app", table)
    flags: dict[str, Any] = {"no-audit": True}  # `.so` files are empty here
    return package_venv(venv, pyproject, directory / "x.zip", **flags)


@pytest.mark.parametrize(
    ("name", "shadow"),
    [
        ("uuid.py", "uuid.py"),
        ("uuid.pyc", "uuid.pyc"),
        ("uuid.cpython-313-x86_64-linux-gnu.so", None),
        ("email/__init__.py", "email/"),
        ("email/__init__.abi3.so", "email/"),
    ],
)
def test_a_distribution_has_a_module_of_pythons_own(
    tmp_path: Path, name: str, shadow: str | None
) -> None:
    """Source, bytecode, extension modules and packages, by the name to leave out."""
    report = packaged(tmp_path, name)

    assert (Shadow("dep", (shadow or name,)),) == report.superseded
    assert () == report.shadows
    assert name not in names_in(tmp_path / "x.zip")


@pytest.mark.parametrize("name", ["uuid.py", "email/__init__.py"])
def test_the_project_has_a_module_of_pythons_own(tmp_path: Path, name: str) -> None:
    """It is meant to be there, and shipped with a warning."""
    report = packaged(tmp_path, name, owner="my_app")

    (shadow,) = report.shadows
    assert "my-app" == shadow.distribution
    assert () == report.superseded
    assert name in names_in(tmp_path / "x.zip")


def test_a_package_goes_with_all_that_is_in_it(tmp_path: Path) -> None:
    """RECORD names what is shipped; another distribution's files stay."""
    venv = make_venv(tmp_path / "venv", python="3.13")
    install(venv, "my_app", {"my_app/__init__.py": ""})
    backport = ("concurrent/__init__.py", "concurrent/futures/x.py", "concurrent/a.txt")
    install(venv, "futures", {**dict.fromkeys(backport, ""), "futures_more.py": ""})
    install(venv, "other", {"concurrent/other.py": ""})
    pyproject = make_project(tmp_path / "project")

    report = package_venv(venv, pyproject, tmp_path / "x.zip")

    assert (Shadow("futures", ("concurrent/",)),) == report.superseded
    with zipfile.ZipFile(tmp_path / "x.zip") as archive:
        names = archive.namelist()
        record = archive.read("futures-1.0.dist-info/RECORD").decode()
    assert ["concurrent/other.py"] == [x for x in names if x.startswith("concurrent")]
    assert [
        "futures-1.0.dist-info/METADATA",
        "futures-1.0.dist-info/RECORD",
        "futures-1.0.dist-info/WHEEL",
        "futures_more.py",
    ] == [row.partition(",")[0] for row in record.splitlines()]


def test_a_layer_has_none_either(tmp_path: Path) -> None:
    """It comes before the standard library, too."""
    report = packaged(tmp_path, "uuid.py", table="layer = true")

    assert (Shadow("dep", ("uuid.py",)),) == report.superseded
    assert "python/dep.py" in names_in(tmp_path / "x-layer.zip")
    assert "python/uuid.py" not in names_in(tmp_path / "x-layer.zip")


def test_an_environment_is_imported_by_the_same_rule(tmp_path: Path) -> None:
    """A real interpreter takes its own where the rule leaves a dependency's out."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    names = ("uuid.py", "this.py", "email/__init__.py", "__main__.py", "tomli.py")
    report = packaged(tmp_path, *names, "site.py", python=version)
    gone = {name for shadow in report.superseded for name in shadow.modules}

    site_packages = site_packages_of(tmp_path / "venv")
    said = subprocess.run(
        [sys.executable, "-Sc", FOUND, str(site_packages)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert ["dep", "tomli"] == json.loads(said.stdout)
    assert {"uuid.py", "this.py", "email/", "site.py"} == gone
    assert {"__main__.py", "tomli.py"} <= {*names_in(tmp_path / "x.zip")}


@pytest.mark.parametrize(
    "name",
    [
        "dep_uuid/uuid.py",  # inside of a package
        "backports/uuid/__init__.py",
        "email/data.txt",  # no package: Python looks further, and finds its own
        "email/more.py",
        "uuid.txt",
        "uuid.pyi",
        "uuid.data/__init__.py",
        "test/__init__.py",  # nobody imports Python's own tests
        "turtle.py",  # as many builds of Python have none
        "__main__.py",
        "tomli.py",
    ],
)
def test_what_does_no_harm(tmp_path: Path, name: str) -> None:
    """Names that Python would not find in place of a module of its own."""
    report = packaged(tmp_path, name)
    assert () == report.shadows
    assert () == report.superseded
    assert name in names_in(tmp_path / "x.zip")


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("imghdr.py", None, "3.12"),  # standard-imghdr brings it back
        ("distutils/__init__.py", None, "3.11"),
        ("annotationlib.py", "3.14", None),
        ("compression/__init__.py", "3.14", None),
    ],
)
def test_it_depends_on_the_functions_python(
    tmp_path: Path, name: str, first: str | None, last: str | None
) -> None:
    """What brings back a module that has gone is right where it has gone."""
    for python in ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15"):
        minor = int(python.partition(".")[2])
        is_there = (first is None or minor >= int(first[2:])) and (
            last is None or minor <= int(last[2:])
        )
        report = packaged(tmp_path / python, name, python=python)
        assert is_there is bool(report.superseded)


def test_each_distribution_with_all_that_it_has() -> None:
    """Ordered by distribution; files of none come first."""
    entries = [
        Entry("enum.py", BytesContent(b""), 0),
        Entry("queue.py", BytesContent(b""), 0, included=True),
        Entry("uuid.py", BytesContent(b""), 0, distribution="b"),  # type: ignore[arg-type]
        Entry("json/__init__.py", BytesContent(b""), 0, distribution="b"),  # type: ignore[arg-type]
        Entry("ssl.py", BytesContent(b""), 0, distribution="a"),  # type: ignore[arg-type]
    ]

    assert (
        Shadow("", ("enum.py", "queue.py")),
        Shadow("a", ("ssl.py",)),
        Shadow("b", ("json/", "uuid.py")),
    ) == shadows(entries, "3.13")


def test_what_is_left_out_is_not_named(tmp_path: Path) -> None:
    """`exclude` comes first."""
    table = 'exclude = ["/email/", "/uuid.py"]'
    names = ("email/__init__.py", "email/mime/__init__.py", "uuid.py")

    report = packaged(tmp_path, *names, table=table)

    assert () == report.superseded
    (files,) = (each.files for each in report.distributions if each.name == "dep")
    assert 4 == files  # dep.py and three of metadata
