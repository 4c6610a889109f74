"""What a build backend finds in the copy of a project that it runs in."""

from __future__ import annotations

import os
import stat

from typing import TYPE_CHECKING

from poetry_plugin_package_function.bundling import project_copy
from poetry_plugin_package_function.bundling.project_copy import copied_project
from poetry_plugin_package_function.bundling.project_copy import copy_project
from tests.git import git
from tests.git import repository
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    import pytest


PROJECT = {
    "pyproject.toml": "[project]\n",
    "src/my_app/__init__.py": "",
    "build/build.py": "",
    "dist/web/page.zip": "",
    "src/dist/my_app.zip": "",
}
LEFT = {
    "build/lib/my_app/deleted.py": "",
    "build/temp.linux-x86_64-cpython-311/fast.o": "",
    "src/my_app.egg-info/SOURCES.txt": "",
    "src/my_app/__pycache__/x.pyc": "",
    "dist/my_app.zip": "",
    ".venv/pyvenv.cfg": "",
    ".venv/lib/x.py": "",
    ".tox/x.py": "",
}


def files_of(directory: Path) -> set[str]:
    """The names of all files, but for Git's."""
    return {
        path.relative_to(directory).as_posix()
        for path in directory.rglob("*")
        if not path.is_dir() and path.name != ".git"
    }


def scratch(tmp_path: Path) -> Path:
    """An empty directory for a copy."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    return directory


def test_the_copy_is_in_the_same_place_each_time(tmp_path: Path) -> None:
    """It is empty before, has no caches in it, and nothing of it is left."""
    project = write_files(tmp_path / "app", PROJECT)
    places = []
    for name in ("first.py", "second.py"):
        write_files(project, {name: ""})
        with copied_project(project, project / "cache") as copied:
            places.append(copied)
            assert (copied / name).is_file()
            assert not (copied / "cache").exists()
            write_files(copied, {"generated.py": ""})
        (project / name).unlink()
    assert places[0] == places[1]
    assert not places[0].exists()
    other = write_files(tmp_path / "other" / "app", PROJECT)
    with copied_project(other, project / "cache") as copied:
        assert copied != places[0]


def test_what_builds_have_left_is_not_copied(tmp_path: Path) -> None:
    """A deleted module would be shipped; a file that is only near stays."""
    project = write_files(tmp_path / "app", {**PROJECT, **LEFT})
    copied = copy_project(project, scratch(tmp_path))
    assert PROJECT.keys() == files_of(copied)
    assert "app" == copied.name


def test_a_copy_is_one(tmp_path: Path) -> None:
    """Whatever is written there, the project stays; modes and times are kept."""
    project = write_files(tmp_path / "app", PROJECT)
    source = project / "build" / "build.py"
    source.chmod(0o755)
    os.utime(source, (1e9, 1e9))
    copied = copy_project(project, scratch(tmp_path))
    found = (copied / "build" / "build.py").stat()
    assert (0o755, 1e9) == (found.st_mode & 0o777, found.st_mtime)
    write_files(copied, {"build/build.py": "changed", "setup.py": ""})
    assert PROJECT.keys() == files_of(project)
    assert "" == source.read_text()


def test_nothing_is_read_only_that_could_not_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows removes nothing that is."""
    project = write_files(tmp_path / "project", {"a.py": ""})
    (project / "a.py").chmod(0o444)
    for has_modes, expected in ((True, 0o444), (False, 0o666)):
        monkeypatch.setattr(project_copy, "HAS_MODES", has_modes)
        scratch = tmp_path / str(has_modes)
        scratch.mkdir()
        copy = copy_project(project, scratch)
        assert expected == stat.S_IMODE((copy / "a.py").stat().st_mode)


def test_links(tmp_path: Path) -> None:
    """One within the project leads into the copy; one out of it, where it led."""
    project = write_files(tmp_path / "app", PROJECT)
    write_files(tmp_path, {"outside.txt": "outside"})
    (project / "in").symlink_to("src/my_app/__init__.py")
    (project / "out").symlink_to("../outside.txt")
    (project / "nowhere").symlink_to("gone")
    copied = copy_project(project, scratch(tmp_path))
    assert copied / "src" / "my_app" / "__init__.py" == (copied / "in").resolve()
    assert "outside" == (copied / "out").read_text()
    assert (copied / "nowhere").is_symlink()


def test_what_is_no_file(tmp_path: Path) -> None:
    """A backend meets a pipe as it would in the project; to copy it has no end."""
    project = write_files(tmp_path / "app", PROJECT)
    os.mkfifo(project / "pipe")
    copied = copy_project(project, scratch(tmp_path))
    assert (copied / "pipe").is_fifo()


