"""A copy of the project, for backends and scripts that write where they build.

It has what `poetry build` would find: all of the project's directory, and if that is in
a Git repository, the repository's other files and its history. A backend reads what is
ignored, and which version this is, from there. What Git ignores is copied of the
project only. There is nothing that an earlier build has left, since setuptools takes
that for a part of the project.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess

from contextlib import contextmanager
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.host import HAS_MODES


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Set


_LEFT_BY_BUILDS: Final = (
    # distutils' names: https://docs.python.org/3.11/distutils/configfile.html
    *("build/lib", "build/lib.*", "build/temp.*", "build/bdist.*", "build/scripts-*"),
    *("dist/*.whl", "dist/*.tar.gz", "dist/*.zip"),
)
"""Below the project's directory, unless Git knows them."""

_PASSED_OVER: Final = (
    *("__pycache__", "*.egg-info"),
    *(".cache", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".tox"),
    *(".aws-sam", ".serverless", ".terraform", "cdk.out"),
)
"""Directories, wherever they are: what tools keep, and what may be very large.

What Git knows in them is copied.
"""


@dataclass(frozen=True)
class _Repository:
    """A Git repository.

    Attributes:
        root: The top of its working tree.
        git_dir: What is the working tree's own, such as HEAD.
        common_dir: What all working trees of the repository share.
    """

    root: Path
    git_dir: Path
    common_dir: Path


@contextmanager
def copied_project(
    project: Path, caches: Path, but: Iterable[Path] = ()
) -> Iterator[Path]:
    """Has a copy of a project, in the same place each time.

    Compilers write into debug information where they have run: in another directory
    they would make another file, with another hash.

    Args:
        project: Its directory.
        caches: Poetry's: the place is there, and it is no part of a copy.
        but: Further directories that are passed over if the project has them.

    Returns:
        The project's directory in the copy, which is gone afterwards.

    Raises:
        OSError: There is no room for it.
    """
    from filelock import FileLock

    digest = hashlib.sha256(os.fsencode(os.path.realpath(project))).hexdigest()[:16]
    place = caches / "package-function" / "builds" / f"{project.name}-{digest}"
    place.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{place}.lock"):
        shutil.rmtree(place, ignore_errors=True)  # a run may have been killed
        place.mkdir()
        try:
            yield copy_project(project, place, (caches, *but))
        finally:
            shutil.rmtree(place, ignore_errors=True)


def copy_project(project: Path, scratch: Path, but: Iterable[Path] = ()) -> Path:
    """Copies a project, and the Git repository that it is in.

    Args:
        project: Its directory.
        scratch: An empty directory to copy it into.
        but: Directories that are passed over if the project has them.

    Returns:
        The project's directory in the copy.

    Raises:
        OSError: There is no room for it.
    """
    project = Path(os.path.realpath(project))
    repository = _repository(project)
    root = repository.root if repository else project
    top = scratch / "copy" / root.name
    passed_over = frozenset(map(os.path.realpath, (scratch, *but)))
    sources = _walk(project, project, passed_over)
    if repository is not None:
        untracked = _untracked(root, passed_over | {str(project)})
        names = (*_listed(root, "--cached"), *untracked)
        sources = chain(sources, (root / name for name in names))
    for source in sources:
        target = top / source.relative_to(root)
        if os.path.lexists(source) and not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy_one(source, target, root)
    if repository is not None:
        _attach(repository, top, scratch / "git")
    return top / project.relative_to(root)


def _walk(directory: Path, project: Path, passed_over: Set[str]) -> Iterator[Path]:
    """Lists what is copied of a directory in the project, itself first."""
    yield directory
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except PermissionError:
        # Whoever needs what is in it cannot read it in the project either.
        return
    for entry in entries:
        if entry.name == ".git":  # a submodule's, or what `_attach` stands in for
            continue
        path = Path(entry.path)
        within = path.relative_to(project)
        if len(within.parts) == 2 and any(map(within.match, _LEFT_BY_BUILDS)):
            continue
        if not entry.is_dir(follow_symlinks=False):
            yield path
        elif not (
            any(fnmatchcase(entry.name, pattern) for pattern in _PASSED_OVER)
            or (path / "pyvenv.cfg").exists()
            or str(path) in passed_over
        ):
            yield from _walk(path, project, passed_over)


def _copy_one(source: Path, target: Path, root: Path) -> None:
    if source.is_symlink():
        link, real = os.readlink(source), os.path.realpath(source)
        is_kept = not os.path.isabs(link) and Path(real).is_relative_to(root)
        target.symlink_to(link if is_kept else real)
    elif source.is_dir():  # what is copied of it comes later
        target.mkdir()
    elif source.is_file() and os.access(source, os.R_OK):
        with suppress(FileNotFoundError):  # removed this moment
            shutil.copy2(source, target)
            if not HAS_MODES:  # Windows removes nothing that is read-only
                target.chmod(0o666)
    else:  # a socket, or not to be read: whoever needs it meets the same error
        target.symlink_to(source)


def _repository(project: Path) -> _Repository | None:
    said = _git(
        project,
        *("rev-parse", "--show-toplevel", "--absolute-git-dir", "--git-common-dir"),
    )
    if said is None:  # there is no Git, or no repository
        return None
    root, git_dir, common_dir = (os.fsdecode(line) for line in said.splitlines())
    return _Repository(Path(root), Path(git_dir), project / common_dir)


def _untracked(root: Path, passed_over: Set[str]) -> list[str]:
    """Lists what is new and not ignored, such as a module that has just been written.

    A directory at the top that is new altogether may be anything: a repository that is
    somebody's home directory has many of them.
    """
    tools = (f"--exclude={name}/" for name in (*_PASSED_OVER, ".venv", "venv"))
    which = ("--others", "--exclude-standard", *tools)
    new = _listed(root, *which, "--directory")
    files = [name for name in new if not name.endswith("/")]
    below = [name for name in new if name.endswith("/") and name.count("/") > 1]
    if below:
        files += _listed(root, *which, "--", *below)
    return [
        name
        for name in files
        if passed_over.isdisjoint(map(str, (root / name).parents))
    ]


def _listed(root: Path, *which: str) -> list[str]:
    listed = _git(root, "ls-files", "-z", *which) or b""
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _git(directory: Path, *arguments: str) -> bytes | None:
    try:
        return subprocess.run(
            ["git", "--literal-pathspecs", "-C", str(directory), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def _attach(repository: _Repository, top: Path, git_dir: Path) -> None:
    """Makes the copy a working tree of the repository, with an index of its own.

    This is what `git worktree add` makes, but for a note in the repository itself:
    https://git-scm.com/docs/gitrepository-layout (commondir, gitdir).
    """
    git_dir.mkdir()
    for pattern in ("HEAD", "index", "sharedindex.*", "config.worktree"):
        for file in repository.git_dir.glob(pattern):
            shutil.copyfile(file, git_dir / file.name)
    common_dir = os.path.realpath(repository.common_dir)
    (git_dir / "commondir").write_text(f"{common_dir}\n", encoding="utf-8")
    (git_dir / "gitdir").write_text(f"{top / '.git'}\n", encoding="utf-8")
    (top / ".git").write_text(f"gitdir: {git_dir}\n", encoding="utf-8")
