"""Files below a directory, with links followed."""

from __future__ import annotations

import os
import subprocess
import sys

from typing import TYPE_CHECKING

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.errors import SourceError
from tests.trees import install
from tests.trees import is_root
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


def test_bytecode_and_installers_marks_are_left_out(tmp_path: Path) -> None:
    """No cached bytecode, nothing that tells of the installer or of this machine."""
    venv = make_venv(
        tmp_path / "venv",
        {
            "m/__init__.py": "",
            "m/__pycache__/__init__.cpython-311.pyc": b"\0",
            "m/__init__.pyc": b"\0",
            "m/old.pyo": b"\0",
            "_virtualenv.py": "",
            "_virtualenv.pth": "import _virtualenv",
            "pip-24.0.virtualenv": "",
        },
    )
    marks = ["INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"]
    install(venv, "dep", {"dep.py": ""}, marks=dict.fromkeys(marks, "{}"))

    assert names_in(tree_of(site_packages_of(venv))) == [
        "dep-1.0.dist-info/METADATA",
        "dep-1.0.dist-info/RECORD",
        "dep-1.0.dist-info/WHEEL",
        "dep.py",
        "m/__init__.py",
    ]


def test_modules_that_exist_only_as_bytecode_are_kept(tmp_path: Path) -> None:
    """A `.pyc` without a source beside it is the module, not a cache of it."""
    venv = make_venv(tmp_path / "venv", {"m/__init__.py": "", "m/closed.pyc": b"\0"})

    assert ["m/__init__.py", "m/closed.pyc"] == names_in(
        tree_of(site_packages_of(venv))
    )


def test_links_are_followed(tmp_path: Path) -> None:
    """Linked files and directories are shipped as what they point at."""
    outside = write_files(tmp_path / "outside", {"d/x.py": "1", "f.py": "22"})
    venv = make_venv(tmp_path / "venv", {"real.py": ""})
    root = site_packages_of(venv)
    (root / "one").symlink_to(outside / "d")
    (root / "two").symlink_to(outside / "d")
    (root / "f.py").symlink_to(outside / "f.py")

    tree = tree_of(site_packages_of(venv))

    assert ["f.py", "one/x.py", "real.py", "two/x.py"] == names_in(tree)
    assert [2, 1, 0, 1] == [entry.size_bytes for entry in tree.entries]


def test_dangling_link(tmp_path: Path) -> None:
    """A link to nothing is named, with what it points at."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (site_packages_of(venv) / "gone.so").symlink_to("nowhere.so")

    with pytest.raises(
        SourceError, match=r"gone\.so is a symbolic link to nowhere\.so"
    ):
        tree_of(site_packages_of(venv))


@pytest.mark.parametrize("target", [".", "..", "/", "p", "../../.."])
def test_looping_directory_link(tmp_path: Path, target: str) -> None:
    """A link to a directory that it is itself in is found, not followed for ever."""
    venv = make_venv(tmp_path / "venv", {"p/a.py": ""})
    link = site_packages_of(venv) / ("p/loop" if target != "p" else "p/q")
    link.symlink_to(target if target != "p" else link.parent)

    with pytest.raises(SourceError, match="which it is itself in"):
        tree_of(site_packages_of(venv))


def test_links_to_one_another(tmp_path: Path) -> None:
    """Two links that only loop together are found as well."""
    venv = make_venv(tmp_path / "venv", {"a/x.py": "", "b/y.py": ""})
    root = site_packages_of(venv)
    (root / "a/to_b").symlink_to(root / "b")
    (root / "b/to_a").symlink_to(root / "a")

    with pytest.raises(SourceError, match="which it is itself in"):
        tree_of(site_packages_of(venv))


def test_a_link_in_a_circle(tmp_path: Path) -> None:
    """A link that is its own target is named."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (site_packages_of(venv) / "me.py").symlink_to("me.py")

    with pytest.raises(SourceError, match=r"me\.py is a symbolic link to me\.py"):
        tree_of(site_packages_of(venv))


def test_what_is_excluded_is_no_error(tmp_path: Path) -> None:
    """Excluding a link, a pipe or an unreadable file fixes the error about it."""
    venv = make_venv(tmp_path / "venv", {"d/a.py": ""})
    root = site_packages_of(venv)
    (root / "d/gone").symlink_to("nowhere")
    (root / "d/loop").symlink_to(".")
    (root / "d/me").symlink_to("me")
    os.mkfifo(root / "d/pipe")

    tree = tree_of(
        site_packages_of(venv), exclude=("d/gone", "d/loop", "d/me", "/d/pipe")
    )

    assert ["d/a.py"] == names_in(tree)


def test_a_fifo(tmp_path: Path) -> None:
    """What is no file, directory or link to one is refused, not opened."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    os.mkfifo(site_packages_of(venv) / "pipe")

    with pytest.raises(SourceError, match="pipe is not a regular file"):
        tree_of(site_packages_of(venv))


def test_unreadable_directory(tmp_path: Path) -> None:
    """A directory that may not be listed is named."""
    venv = make_venv(tmp_path / "venv", {"p/a.py": ""})
    directory = site_packages_of(venv) / "p"
    directory.chmod(0)
    try:
        if is_root():  # whom permissions do not bind: another user has to look
            looked = _scan_as_nobody(venv)
            assert "p cannot be read: Permission denied." in looked
        else:
            with pytest.raises(SourceError, match="p cannot be read: Permission"):
                tree_of(site_packages_of(venv))
    finally:
        directory.chmod(0o755)


def _scan_as_nobody(venv: Path) -> str:
    """Scans without root's privileges, in a process that has given them up."""
    code = (
        "import os, sys; from pathlib import Path;"
        "from tests.trees import tree_of; import pathspec;"
        "os.chdir(sys.argv[1]); os.setgroups([]); os.setgid(65534);"
        "os.setuid(65534);\n"
        "try: tree_of(Path('.'), project=Path('.'))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, site_packages_of(venv)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@given(
    st.dictionaries(
        st.lists(st.text("abcé-_", min_size=1, max_size=4), min_size=1, max_size=3).map(
            "/".join
        ),
        st.binary(max_size=20),
        max_size=10,
    )
)
def test_any_tree(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    """Every file is there, once, in order, with its size, whatever the names are."""
    kept = {
        name: content
        for name, content in files.items()
        if not any(other.startswith(f"{name}/") for other in files)
    }
    venv = make_venv(tmp_path_factory.mktemp("tree") / "venv", {"z.py": "", **kept})

    tree = tree_of(site_packages_of(venv))

    expected = {"z.py": b"", **kept}
    assert sorted(expected) == names_in(tree)
    assert {name: len(content) for name, content in expected.items()} == {
        entry.name: entry.size_bytes for entry in tree.entries
    }
