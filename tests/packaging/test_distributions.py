"""Which files are whose, and what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.distributions import is_metadata
from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from tests.trees import install
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of


if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("six-1.17.0.dist-info/METADATA", True),
        ("six-1.17.0.dist-info/licenses/LICENSE", True),
        ("old.egg-info/PKG-INFO", True),
        ("old-1.0-py3.11.egg-info", True),
        ("six.py", False),
        ("setuptools/_vendor/wheel-0.45.1.dist-info/METADATA", False),
        ("egg-info/x.py", False),
    ],
)
def test_metadata(name: str, *, expected: bool) -> None:
    """What is vendored with its metadata is a package's data."""
    assert expected is is_metadata(name)


def test_read_in_order(tmp_path: Path) -> None:
    """Distributions come ordered by normalized name, with version and rows."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "zope.interface", {"z.py": "1"}, version="6.0.post1")
    install(venv, "Attr_S", {"a.py": ""})

    first, second = read_distributions([site_packages_of(venv)])

    assert ("attr-s", "1.0") == (first.name, first.version)
    assert ("zope-interface", "6.0.post1") == (second.name, second.version)
    assert second.rows is not None
    assert ("z.py", "1") == (second.rows[0].path, second.rows[0].size)


def test_odd_directories(tmp_path: Path) -> None:
    """A `.dist-info` without a version, and empty lines in a RECORD, are borne."""
    venv = make_venv(tmp_path / "venv", {"odd.dist-info/RECORD": "\na.py\n,,\n"})

    (odd,) = read_distributions([site_packages_of(venv)])

    assert canonicalize_name("odd") == odd.name
    assert odd.rows is not None
    assert ["a.py"] == [row.path for row in odd.rows]


def test_editable_installs(tmp_path: Path) -> None:
    """An editable install has its code elsewhere: it is named, with what to do."""
    venv = make_venv(tmp_path / "venv")
    url = '{"url": "file:///x", "dir_info": {"editable": true}}'
    install(venv, "Dev_Dep", {}, marks={"direct_url.json": url})

    with pytest.raises(SourceError, match="dev-dep is an editable install") as raised:
        tree_of(site_packages_of(venv))
    for way in ("uv sync --no-editable", "poetry bundle venv"):
        assert way in raised.value.hint


def test_legacy_editable_installs(tmp_path: Path) -> None:
    """Setuptools' `.egg-link` is an editable install, too."""
    venv = make_venv(tmp_path / "venv", {"dev.egg-link": "/x"})

    with pytest.raises(SourceError, match="dev is an editable install"):
        tree_of(site_packages_of(venv))


@pytest.mark.parametrize(
    "content", ["{}", "no JSON", "[]", '{"dir_info": {}}', '{"dir_info": null}']
)
def test_other_origins(tmp_path: Path, content: str) -> None:
    """A distribution from a directory, or with a broken mark, is a plain install."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "dep", {"dep.py": ""}, marks={"direct_url.json": content})

    assert "dep.py" in names_in(tree_of(site_packages_of(venv)))


def test_metadata_that_is_not_utf8(tmp_path: Path) -> None:
    """A RECORD that cannot be read as text names its distribution."""
    venv = make_venv(tmp_path / "venv")
    (install(venv, "dep", {}) / "RECORD").write_bytes(b"\xff\xfe")

    place = "/lib/.*/site-packages/dep-.*/RECORD"
    with pytest.raises(SourceError, match=f"{venv}{place} is not UTF-8") as raised:
        tree_of(site_packages_of(venv))
    assert "Install dep again." == raised.value.hint


def test_metadata_that_is_in_no_directory(tmp_path: Path) -> None:
    """A file that is called as a directory of metadata cannot be read as one."""
    site_packages = site_packages_of(
        make_venv(tmp_path / "venv", {"a-1.dist-info": ""})
    )

    with pytest.raises(SourceError, match=r"a-1\.dist-info cannot be read: Not a dir"):
        tree_of(site_packages)


def test_a_record_that_is_none(tmp_path: Path) -> None:
    """A RECORD that is no table names its distribution."""
    venv = make_venv(tmp_path / "venv")
    (install(venv, "dep", {}) / "RECORD").write_text("x" * 200_000)

    with pytest.raises(SourceError, match="is not a RECORD: field larger"):
        tree_of(site_packages_of(venv))


def test_metadata_that_is_a_directory(tmp_path: Path) -> None:
    """A RECORD that cannot be opened is named with the system's reason."""
    venv = make_venv(tmp_path / "venv")
    info = install(venv, "dep", {"dep.py": ""})
    (info / "RECORD").unlink()
    (info / "RECORD").mkdir()

    with pytest.raises(SourceError, match="RECORD cannot be read: Is a directory"):
        tree_of(site_packages_of(venv))
