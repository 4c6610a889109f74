from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.sources.distributions import stable_wheel
from tests.trees import install
from tests.trees import make_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path


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


def test_stable_wheel_keeps_what_installers_read() -> None:
    """Tags and purity stay, sorted; the generator goes."""
    text = (
        "Wheel-Version: 1.0\nGenerator: x 2\nRoot-Is-Purelib: false\nTag: b\nTag: a\n"
    )

    expected = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: a\nTag: b\n"
    assert expected == stable_wheel(text)
