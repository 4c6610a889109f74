"""From sources to what is shipped."""

from __future__ import annotations

import os
import subprocess

from pathlib import Path

import pytest

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.errors import SourceError
from tests.trees import install
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


@pytest.mark.parametrize(
    ("first", "second", "owner"),
    [("my-app", "zoo", "my-app"), ("ant", "zoo", "zoo"), ("ant", "my-app", "my-app")],
)
def test_a_file_of_two_distributions(
    tmp_path: Path, first: str, second: str, owner: str
) -> None:
    """It is that of the one that is installed over the other: the project, at last."""
    venv = make_venv(tmp_path / "venv")
    for name in (first, second):
        install(venv, name.replace("-", "_"), {"shared.py": "A = 1\n"})

    (entry,) = (
        each
        for each in tree_of(site_packages_of(venv)).entries
        if each.name == "shared.py"
    )

    assert owner == entry.distribution


def test_ordered_by_archive_name(tmp_path: Path) -> None:
    """Order is that of names as strings, not of directories and their files."""
    files = ["a/c.py", "a-b.py", "a.py", "a/b/d.py", "Z.py", "é.py"]
    venv = make_venv(tmp_path / "venv", dict.fromkeys(files, ""))

    assert sorted(files) == names_in(tree_of(site_packages_of(venv)))


def test_marks_are_only_marks_at_the_top(tmp_path: Path) -> None:
    """Vendored metadata, and files of such names elsewhere, are part of a wheel."""
    files = ["v/dep-1.0.dist-info/INSTALLER", "v/RECORD", "v/_virtualenv.py"]
    venv = make_venv(tmp_path / "venv", dict.fromkeys(files, "x"))

    assert sorted(files) == names_in(tree_of(site_packages_of(venv)))


SEEDS = frozenset({"pip", "setuptools"})


def test_seeds_go_unless_something_needs_them(tmp_path: Path) -> None:
    """Pip goes with all its files; what it shares with nobody, and nothing else."""
    venv = make_venv(tmp_path / "venv", {"mine.py": ""})
    install(venv, "pip", {"pip/__init__.py": ""})
    install(venv, "setuptools", {"setuptools/__init__.py": "", "pkg_resources.py": ""})
    install(venv, "dep", {"dep.py": ""}, metadata="Requires-Dist: Setuptools (>=1)\n")

    tree = tree_of(site_packages_of(venv), seeds=SEEDS)

    assert ["pip"] == [each.name for each in tree.left_out]
    assert not [name for name in names_in(tree) if name.startswith("pip")]
    assert {"setuptools/__init__.py", "pkg_resources.py", "mine.py"} < set(
        names_in(tree)
    )


def test_all_metadata_of_a_seed_go(tmp_path: Path) -> None:
    """Also what its RECORD does not name: somebody has added to it."""
    venv = make_venv(tmp_path / "venv")
    info = install(venv, "pip", {"pip/__init__.py": ""})
    (info / "added.txt").write_text("added")
    install(venv, "demo", {"demo.py": ""})

    found = names_in(tree_of(site_packages_of(venv), seeds=SEEDS))

    assert "demo.py" in found
    assert [] == [name for name in found if name.startswith("pip")]


def test_seeds_that_seeds_need_are_kept_with_them(tmp_path: Path) -> None:
    """What a kept seed requires is kept as well."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "pip", {"pip.py": ""})
    install(venv, "setuptools", {"s.py": ""}, metadata="Requires-Dist: pip\n")
    install(venv, "dep", {"dep.py": ""}, metadata="Requires-Dist: setuptools\n")

    assert () == tree_of(site_packages_of(venv), seeds=SEEDS).left_out


def test_an_extra_is_no_need(tmp_path: Path) -> None:
    """A requirement of an extra that may not be installed keeps no seed."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "pip", {"pip.py": ""})
    install(venv, "d", {"d.py": ""}, metadata="Requires-Dist: pip ; extra == 'x'\n")

    assert ["pip"] == [
        each.name for each in tree_of(site_packages_of(venv), seeds=SEEDS).left_out
    ]