def test_places_that_are_named_are_passed_over(tmp_path: Path) -> None:
    """TMPDIR and Poetry's cache may be in the project: a copy has no end otherwise."""
    project = write_files(tmp_path / "app", {**PROJECT, "cache/x": "", "tmp/x": ""})
    inside = project / "tmp" / "scratch"
    inside.mkdir()
    copied = copy_project(project, inside, but=(project / "cache", project / "tmp"))
    assert PROJECT.keys() == files_of(copied)


def test_a_project_in_a_repository(tmp_path: Path) -> None:
    """The version of Git is the same, so is what it ignores, and so are neighbours."""
    root = write_files(
        tmp_path / "all",
        {
            ".gitignore": "*.env\n",
            "shared/data.txt": "shared",
            "apps/one/dist/known.whl": "",
            **{f"apps/one/{name}": text for name, text in PROJECT.items()},
        },
    )
    (root / "link").symlink_to("shared/data.txt")
    project = repository(root) / "apps" / "one"
    write_files(project, {"src/my_app/secret.env": "token"})
    write_files(root, {"untracked/large.bin": "x"})
    write_files(project, LEFT)
    index = (root / ".git" / "index").read_bytes()

    copied = copy_project(project, scratch(tmp_path))

    assert "v1.2.3" == git(copied, "describe", "--tags", "--dirty")
    assert {"src/my_app/secret.env", "dist/known.whl", *PROJECT} == files_of(copied)
    ignored = git(copied, "ls-files", "--others", "--ignored", "--exclude-standard")
    assert "src/my_app/secret.env" == ignored
    top = copied.parents[1]
    assert str(top) == git(copied, "rev-parse", "--show-toplevel")
    assert "shared" == (top / "link").read_text()
    assert not (top / "untracked").exists()
    assert index == (root / ".git" / "index").read_bytes()

    write_files(copied, {"pyproject.toml": "# changed\n"})
    assert "v1.2.3-dirty" == git(copied, "describe", "--tags", "--dirty")
    git(copied, "add", ".")
    assert index == (root / ".git" / "index").read_bytes()


def test_what_git_does_not_know_yet(tmp_path: Path) -> None:
    """A neighbour's new module is there, as for `poetry build`.

    What is ignored, what tools keep, and what is beside all that Git knows is not.
    """
    known = {"app/pyproject.toml": "", "shared/old.py": ""}
    root = repository(write_files(tmp_path / "all", known))
    new = {"shared/new.py": "", "shared/[new]/deep/new.py": "", "top.txt": ""}
    left = {
        "shared/ignored/large.bin": "",
        "shared/.tox/x.py": "",
        "shared/.venv/x.py": "",
        "shared/tmp/x.py": "",
        "Downloads/large.bin": "",
    }
    write_files(root, {**new, **left, "shared/.gitignore": "ignored/\n"})

    but = (root / "shared" / "tmp",)
    copied = copy_project(root / "app", scratch(tmp_path), but)

    assert {*known, *new, "shared/.gitignore"} == files_of(copied.parent)


def test_an_index_in_two_files(tmp_path: Path) -> None:
    """Git may keep most of it in a file of its own: `core.splitIndex`."""
    root = repository(write_files(tmp_path / "app", PROJECT))
    git(root, "update-index", "--split-index")
    copied = copy_project(root, scratch(tmp_path))
    assert "v1.2.3" == git(copied, "describe", "--tags", "--dirty")


def test_a_repository_with_a_submodule(tmp_path: Path) -> None:
    """It is clean in the copy, too; a working tree of its own is as good as another."""
    library = repository(write_files(tmp_path / "lib", {"lib.py": ""}))
    root = repository(write_files(tmp_path / "all", {"app/pyproject.toml": ""}))
    git(
        *(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add"),
        *(str(library), "vendored"),
    )
    git(root, "commit", "--quiet", "--message", "Add", "--no-gpg-sign")
    git(root, "tag", "v2.0")
    git(root, "worktree", "add", "--quiet", str(tmp_path / "other"))
    projects = (root / "app", tmp_path / "other" / "app", root)
    for number, project in enumerate(projects):
        directory = tmp_path / str(number)
        directory.mkdir()
        copied = copy_project(project, directory)
        assert "v2.0" == git(copied, "describe", "--tags", "--dirty")


def test_no_git(tmp_path: Path) -> None:
    """Where there is no repository, and no Git, only the project is copied."""
    write_files(tmp_path, {"neighbour.txt": ""})
    project = write_files(tmp_path / "app", PROJECT)
    before = os.environ["PATH"]
    os.environ["PATH"] = ""
    try:
        copied = copy_project(project, scratch(tmp_path))
    finally:
        os.environ["PATH"] = before
    assert PROJECT.keys() == files_of(copied.parent / "app")
    assert [copied] == list(copied.parent.iterdir())
