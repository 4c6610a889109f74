"""README.md on an index, where only this text is: links, pictures, anchors."""

from __future__ import annotations

import re

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest

from readme_renderer.markdown import render

from tests.docs.markdown import is_well_formed
from tools.index_readme import Place
from tools.index_readme import index_readme
from tools.repository import ROOT


README = (ROOT / "README.md").read_text(encoding="utf-8")
PLACE = Place("https://github.com/a/b", "v1.2.3")
RAW = "https://github.com/a/b/raw/v1.2.3"
IMAGINED = pytest.mark.parametrize("place", [None, PLACE], ids=["nowhere", "somewhere"])


class Rendered(HTMLParser):
    """What a page links to and shows."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.ids: set[str] = set()
        html = render(text, variant="GFM")
        assert html is not None
        self.html = html
        self.feed(html)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name in ("src", "srcset"):
                self.pictures.append(value or "")
            elif name == "id":
                self.ids |= {value or "", (value or "").removeprefix("user-content-")}


@IMAGINED
def test_no_link_depends_on_where_it_is_shown(place: Place | None) -> None:
    """Each is an address, or an anchor that there is."""
    page = Rendered(index_readme(README, place))
    anchors = {each[1:] for each in page.links if each.startswith("#")}
    assert anchors <= page.ids
    others = [*page.pictures, *(each for each in page.links if each[:1] != "#")]
    assert others
    assert [] == [each for each in others if not is_well_formed(each)]


def test_links_lead_to_files_that_there_are() -> None:
    """A reader gets to each page that the README names, a browser to each picture."""
    page = Rendered(index_readme(README, PLACE))
    assert 2 <= len(page.pictures)
    for found, kind in ((page.links, "blob"), (page.pictures, "raw")):
        ours = [each for each in found if each.startswith(PLACE.address)]
        assert ours
        for each in ours:
            path = urlsplit(each).path.removeprefix(f"/a/b/{kind}/v1.2.3/")
            assert (ROOT / path).is_file(), each


def test_without_an_address_pictures_are_told() -> None:
    """Their alternatives are shown, and files are named instead of linked to."""
    page = Rendered(index_readme(README, None))
    assert [] == page.pictures
    alternatives = re.findall(r'!\[([^\]]+)\]|\balt="([^"]+)"', README)
    assert 2 <= len(alternatives)
    for each in alternatives:
        assert f"<em>Picture: {''.join(each)}</em>" in page.html
    assert "How (<code>docs/reproducibility.md</code>)" in page.html
    assert "in the source distribution" in page.html


@pytest.mark.parametrize(
    ("text", "named", "absolute"),
    [
        (
            "[a](docs/b.md#c)",
            "a (`docs/b.md`)",
            "[a](https://github.com/a/b/blob/v1.2.3/docs/b.md#c)",
        ),
        (
            "![a](b.svg)",
            "*Picture: a*",
            f"![a]({RAW}/b.svg)",
        ),
        (
            '<picture><img srcset="b" src="c" alt="A &amp;\nb"></picture>',
            "*Picture: A &\nb*",
            f'<picture><img srcset="{RAW}/b" src="{RAW}/c" alt="A &amp;\nb"></picture>',
        ),
        ("[a](#b)", "[a](#b)", "[a](#b)"),
        ("[a](https://a.example)", "[a](https://a.example)", "[a](https://a.example)"),
    ],
)
def test_each_kind_of_link(text: str, named: str, absolute: str) -> None:
    """What is relative changes, all else stays."""
    assert index_readme(text, None).startswith(f"{named}\n\nFiles that are named here")
    assert absolute == index_readme(text, PLACE)
