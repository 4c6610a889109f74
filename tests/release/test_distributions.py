"""What goes to the index: what is in it, and what it says of itself."""

from __future__ import annotations

import email
import email.message
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile

from typing import TYPE_CHECKING

import pytest

from trove_classifiers import classifiers

from tools.distributions import INDEX_README
from tools.distributions import build
from tools.distributions import build_standalone
from tools.distributions import tracked
from tools.repository import ROOT
from tools.repository import AddressError
from tools.repository import address
from tools.standalone import OURS
from tools.standalone import PACKAGE


if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))[
    "project"
]
VERSION = PROJECT["version"]


def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def test_twine_finds_nothing_wrong(built: dict[str, Path], tmp_path: Path) -> None:
    """What the index would refuse, or not render, is an error here."""
    build_standalone(tmp_path)
    files = (*built.values(), *tmp_path.iterdir())
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert 4 == done.stdout.count("PASSED")


def test_the_sdist_has_all_that_git_tracks(built: dict[str, Path]) -> None:
    """Tests, docs, tools and CHANGELOG among it; and nothing else."""
    with tarfile.open(built["sdist"]) as archive:
        roots, names = zip(
            *(name.split("/", 1) for name in archive.getnames()), strict=True
        )
        (changes,) = (n for n in archive.getnames() if n.endswith("/CHANGELOG.md"))
        found = archive.extractfile(changes)
        assert found is not None
        assert (ROOT / "CHANGELOG.md").read_bytes() == found.read()
    assert {f"poetry_plugin_package_function-{VERSION}"} == set(roots)
    assert sorted([*tracked(ROOT), INDEX_README, "PKG-INFO"]) == sorted(names)


def test_scripts_of_the_sdist_can_be_run(built: dict[str, Path]) -> None:
    """What is executable in the repository is so in it."""
    with tarfile.open(built["sdist"]) as archive:
        found = {
            each.name.partition("/")[2] for each in archive if each.mode & 0o111
        } & set(tracked(ROOT))
    assert {"tools/test-tools.sh", ".ci/run"} <= found
    assert [] == [name for name in found if not (ROOT / name).stat().st_mode & 0o111]


def test_the_build_is_reproducible(built: dict[str, Path], tmp_path: Path) -> None:
    """So what has been checked is what is uploaded."""
    again = {each.name: each.read_bytes() for each in build(tmp_path / "dist")}
    assert {each.name: each.read_bytes() for each in built.values()} == again


def test_metadata_is_what_pyproject_says(built: dict[str, Path]) -> None:
    """Licence, classifiers that the index knows, and each Python that is tested."""
    found = metadata(built["wheel"])
    assert "MIT" == found["License-Expression"]
    assert ["LICENSE"] == found.get_all("License-File")
    assert PROJECT["requires-python"] == found["Requires-Python"].replace(" ", "")
    listed = found.get_all("Classifier", [])
    assert sorted(PROJECT["classifiers"]) == sorted(listed)
    assert [] == sorted(set(listed) - classifiers)
    pythons = [each for each in listed if re.search(r"Python :: 3\.\d+$", each)]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    tested = set(re.findall(r'"(3\.\d+)"', workflow))
    assert tested == {each.rpartition(" ")[2] for each in pythons}


def test_addresses_come_from_one_setting(built: dict[str, Path]) -> None:
    """Each begins with the repository's; without that there are none."""
    found = metadata(built["wheel"]).get_all("Project-URL", [])
    if address() is None:
        assert [] == found
    else:
        assert {"Repository", "Documentation", "Changelog", "Issues"} == {
            each.partition(", ")[0] for each in found
        }
        assert all(f", {address()}" in each for each in found)


def with_address(directory: Path, found: str | None) -> Path:
    line = f'Repository = "{found}"' if found else ""
    directory.mkdir(exist_ok=True)
    (directory / "pyproject.toml").write_text(
        f'[project]\nname = "a"\nversion = "1"\nreadme = "README.md"\n'
        f"[project.urls]\n{line}\n"
        '[build-system]\nrequires = ["poetry-core"]\n'
        'build-backend = "poetry.core.masonry.api"\n'
    )
    return directory


