"""All Markdown of the project, as it stands on a code host.

External links are held against the form of an address only: tests reach no other host.
"""

from __future__ import annotations

import re

from pathlib import Path

import pytest

from poetry_plugin_package_function import cli
from poetry_plugin_package_function.command import PackageFunctionCommand
from tests.docs.markdown import anchor
from tests.docs.markdown import block_problems
from tests.docs.markdown import is_well_formed
from tests.docs.markdown import link_problems
from tests.docs.markdown import option_problems
from tests.docs.markdown import parse
from tests.docs.markdown import read


ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# Poetry's own, which each command has.
POETRYS = {"help", "quiet", "verbose", "version", "ansi", "no-ansi", "no-interaction"}
POETRYS |= {"project", "directory", "no-plugins", "no-cache"}


def known_options() -> dict[str, frozenset[str]]:
    names = {option.name for option in PackageFunctionCommand.options} | POETRYS
    return {
        "poetry package-function": frozenset(f"--{name}" for name in names),
        "package-python-function": frozenset(
            re.findall(r"--[a-z][a-z-]*", cli.parser().format_help())
        ),
    }


@pytest.fixture(params=PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def page(request: pytest.FixtureRequest) -> Path:
    path = request.param
    assert isinstance(path, Path)
    return path


def test_links_lead_somewhere(page: Path) -> None:
    """Each relative link has its file and anchor; each other one is well-formed."""
    assert [] == link_problems(page, ROOT)


def test_blocks_can_be_parsed(page: Path) -> None:
    """TOML and JSON are that, and what is typed in a console begins with a prompt."""
    assert [] == block_problems(page)


def test_tables_have_headings(page: Path) -> None:
    """None begins with an empty cell, which a site shows as a row of nothing."""
    assert "" not in read(page).headers


def test_options_exist(page: Path) -> None:
    """No page gives our commands an option that they do not have."""
    assert [] == option_problems(page, known_options())


def test_the_most_important_pages_are_found() -> None:
    """The tests above look at something."""
    names = {path.relative_to(ROOT).as_posix() for path in PAGES}
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/usage.md"} <= names
    assert len(parse((ROOT / "README.md").read_text()).links) > 20


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a](gone.md)", "no such file"),
        ("[a](OTHER.md)", "no such file"),
        ("[a](gone/other.md)", "no such file"),
        ("[a](other.md#gone)", "no such anchor"),
        ("[a](other.md#Two-words)", "no such anchor"),
        ("[a](#gone)", "no such anchor"),
        ("[a](file.txt#gone)", "no such anchor"),
        ("![a](gone.png)", "no such file"),
        ("[a]\n\n[a]: gone.md", "no such file"),
        ('<img src="gone.png">', "no such file"),
        ('<source srcset="file.txt 1x, gone.png 2x">', "no such file"),
        ("[a](/other.md)", "leads out of the repository"),
        ("[a](../../other.md)", "leads out of the repository"),
        ("[a](http://a.example)", "not a well-formed https address"),
        ("[a](//a.example)", "not a well-formed https address"),
        ("[a](https://localhost/a)", "not a well-formed https address"),
        ("[a](mailto:me@a.example)", "not a well-formed https address"),
    ],
)
def test_a_bad_link_is_found(text: str, problem: str, tmp_path: Path) -> None:
    """The checker sees what it is there for."""
    path = pages(tmp_path, text)
    (found,) = link_problems(path, tmp_path)
    assert found.endswith(problem)


@pytest.mark.parametrize(
    "text",
    [
        "[a](other.md)",
        "[a](other.md#two-words)",
        "[a](other.md#two-words-1)",
        "[a](other.md#by-hand)",
        "[a](../docs/other.md)",
        "[a](../docs)",
        "# A `b-c`: *d*\n\n[a](#a-b-c-d)",
        "[a](https://a.example/b#c)",
        "`[a](gone.md)`",
        "```\n[a](gone.md)\n```",
    ],
)
def test_a_good_link_is_passed_over(text: str, tmp_path: Path) -> None:
    """It finds no fault with what a code host would follow, nor with code."""
    assert [] == link_problems(pages(tmp_path, text), tmp_path)


def pages(root: Path, text: str) -> Path:
    """A repository with a page of this text, another one, and a file."""
    docs = root / "docs"
    docs.mkdir()
    other = '# Two words\n\n## Two words\n\n<a id="by-hand"></a>\n'
    (docs / "other.md").write_text(other)
    (docs / "file.txt").write_text("")
    page = docs / "page.md"
    page.write_text(text)
    return page


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("`package-python-function VENV`", "package-python-function-venv"),
        ("Why did my hash change?", "why-did-my-hash-change"),
        ("a & b", "a--b"),
        ("Über_uns 1.0", "über_uns-10"),
    ],
)
def test_anchors_are_those_of_a_code_host(title: str, expected: str) -> None:
    """Punctuation goes, blanks become hyphens one by one."""
    assert expected == anchor(title.replace("`", ""))
    assert {expected} == parse(f"# {title}").anchors


def test_a_table_without_headings_is_found() -> None:
    """Beside one that has some, of which the first counts."""
    tables = "| | a |\n|---|---|\n| b | c |\n\n| d | |\n|---|---|\n"
    assert ("", "d") == parse(tables).headers


@pytest.mark.parametrize("address", ["https://a b.example", "https://", "https://a"])
def test_an_address_is_well_formed_or_not(address: str) -> None:
    """A host has a name with a dot and no blanks."""
    assert not is_well_formed(address)
    assert is_well_formed("https://docs.a.example/b_c?d#e")


@pytest.mark.parametrize(
    "block",
    ["```toml\na = \n```", "```json\n{'a': 1}\n```", "```console\nmake test\n```"],
)
def test_a_bad_block_is_found(block: str, tmp_path: Path) -> None:
    """What cannot be parsed is named, with its text."""
    path = tmp_path / "page.md"
    path.write_text(block)
    (found,) = block_problems(path)
    assert block.splitlines()[1] in found


@pytest.mark.parametrize(
    "text",
    [
        "`poetry package-function api --gone`",
        "```console\n$ poetry package-function \\\n    --layer --gone && ls --all\n```",
        "```yaml\nrun: pip x && package-python-function .venv --gone | jq --sort\n```",
    ],
)
def test_an_unknown_option_is_found(text: str, tmp_path: Path) -> None:
    """In blocks, in lines, over several of them; but not those of other commands."""
    path = tmp_path / "page.md"
    path.write_text(text)
    (found,) = option_problems(path, known_options())
    assert found.endswith("has no --gone")
