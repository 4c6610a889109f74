"""The site: built as `make docs` does."""

from __future__ import annotations

import html
import re

from pathlib import Path

import pytest

from tests.docs.markdown import read
from tests.docs.site import build
from tests.docs.site import problems
from tests.docs.site import with_address
from tools.console import typed


ROOT = Path(__file__).parents[2]


def test_all_links_lead_somewhere(site: Path) -> None:
    """Pages, pictures, anchors; and nothing is loaded from another host."""
    assert [] == problems(site)


def test_all_pages_are_there(site: Path) -> None:
    """Each keeps its path, so that relative paths mean the same."""
    docs = (ROOT / "docs").rglob("*.md")
    pages = {path.relative_to(ROOT).with_suffix(".html").as_posix() for path in docs}
    pages |= {"index.html", "CHANGELOG.html", "CONTRIBUTING.html", "SECURITY.html"}
    pages.add("LICENSE.txt")
    built = {path.relative_to(site).as_posix() for path in site.rglob("*.*")}
    assert pages <= built
    assert not any("examples" in each for each in built)


def copied(page: Path) -> list[str]:
    """What the buttons of a page's consoles copy."""
    found = re.findall(r' data-copy="([^"]*)"', page.read_text(encoding="utf-8"))
    return [html.unescape(each) for each in found]


def test_what_is_copied_is_what_is_typed(site: Path) -> None:
    """In each console of each page, with quotes and all."""
    pages = sorted((ROOT / "docs").rglob("*.md"))
    expected = {
        page: [
            typed(text) for language, text in read(page).blocks if language == "console"
        ]
        for page in pages
    }
    assert sum(map(len, expected.values())) > 40
    for page in pages:
        built = site / page.relative_to(ROOT).with_suffix(".html")
        assert expected[page] == copied(built), page


FAULTS = (
    ("docs/forgotten.md", "# Forgotten", "docs/forgotten.md"),
    ("docs/usage.md", "[a](gone.md)", "'gone.md'"),
    ("docs/usage.md", "[a](report.md#gone)", "'report.md#gone'"),
    ("docs/usage.md", "[a](../README.md#gone)", "'../README.md#gone'"),
    ("docs/usage.md", "[a](../pyproject.toml)", "'../pyproject.toml'"),
    ("README.md", "[a](docs/gone.md)", "'docs/gone.md'"),
    ("README.md", "[a](usage.md)", "'usage.md'"),
)


def test_faults_fail_the_build(copy: Path) -> None:
    """Pages that are not in `nav`, and links to what the site does not have."""
    for page, text, _ in FAULTS:
        with (copy / page).open("a") as file:
            file.write(f"\n{text}\n")
    done = build(copy, copy / "site")
    assert done.returncode == 1
    assert f"Aborted with {len(FAULTS)} warnings" in done.stdout
    said = done.stdout[done.stdout.index("WARNING") :]
    assert [] == [fault for *_, fault in FAULTS if fault not in said]


def test_the_repository_is_linked_to(copy: Path) -> None:
    """From each page, by the one setting, with the page that edits it."""
    site = with_address(copy, "https://github.com/acme/tool")

    page = (site / "docs" / "recipes" / "aws-cli.html").read_text()
    start = (site / "index.html").read_text()
    assert 'href="https://github.com/acme/tool"' in page
    edited = "https://github.com/acme/tool/edit/main"
    assert f'href="{edited}/docs/recipes/aws-cli.md"' in page
    assert f'href="{edited}/README.md"' in start
    assert [] == problems(site)


def test_without_an_address_there_is_no_link(copy: Path) -> None:
    """Nothing points to nowhere."""
    done = build(copy, copy / "site")

    assert done.returncode == 0, done.stdout
    page = (copy / "site" / "docs" / "usage.html").read_text()
    assert "md-source" not in page
    assert 'rel="edit"' not in page


@pytest.mark.parametrize(
    "content",
    [
        '<a href="gone.html">',
        '<a href="/docs/gone.html">',
        '<a href="../outside.html">',
        '<a href="#gone">',
        '<a href="other.html#gone">',
        '<a href="http://a.example">',
        '<img src="gone.png">',
        '<script src="https://a.example/a.js"></script>',
        '<link href="//a.example/a.css">',
        '<img srcset="https://a.example/a.png 2x">',
        '<style>@import "https://a.example/a.css";</style>',
        '<p style="background: url(https://a.example/a.png)">',
        "<p>These:\n- one</p>",
    ],
)
def test_a_bad_page_is_found(content: str, tmp_path: Path) -> None:
    """The checker sees what it is there for."""
    (tmp_path / "outside.html").write_text("")
    site = tmp_path / "site"
    site.mkdir()
    (site / "other.html").write_text('<h1 id="a">A</h1>')
    (site / "page.html").write_text(f"<body>{content}</body>")
    found = problems(site)
    assert found
    assert all(each.startswith("page.html: ") for each in found)


def test_a_bad_style_sheet_is_found(tmp_path: Path) -> None:
    """Fonts are what it would load."""
    style = "@font-face { src: url('https://a.example/a.woff2') }"
    (tmp_path / "a.css").write_text(style)
    assert ["a.css: https://a.example/a.woff2: from another host"] == problems(tmp_path)


def test_a_good_page_is_passed_over(tmp_path: Path) -> None:
    """Links to pages, anchors, the root and other hosts; pictures; lists in code."""
    (tmp_path / "a.css").write_text("p { background: url(data:image/png;base64,AA==) }")
    (tmp_path / "page.html").write_text(
        '<link href="a.css"><h1 id="a">A</h1><a href="#a"></a><a href="page.html#a">'
        '</a><a href="/page.html"></a><a href="https://a.example"></a><a href=""></a>'
        '<img src="data:image/png;base64,AA=="><p>So:<code>\n- one</code></p>'
    )
    assert [] == problems(tmp_path)