@pytest.mark.parametrize(
    "wrong",
    [
        "http://github.com/a/b",
        "https://github.com/a/b/",
        "https://github.com/a",
        "https://git.example.org/a/b",
    ],
)
def test_an_address_of_which_no_links_can_be_made_is_an_error(
    wrong: str, tmp_path: Path
) -> None:
    """It names the setting, what it expects and what it has got."""
    with pytest.raises(AddressError) as caught:
        address(with_address(tmp_path, wrong))
    assert "[project.urls] Repository: expected https://github.com/" in str(
        caught.value
    )
    assert str(caught.value).endswith(f"got {wrong}")


def test_with_an_address_all_links_are_made_of_it(tmp_path: Path) -> None:
    """In the metadata and in the description; what Git does not track stays away."""
    checkout = with_address(tmp_path / "checkout", "https://github.com/a/b")
    (checkout / "a.py").write_text("")
    (checkout / "README.md").write_text("[Usage](docs/usage.md)")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    (checkout / "README.rst").write_text("not tracked")

    wheel, sdist = build(tmp_path / "dist", checkout)

    found = metadata(wheel)
    assert {
        "Repository, https://github.com/a/b",
        "Documentation, https://github.com/a/b/blob/v1/docs/usage.md",
        "Changelog, https://github.com/a/b/blob/v1/CHANGELOG.md",
        "Issues, https://github.com/a/b/issues",
    } == set(found.get_all("Project-URL", []))
    link = "[Usage](https://github.com/a/b/blob/v1/docs/usage.md)"
    assert link == str(found.get_payload()).strip()
    with tarfile.open(sdist) as archive:
        assert "a-1/README.rst" not in archive.getnames()


def test_the_command_is_built_of_what_git_tracks(tmp_path: Path) -> None:
    """Nothing else of the package comes along; addresses are those of the project."""
    checkout = tmp_path / "checkout"
    for name in ("pyproject.toml", "README.md", "LICENSE", "docs/standalone.md"):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, checkout / name)
    shutil.copytree(ROOT / "src", checkout / "src")
    path = checkout / "pyproject.toml"
    text = re.sub("(?m)^Repository = .*\n", "", path.read_text(encoding="utf-8"))
    table = '[project.urls]\nRepository = "https://github.com/a/b"\n'
    path.write_text(text.replace("[project.urls]\n", table), encoding="utf-8")
    for command in (["init", "--quiet"], ["add", "."]):
        subprocess.run(["git", *command], cwd=checkout, check=True)
    (checkout / "src" / OURS / "untracked.py").write_text("")

    build_standalone(tmp_path / "dist", checkout)

    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert f"{PACKAGE}/cli.py" in names
    assert f"{PACKAGE}/untracked.py" not in names
    assert {"Repository", "Documentation", "Changelog", "Issues"} == {
        each.partition(", ")[0] for each in metadata(wheel).get_all("Project-URL", [])
    }


def test_the_changelog_has_this_version_on_top() -> None:
    """With its day; what comes next has a place above it."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    first, second, *_ = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert "[Unreleased]" == first
    assert re.fullmatch(rf"\[{re.escape(VERSION)}\] - \d{{4}}-\d\d-\d\d", second)


def test_no_line_of_the_changelog_stands_twice() -> None:
    """Each feature has one line."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("- ")]
    assert lines
    assert len(set(lines)) == len(lines)


def test_pages_name_the_repository_as_the_setting_does() -> None:
    """Without an address, a reader sees that OWNER has to be replaced.

    If this fails after the address was set: these are the lines to change.
    """
    found = address()
    expected = found.removeprefix("https://github.com/") if found else None
    name = expected or "OWNER/poetry-plugin-package-function"
    uses = {
        (path.relative_to(ROOT).as_posix(), used)
        for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for used in re.findall(
            r"uses: ([\w./-]+/[\w.-]*package-function)@", path.read_text("utf-8")
        )
    }
    assert "docs/recipes/github-actions.md" in {path for path, _ in uses}
    assert [] == sorted(each for each in uses if each[1] != name)
