"""The project's files that `include` names."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.configuration.inclusions import Inclusion
from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources import ignored
from poetry_plugin_package_function.packaging.sources.included import find_included
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from tests.git import git
from tests.git import repository
from tests.trees import make_venv
from tests.trees import names_in
from tests.trees import site_packages_of
from tests.trees import tree_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


def test_included_files(tmp_path: Path) -> None:
    """Files, directories and globs come in under their names in the project."""
    venv = make_venv(tmp_path / "venv")
    write_files(
        tmp_path,
        {
            "lambda_function.py": "",
            "data/a.json": "",
            "data/b/c.json": "",
            "data/__pycache__/x.pyc": b"",
            "src/app.py": "",
            "other.txt": "",
        },
    )

    tree = tree_of(
        site_packages_of(venv),
        include=(
            Inclusion("lambda_function.py", "."),
            Inclusion("data", "."),
            Inclusion("data/*.json", "."),
            Inclusion("*.py", "src", "lib"),
        ),
    )

    assert names_in(tree) == [
        "data/a.json",
        "data/b/c.json",
        "lambda_function.py",
        "lib/app.py",
    ]
    assert all(entry.included for entry in tree.entries)


def test_include_passes_over_what_is_no_part_of_the_project(tmp_path: Path) -> None:
    """`**` does not bring in virtual environments, history or earlier results."""
    venv = make_venv(tmp_path / ".venv", {"dep.py": ""})
    write_files(
        tmp_path,
        {
            "a.py": "",
            ".git/config": "",
            "dist/old.zip": "",
            "p/__pycache__/a.pyc": b"",
            "p/b.py": "",
            "p/env/pyvenv.cfg": "",
            "p/env/lib/x.py": "",
        },
    )

    old = os.path.realpath(tmp_path / "dist/old.zip")
    for pattern in ("**/*", "*"):
        tree = tree_of(
            site_packages_of(venv),
            project=tmp_path,
            include=(Inclusion(pattern, "."),),
            results=frozenset({old}),
        )
        assert ["a.py", "dep.py", "p/b.py"] == names_in(tree)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("**", ["a.py", "d/b.py", "d/e/c.json", "d/e/c.py", "x.txt"]),
        ("*", ["a.py", "d/b.py", "d/e/c.json", "d/e/c.py", "x.txt"]),
        ("*.py", ["a.py"]),
        ("**/*.py", ["a.py", "d/b.py", "d/e/c.py"]),
        ("d", ["d/b.py", "d/e/c.json", "d/e/c.py"]),
        ("./d/e/", ["d/e/c.json", "d/e/c.py"]),
        ("d/*/c.*", ["d/e/c.json", "d/e/c.py"]),
        ("d/**/*.json", ["d/e/c.json"]),
        ("[ax].*", ["a.py", "x.txt"]),
        ("?.py", ["a.py"]),
    ],
)
@pytest.mark.parametrize("target", ["", "lib/deep"])
def test_patterns(
    tmp_path: Path, pattern: str, expected: list[str], target: str
) -> None:
    """Files keep their places below `from`, at the root or in `to`."""
    files = ["a.py", "x.txt", "d/b.py", "d/e/c.py", "d/e/c.json"]
    write_files(tmp_path / "src", dict.fromkeys(files, ""))
    venv = make_venv(tmp_path / "venv")

    tree = tree_of(site_packages_of(venv), include=(Inclusion(pattern, "src", target),))

    placed = [f"{target}/{name}" if target else name for name in expected]
    assert placed == names_in(tree)


@pytest.mark.parametrize("pattern", ["lambda_functoin.py", "gone/*.py", "*.toml"])
def test_include_that_finds_nothing(tmp_path: Path, pattern: str) -> None:
    """A pattern without a match is a mistake, and is named."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})

    with pytest.raises(SourceError, match=r"include: nothing in .* matches") as raised:
        tree_of(site_packages_of(venv), include=(Inclusion(pattern, "."),))
    assert repr(pattern) in raised.value.reason


def test_other_links_in_the_project_do_not_matter(tmp_path: Path) -> None:
    """A link that no pattern asks for may be broken."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "b.json").write_text("")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "me").symlink_to("me")

    tree = tree_of(site_packages_of(venv), include=(Inclusion("*.json", "."),))

    assert ["a.py", "b.json"] == names_in(tree)


def test_one_file_that_is_a_broken_link(tmp_path: Path) -> None:
    """A link to nothing that is named itself is told; excluded, it is no match."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "x").symlink_to("gone")

    with pytest.raises(SourceError, match="x is a symbolic link to gone"):
        tree_of(site_packages_of(venv), include=(Inclusion("x", "."),))
    with pytest.raises(SourceError, match="nothing in"):
        tree_of(site_packages_of(venv), exclude=("x",), include=(Inclusion("x", "."),))


def test_include_of_a_dangling_link(tmp_path: Path) -> None:
    """A link to nothing among the included files is named as elsewhere."""
    venv = make_venv(tmp_path / "venv", {"a.py": ""})
    (tmp_path / "x.json").symlink_to("gone.json")

    with pytest.raises(SourceError, match=r"x\.json is a symbolic link to gone\.json"):
        tree_of(site_packages_of(venv), include=(Inclusion("*.json", "."),))


PROJECT = {
    "app.py": "",
    "data/a.json": "",
    "data/.env": "",
    "data/b.log": "",
    "data/deep/.cache/c.json": "",
    "generated/d.json": "",
    "kept.log": "",
    "node_modules/n/package.json": "",
    "cdk.out/e.json": "",
    ".env": "",
    ".aws-sam/build/f.json": "",
    "build/g.json": "",
    "poetry.lock": "",
    "pylock.toml": "",
    "uv.lock": "",
    "pyproject.toml": "",
    "requirements.txt": "",
    ".gitignore": "*.log\ngenerated/\n!kept.log\n/data/deep/x\n",
    "data/deep/x/h.json": "",
    "data/deep/.gitignore": "i.json\n",
    "data/deep/i.json": "",
}


