"""Builds what goes to the package index: `make dist`.

The plugin is built in a copy of what Git tracks, so that nothing else comes along. In
it is a README for the index, and the project's addresses, all made of the one in
`[project.urls]`. The command without Poetry is built out of the project that is made
of this copy. Wheels are built out of source distributions.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tools.index_readme import Place
from tools.index_readme import index_readme
from tools.repository import ROOT
from tools.repository import address
from tools.standalone import write_project


if TYPE_CHECKING:
    from collections.abc import Iterator


DIST = ROOT / "dist"
INDEX_README = "PKG-README"
_README = re.compile(r"^readme = .*$", re.MULTILINE)
_REPOSITORY = re.compile(r"^Repository = .*$", re.MULTILINE)


def build(target: Path, root: Path = ROOT) -> tuple[Path, ...]:
    """Builds source distribution and wheel of a checkout into an empty directory.

    Returns:
        Their paths, by name.

    Raises:
        CalledProcessError: Git or the build has failed, and has said why.
        AddressError: The repository's address is none.
    """
    with _prepared(root) as copy:
        _build(copy, target)
    return tuple(sorted(target.iterdir()))


def build_standalone(target: Path, root: Path = ROOT) -> None:
    """Builds both distributions of the command without Poetry into a directory.

    Raises:
        CalledProcessError: Git or the build has failed, and has said why.
        AddressError: The repository's address is none.
    """
    with _prepared(root) as copy:
        project = copy.parent / "standalone"
        write_project(project, copy)
        _build(project, target)


@contextmanager
def _prepared(root: Path) -> Iterator[Path]:
    """A copy of what Git tracks, as it goes to the index; it is removed at the end."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory, "checkout")
        _copy_tracked(root, copy)
        _prepare(copy)
        yield copy


def _build(project: Path, target: Path) -> None:
    # What builds is installed: a build environment would ask the index for it.
    options = ("--no-isolation", "--outdir", str(target))
    command = [sys.executable, "-m", "build", *options, str(project)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def tracked(root: Path) -> tuple[str, ...]:
    """Lists the files of a checkout that Git tracks and that are there."""
    # In a container the checkout is often another user's.
    git = ["git", "-c", f"safe.directory={root}"]
    listed = subprocess.run(
        [*git, "ls-files", "-z"], cwd=root, check=True, stdout=subprocess.PIPE
    ).stdout.decode()
    names = listed.split("\0")[:-1]
    return tuple(name for name in names if (root / name).is_file())


def _copy_tracked(root: Path, copy: Path) -> None:
    for name in tracked(root):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / name, copy / name)


def _prepare(copy: Path) -> None:
    pyproject = copy / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8")
    found = address(copy)
    place = None
    if found is not None:
        place = Place(found, f"v{tomllib.loads(text)['project']['version']}")
        text = _REPOSITORY.sub(_urls(place), text)
    shown = index_readme((copy / "README.md").read_text(encoding="utf-8"), place)
    (copy / INDEX_README).write_text(shown, encoding="utf-8")
    readme = f'readme = {{ file = "{INDEX_README}", content-type = "text/markdown" }}'
    pyproject.write_text(_README.sub(readme, text, count=1), encoding="utf-8")


def _urls(place: Place) -> str:
    urls = {
        "Repository": place.address,
        "Documentation": place.page("docs/usage.md"),
        "Changelog": place.page("CHANGELOG.md"),
        "Issues": f"{place.address}/issues",
    }
    return "\n".join(f'{name} = "{url}"' for name, url in urls.items())


if __name__ == "__main__":
    if not (ROOT / ".git").exists():
        sys.exit("Distributions are built in a checkout of Git: git clone, make dist")
    shutil.rmtree(DIST, ignore_errors=True)
    build(DIST)
    build_standalone(DIST)
    for path in sorted(DIST.iterdir()):
        print(path.relative_to(ROOT))
