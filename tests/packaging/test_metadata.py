"""Metadata is shipped without the marks of who has built or installed it."""

from __future__ import annotations

import base64
import hashlib

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.tree.metadata import stable_wheel
from tests.trees import install
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of


if TYPE_CHECKING:
    from pathlib import Path


def test_record_names_what_is_shipped(tmp_path: Path) -> None:
    """RECORD is rewritten: sorted, without what is left out, and with itself."""
    venv = make_venv(tmp_path / "venv")
    info = install(
        venv, "dep", {"dep.py": "x = 1\n", "dep_tests.py": ""}, marks={"INSTALLER": "?"}
    )
    with (info / "RECORD").open("a") as record:
        record.write("../../../bin/dep,sha256=x,3\n__pycache__/dep.pyc,,\n")

    tree = tree_of(site_packages_of(venv), exclude=("dep_tests.py",))

    (written,) = (e for e in tree.entries if e.name == "dep-1.0.dist-info/RECORD")
    rows = [row.split(",") for row in read(written.content).decode().splitlines()]
    assert [row[0] for row in rows] == [
        "dep-1.0.dist-info/METADATA",
        "dep-1.0.dist-info/RECORD",
        "dep-1.0.dist-info/WHEEL",
        "dep.py",
    ]
    digest = base64.urlsafe_b64encode(hashlib.sha256(b"x = 1\n").digest()).decode()
    assert [f"sha256={digest.rstrip('=')}", "6"] == rows[3][1:]
    assert ["", ""] == rows[1][1:]


def test_record_does_not_vouch_for_changed_files(tmp_path: Path) -> None:
    """Where a file no longer has the recorded size, its hash is not repeated."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "dep", {"dep.py": "x = 1\n"})
    (site_packages_of(venv) / "dep.py").write_text("x = 10\n")

    tree = tree_of(site_packages_of(venv))

    (written,) = (e for e in tree.entries if e.name.endswith("RECORD"))
    assert b"\ndep.py,,\n" in read(written.content)


def test_no_record_is_made_up(tmp_path: Path) -> None:
    """A distribution without a RECORD, as of an operating system, gets none."""
    venv = make_venv(tmp_path / "venv")
    (install(venv, "dep", {"dep.py": ""}) / "RECORD").unlink()

    assert "dep-1.0.dist-info/RECORD" not in names_in(tree_of(site_packages_of(venv)))


def test_paths_of_path_dependencies_are_not_shipped(tmp_path: Path) -> None:
    """Builders write absolute paths into METADATA: those differ with the directory."""
    trees = []
    for place in ("one", "another"):
        venv = make_venv(tmp_path / place)
        metadata = (
            f"Requires-Dist: a[x,y] @ file:///{place}/a ; extra == 'z'\n"
            f"Requires-Dist: b@ file:///{place}%20/b\nRequires-Dist: c (>=1)\n"
            "\nRequires-Dist: in the text @ file:///stays\n"
        )
        install(venv, "my_app", {"my_app.py": ""}, metadata=metadata)
        install(venv, "lib", {"lib.py": ""}, metadata=metadata)
        trees.append(tree_of(site_packages_of(venv)))

    contents = [
        {e.name: read(e.content) for e in t.entries if "info" in e.name} for t in trees
    ]
    own = contents[0]["my_app-1.0.dist-info/METADATA"]
    of_lib = contents[0]["lib-1.0.dist-info/METADATA"]
    for name in ("METADATA", "RECORD"):
        for each in ("my_app", "lib"):
            file = f"{each}-1.0.dist-info/{name}"
            assert contents[0][file] == contents[1][file]
    assert b"Requires-Dist: a[x,y] ; extra == 'z'\nRequires-Dist: b\n" in own
    assert of_lib.endswith(b"c (>=1)\n\nRequires-Dist: in the text @ file:///stays\n")


@pytest.mark.parametrize(
    ("written", "shipped"),
    [
        ("a @ https://host/a-1.0.whl?token=abc", "a"),
        ("a[x,y] @ git+ssh://git@host/a@main ; extra == 'z'", "a[x,y] ; extra == 'z'"),
        ("a@https://me:secret@host/a; python_version < '4'", "a; python_version < '4'"),
        ("a @ git+file:///home/me/a@0123 ; os_name == '@'", "a ; os_name == '@'"),
        ("a (>=1) ; os_name == '@'", "a (>=1) ; os_name == '@'"),
    ],
)
def test_addresses_of_dependencies_are_not_shipped(
    written: str, shipped: str, tmp_path: Path
) -> None:
    """They may hold a token; neither the project nor what it requires names them."""
    venv = make_venv(tmp_path / "venv")
    metadata = "Summary: mail me @ work\nRequires-Dist: "
    for name in ("my_app", "lib"):
        install(venv, name, {f"{name}.py": ""}, metadata=f"{metadata}{written}\n")

    contents = {
        each.name: read(each.content)
        for each in tree_of(site_packages_of(venv)).entries
    }
    for name in ("my_app", "lib"):
        content = contents[f"{name}-1.0.dist-info/METADATA"]
        assert content.endswith(f"\n{metadata}{shipped}\n".encode())


def test_own_metadata_does_not_tell_its_builder(tmp_path: Path) -> None:
    """What poetry-core's versions write differently is not shipped for the project."""
    trees = []
    for number, (version, where) in enumerate([("2.3", ""), ("2.4", "licenses/")]):
        venv = make_venv(tmp_path / f"venv{number}")
        install(
            venv,
            "my_app",
            {"my_app.py": ""},
            metadata=f"Summary: About\nClassifier: {version}\n"
            "Requires-Python: >=3.11\nProvides-Extra: x\nRequires-Dist: b\n"
            "Requires-Dist: a (>=1) ; extra == 'x'\n\nThe long description",
            marks={f"{where}LICENSE": "MIT", "entry_points.txt": "[x]\n"},
        )
        info = site_packages_of(venv) / "my_app-1.0.dist-info"
        (info / "WHEEL").write_text(
            f"Wheel-Version: 1.0\nGenerator: poetry-core {version}\n"
            "Root-Is-Purelib: true\nTag: py3-none-any\n"
        )
        trees.append(tree_of(site_packages_of(venv)))

    contents = [
        {
            e.name: read(e.content)
            for e in tree.entries
            if isinstance(e.content, BytesContent)
        }
        for tree in trees
    ]
    assert contents[0] == contents[1]
    assert contents[0]["my_app-1.0.dist-info/METADATA"] == (
        b"Metadata-Version: 2.1\nName: my_app\nVersion: 1.0\nSummary: About\n"
        b"Requires-Python: >=3.11\nRequires-Dist: a (>=1) ; extra == 'x'\n"
        b"Requires-Dist: b\nProvides-Extra: x\n"
    )
    assert "my_app-1.0.dist-info/entry_points.txt" in names_in(trees[0])
    assert names_in(trees[0]) == names_in(trees[1])


def test_stable_wheel_keeps_what_installers_read() -> None:
    """Tags and purity stay, sorted; the generator goes."""
    text = (
        "Wheel-Version: 1.0\nGenerator: x 2\nRoot-Is-Purelib: false\nTag: b\nTag: a\n"
    )

    expected = b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: a\nTag: b\n"
    assert expected == stable_wheel(text)