@pytest.fixture(params=["git", "no git"])
def project(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A project in a Git checkout, or of the same files without Git."""
    directory = write_files(tmp_path / "project", PROJECT)
    if request.param == "git":
        return repository(directory)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    return directory


def found(project: Path, *inclusions: Inclusion) -> tuple[list[str], list[str]]:
    """Names that come in, and what is passed over."""
    source = find_included(inclusions, project, matcher(()))
    return sorted(each.name for each in source.entries), [*source.passed_over]


@pytest.mark.parametrize("pattern", ["**/*", "*", "**"])
def test_no_secrets_and_no_rubbish_by_accident(project: Path, pattern: str) -> None:
    """Wildcards bring in what Git has, but for hidden files and what tools keep."""
    names, passed_over = found(project, Inclusion(pattern, "."))

    assert ["app.py", "data/a.json", "kept.log"] == names
    assert [
        *(".aws-sam/", ".env", ".gitignore", "build/", "cdk.out/", "data/.env"),
        *("data/b.log", "data/deep/.cache/", "data/deep/.gitignore"),
        *("data/deep/i.json", "data/deep/x/", "generated/", "node_modules/"),
        *("poetry.lock", "pylock.toml", "pyproject.toml"),
        *("requirements.txt", "uv.lock"),
    ] == passed_over


@pytest.mark.parametrize(
    ("inclusion", "expected"),
    [
        (Inclusion(".env", "."), [".env"]),
        (Inclusion("data/.env", "."), ["data/.env"]),
        (Inclusion("data/b.log", "."), ["data/b.log"]),
        (Inclusion("generated", "."), ["generated/d.json"]),
        (Inclusion("generated/*.json", "."), ["generated/d.json"]),
        (Inclusion("*.json", "generated"), ["d.json"]),
        (Inclusion("data/deep/x/*", "."), ["data/deep/x/h.json"]),
        (Inclusion("build", "."), ["build/g.json"]),
        (Inclusion("*.json", "cdk.out", "out"), ["out/e.json"]),
        (Inclusion("pyproject.toml", "."), ["pyproject.toml"]),
        (Inclusion("requirements.txt", "."), ["requirements.txt"]),
        (Inclusion("node_modules/**/*.json", "."), ["node_modules/n/package.json"]),
    ],
)
def test_what_is_named_comes(
    project: Path, inclusion: Inclusion, expected: list[str]
) -> None:
    """Whoever names a file or a directory means it."""
    assert (expected, []) == found(project, inclusion)


def test_a_file_that_is_named_comes_from_everywhere(project: Path) -> None:
    """A wildcard may stand before a name."""
    assert [".env", "data/.env"] == found(project, Inclusion("**/.env", "."))[0]


def test_a_directory_that_is_named_does_not_name_what_is_in_it(project: Path) -> None:
    """A password in a directory of data stays where it is."""
    names, passed_over = found(project, Inclusion("data", "."))

    assert ["data/a.json"] == names
    assert "data/.env" in passed_over


def test_what_a_pattern_cannot_match_is_not_counted(project: Path) -> None:
    """Nobody has asked for it."""
    assert (["app.py"], []) == found(project, Inclusion("*.py", "."))
    names, passed_over = found(project, Inclusion("*/a.*", "."))
    assert ["data/a.json"] == names
    assert "data/b.log" not in passed_over


def test_all_that_matches_is_passed_over(project: Path) -> None:
    """The error says what there is, and how to have it."""
    with pytest.raises(SourceError) as raised:
        found(project, Inclusion("*.log", "data"))
    assert "is hidden, ignored by Git, or kept there by tools: data/b.log." in str(
        raised.value
    )
    assert "Name what is to be shipped" in raised.value.hint


def test_git_has_what_has_been_added(tmp_path: Path) -> None:
    """As for wheels, a rule of Git's does not count for what is in the repository."""
    project = write_files(tmp_path, {".gitignore": "*.bin\n", "a.bin": "", "b.bin": ""})
    git(project, "init", "--quiet")
    git(project, "add", "--force", "a.bin")

    assert (["a.bin"], ["b.bin"]) == found(project, Inclusion("*.bin", "."))


def test_a_project_that_git_ignores_altogether(tmp_path: Path) -> None:
    """A repository that it is merely in says nothing about it."""
    write_files(tmp_path, {".gitignore": "/out/\n", "out/p/a.py": ""})
    repository(tmp_path)

    assert (["a.py"], []) == found(tmp_path / "out" / "p", Inclusion("*", "."))


def test_no_git_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are read then."""
    repository(write_files(tmp_path, {".gitignore": "b.py\n", "a.py": "", "b.py": ""}))
    monkeypatch.setenv("PATH", str(tmp_path))

    assert ignored.ignored_below(str(tmp_path))("b.py")
    assert (["a.py"], ["b.py"]) == found(tmp_path, Inclusion("*.py", "."))


def test_code_beside_the_project(tmp_path: Path) -> None:
    """It keeps its place beside it, and Git's rules count there, too."""
    write_files(
        tmp_path,
        {
            "common/a.py": "",
            "common/b.log": "",
            ".gitignore": "*.log\n",
            "service/pyproject.toml": "",
        },
    )
    repository(tmp_path)

    assert (["common/a.py"], ["../common/b.log"]) == found(
        tmp_path / "service", Inclusion("common", "..")
    )
    assert (["c/a.py"], ["../common/b.log"]) == found(
        tmp_path / "service", Inclusion("*", "../common", "c")
    )