def test_what_is_no_seed_stays(tmp_path: Path) -> None:
    """Without seeds, as in an environment made from the lock, nothing is left out."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "pip", {"pip.py": ""})

    assert "pip.py" in names_in(tree_of(site_packages_of(venv)))


def test_the_result_is_not_packaged(tmp_path: Path) -> None:
    """An earlier result in site-packages is not part of the next one."""
    venv = make_venv(tmp_path / "venv", {"a.py": "", "o.zip": "old", "b/o.zip": ""})
    result = os.path.realpath(site_packages_of(venv) / "o.zip")

    tree = tree_of(site_packages_of(venv), results=frozenset({result}))

    assert ["a.py", "b/o.zip"] == names_in(tree)


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    """A name that a ZIP cannot say is shown as its bytes."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    with open(os.fsencode(site_packages_of(venv)) + b"/b\xff.py", "w"):
        pass

    with pytest.raises(SourceError, match=r"b\\xff.py' is not UTF-8"):
        tree_of(site_packages_of(venv))


def test_names_that_are_too_long(tmp_path: Path) -> None:
    """A name of more than 65,535 bytes is refused with the number and the limit."""
    site_packages = site_packages_of(make_venv(tmp_path / "venv", {"a.py": ""}))
    before = Path.cwd()
    os.chdir(site_packages)
    try:
        # Longer than a path may be: only step by step can it be made.
        for _ in range(300):
            os.mkdir("d" * 250)
            os.chdir("d" * 250)
        with open("x.py", "w"):
            pass
    finally:
        os.chdir(before)

    try:
        with pytest.raises(SourceError, match=r"(65,535|File name too long)"):
            tree_of(site_packages_of(tmp_path / "venv"))
    finally:
        subprocess.run(["rm", "-rf", site_packages], check=True)


def test_a_name_longer_than_a_zip_allows(tmp_path: Path) -> None:
    """The target of an inclusion can be as long as anybody writes it."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    write_files(tmp_path, {"b.py": ""})

    with pytest.raises(SourceError, match=r"has 65,540 bytes; a ZIP allows 65,535"):
        tree_of(site_packages_of(venv), include=(Inclusion("b.py", ".", "x" * 65_535),))


@pytest.mark.parametrize(
    "line", ["/home/dev", "  /home/dev", "C:\\dev\\src", "D:/dev", "a/../../../dev"]
)
def test_absolute_path_in_a_pth(tmp_path: Path, line: str) -> None:
    """A `.pth` with a path of this machine cannot work on Lambda."""
    venv = make_venv(tmp_path / "venv", {"a.py": "", "dev.pth": f"# me\n{line}\n"})

    with pytest.raises(SourceError, match=r"dev\.pth points at .*dev"):
        tree_of(site_packages_of(venv))
    assert ["a.py"] == names_in(tree_of(site_packages_of(venv), exclude=("*.pth",)))


def test_harmless_pth(tmp_path: Path) -> None:
    """Code and relative paths work on Lambda as here; `.pth`s below do nothing."""
    files = {
        "a.pth": "import a; a.b('/abs')\nimport\tos\nsub\n\n# /abs\n# \f/abs\n",
        "sub/b.pth": "/abs\n",
    }
    venv = make_venv(tmp_path / "venv", files)

    assert sorted(files) == names_in(tree_of(site_packages_of(venv)))


def test_colliding_names(tmp_path: Path) -> None:
    """Two files of one name are refused, and both are named."""
    venv = make_venv(tmp_path / "venv", {"six.py": "installed"})
    write_files(tmp_path, {"six.py": "mine", "b/six.py": "other"})

    with pytest.raises(SourceError, match=r"name six\.py .*site-packages/six\.py and"):
        tree_of(site_packages_of(venv), include=(Inclusion("six.py", "."),))
    with pytest.raises(SourceError, match=r"Two files want the name x/six\.py"):
        tree_of(
            site_packages_of(venv),
            include=(Inclusion("six.py", ".", "x"), Inclusion("six.py", "b", "x")),
        )


def test_a_file_where_another_needs_a_directory(tmp_path: Path) -> None:
    """One name cannot be a file and a directory."""
    venv = make_venv(tmp_path / "venv", {"data": "a file"})
    write_files(tmp_path, {"x.json": ""})

    with pytest.raises(
        SourceError, match=r"both a file and the directory of .*x\.json"
    ):
        tree_of(site_packages_of(venv), include=(Inclusion("x.json", ".", "data"),))
