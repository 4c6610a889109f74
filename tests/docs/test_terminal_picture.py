"""The picture of a terminal: what has been written to it, drawn."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from tools.terminal_picture import Run
from tools.terminal_picture import as_svg
from tools.terminal_picture import runs


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a b", [Run(0, 0, "a b", "default", bold=False)]),
        (
            "  File   \x1b[39;1ma.zip\x1b[39;22m\r\n",
            [
                Run(0, 2, "File", "default", bold=False),
                Run(0, 9, "a.zip", "default", bold=True),
            ],
        ),
        (
            "\x1b[33mWarning\x1b[39m\r\n\r\n\x1b[34;1m•\x1b[0m b",
            [
                Run(0, 0, "Warning", "brown", bold=False),
                Run(2, 0, "•", "blue", bold=True),
                Run(2, 2, "b", "default", bold=False),
            ],
        ),
        (
            "one\r\n 10 %\r\n\x1b[1A\x1b[0J 20\r\n\x1b[1A\x1b[0Jtwo\r\n",
            [
                Run(0, 0, "one", "default", bold=False),
                Run(1, 0, "two", "default", bold=False),
            ],
        ),
        (
            "0123456789ab",
            [
                Run(0, 0, "0123456789", "default", bold=False),
                Run(1, 0, "ab", "default", bold=False),
            ],
        ),
    ],
    ids=["plain", "bold", "colours", "overwritten", "wrapped"],
)
def test_the_screen_in_the_end(raw: str, expected: list[Run]) -> None:
    """Styles are kept, what has been overwritten is not, long lines go on below."""
    columns = 10 if raw.startswith("0") else 40
    assert expected == list(runs(raw, columns))


def test_nothing_scrolls_away() -> None:
    """The picture is as high as what has been written."""
    raw = "\r\n".join(str(number) for number in range(100))
    assert [str(each) for each in range(100)] == [run.text for run in runs(raw, 80)]


def test_the_picture_is_text_on_a_grid() -> None:
    """Each run is where it was, as wide as it was; markup in it is only text."""
    root = ET.fromstring(as_svg("<a> &  b\r\n\x1b[1mbold\x1b[0m", 80, "~/x", "What?"))
    title, *texts = root.findall(f"{SVG}text")
    assert "~/x" == title.text
    assert "What?" == root.findtext(f"{SVG}title")
    assert ["<a> &", "b", "bold"] == [each.text for each in texts]
    assert [None, None, "bold"] == [each.get("font-weight") for each in texts]
    first, second, below = texts
    assert float(second.get("x", 0)) - float(first.get("x", 0)) == pytest.approx(
        float(first.get("textLength", 0)) / 5 * 7
    )
    assert first.get("y") == second.get("y") != below.get("y")


def test_the_picture_loads_nothing() -> None:
    """No style, no font face, no address but the name of the language."""
    svg = as_svg("a", 80, "b", "c")
    assert 1 == svg.count("://")
    assert "url(" not in svg
    assert "<style" not in svg


def test_a_colour_that_nobody_has_chosen_is_an_error() -> None:
    """Rather than text that cannot be read on the background."""
    with pytest.raises(KeyError, match="ff0000"):
        as_svg("\x1b[38;2;255;0;0mred", 80, "a", "b")
