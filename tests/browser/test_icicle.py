"""INIT as the page shows it, in a real Chromium, from a disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.verify.init import Import
from poetry_plugin_package_function.packaging.verify.init import Init
from tests.browser.opened import Opened
from tests.browser.opened import opened
from tests.browser.opened import pixels
from tests.browser.webdriver import DOWN
from tests.browser.webdriver import END
from tests.browser.webdriver import ENTER
from tests.browser.webdriver import ESCAPE
from tests.browser.webdriver import HOME
from tests.sizes import HOSTILE_NAMES
from tests.sizes import Sizes
from tests.sizes import as_html
from tests.sizes import hostile_sizes
from tests.sizes import imports_of
from tests.sizes import sizes_of


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.webdriver import Browser


IMPORTS = (
    Import(-1, "my_app.handler", "", "my-app", 0.01, 1.0, 1 << 22),
    Import(0, "pandas", "", "pandas", 0.2, 0.7, 1 << 24, "my_app/handler.py:3"),
    Import(1, "numpy", "", "numpy", 0.3, 0.3),
    Import(1, "pandas.core", "", "pandas", 0.15, 0.2),
    Import(3, "numpy.ma", "", "numpy", 0.05, 0.05),
    Import(0, "boto3", "", "boto3", 0.29, 0.29, 0, "my_app/db.py:7"),
)
FEW = replace(sizes_of(30), init=Init(0.1, 0.2, 1.0, IMPORTS))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sizes, Path]:
    """A page of as much as there may be."""
    sizes = imports_of(sizes_of(30_000), 5_000)
    path = tmp_path_factory.mktemp("pages") / "sizes.html"
    path.write_bytes(as_html(sizes))
    return sizes, path


@pytest.fixture(
    params=[(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")],
    ids=lambda look: f"{look[0]}-{look[1]}",
)
def page(
    request: pytest.FixtureRequest, browser: Browser, written: tuple[Sizes, Path]
) -> Iterator[Opened]:
    """It at each width and scheme; nothing that is done to it is logged as an error."""
    width, scheme = request.param
    browser.resize(width, 900, mobile=width < 500)
    browser.emulate(scheme)
    sizes, path = written
    browser.open(path)
    yield Opened(browser, sizes)
    assert [] == browser.log()


@pytest.fixture
def few(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """INIT of a page of few imports; nothing may be logged, either."""
    page = opened(browser, tmp_path, FEW)
    page.choose("view", 1)
    yield page
    assert [] == browser.log()


def test_it_shows_all_of_init(page: Opened) -> None:
    """The picture has colours, fits its place, and names what takes longest."""
    sizes = page.colours()
    page.choose("view", 1)

    assert sizes != page.colours() > 8
    assert page.place == "INIT"
    assert page.browser.run("return document.documentElement.scrollWidth <= innerWidth")
    assert "5,000 imports" in page.browser.text("#totals")
    assert len(page.names) <= 100
    assert page.details["Time"].startswith("110 ms, ")
    light = page.browser.run(
        "return matchMedia('(prefers-color-scheme: light)').matches"
    )
    ground, colours = pixels(page.browser, page.browser.screenshot())
    assert (sum(ground) > 3 * 200) is light
    assert colours > 30


def test_search_and_keyboard(page: Opened) -> None:
    """They are those of the sizes; Enter goes from one that is found to the next."""
    page.choose("view", 1)
    assert page.search("module_777").startswith("1 import found: ")
    page.browser.press(ENTER)
    assert "module_777, library-8, " in page.active
    assert page.place.startswith("INIT / ")
    page.browser.press(ESCAPE)
    page.focus_on_picture()
    page.browser.press(HOME, ENTER, END, DOWN, *[ESCAPE] * 12)
    assert page.place == "INIT"


def test_the_treemap_has_the_colours_of_init(page: Opened) -> None:
    """What is imported in one, all else in another; the table says how much."""
    before = page.colours()
    page.choose("colour", 1)

    assert before != page.colours()
    assert "imported or read in INIT: " in page.browser.text("#legend")
    assert "In INIT" in page.details
    assert " of " in page.details["In INIT"]


def test_what_is_told_apart(few: Opened) -> None:
    """Interpreter and client, loader and extraction, imports."""
    said = few.browser.text("#totals")
    assert "1.30 s" in said
    assert "interpreter and client 100 ms" in said
    assert "loader and extraction 200 ms" in said
    assert "6 imports 1.00 s" in said
    assert few.names == [
        "my_app.handler",
        "Loader and extraction",
        "Interpreter and client",
    ]


def test_each_is_nested_under_what_imports_it(few: Opened) -> None:
    """The largest first, as high as it takes time, in a column for each level."""
    boxes = few.browser.run(
        "const all = {};"
        "(function add(tiles) { for (const { node, box, tiles: inner } of tiles)"
        "  { all[node.name] = [box.x, box.y, box.height]; add(inner) } })(tiles);"
        "return [all, drawn.height, drawn.width]"
    )
    found, height, width = boxes
    second = height / 1.3
    expected = {
        "my_app.handler": (0, 0, 1.0),
        "pandas": (1, 0, 0.7),
        "numpy": (2, 0, 0.3),
        "pandas.core": (2, 0.3, 0.2),
        "numpy.ma": (3, 0.3, 0.05),
        "boto3": (1, 0.7, 0.29),
        "Loader and extraction": (0, 1.0, 0.2),
        "Interpreter and client": (0, 1.2, 0.1),
    }
    column = width / 4
    for name, (depth, start_s, taken_s) in expected.items():
        assert found[name] == pytest.approx(
            [depth * column, start_s * second, taken_s * second]
        ), name
    assert found.keys() == expected.keys()


def test_a_click_goes_to_what_is_below_the_mouse(few: Opened) -> None:
    """However many levels in it is; its details are there before."""
    x, y = few.browser.run(
        "const { x, y, width, height } = boxOf(view.root.children[0].children[0]"
        "  .children.find(each => each.name === 'pandas.core'));"
        "const place = map.getBoundingClientRect();"
        "return [place.x + x + width / 2, place.y + y + height / 2]"
    )
    few.browser.move_to(x, y)
    assert few.browser.text("#facts .name") == "pandas.core"
    assert few.details["Imported by"] == "pandas"
    assert few.details["Brought in by"] == "my_app/handler.py:3"
    assert few.details["By itself"] == "150 ms"
    few.browser.click_at(x, y)
    assert few.place == "INIT / my_app.handler / pandas / .core"
    assert few.names == ["numpy.ma"]


def test_what_is_found_is_counted_once(few: Opened) -> None:
    """NumPy in pandas in pandas is no more time than the outermost."""
    assert few.search("pandas") == (
        "2 imports found: 700 ms with what they import, 53.8% of INIT; 350 ms without"
    )
    few.browser.press(ESCAPE)
    few.browser.click("#expression")
    assert few.search("^numpy$").startswith("2 imports found: 350 ms")
    few.browser.press(ESCAPE)
    assert few.search(r"db\.py:7$").startswith("1 import found: 290 ms")


def test_each_view_stays_where_it_was_left(few: Opened) -> None:
    """The search is the same in both."""
    few.focus_on_picture()
    few.browser.press(HOME, ENTER)
    few.search("library-1")
    assert few.browser.text("#found") == "Nothing found"
    few.choose("view", 0)
    assert few.place == "my-app"
    assert " files found: " in few.browser.text("#found")
    few.choose("view", 1)
    assert few.place == "INIT / my_app.handler"


def test_what_a_screen_reader_gets(few: Opened) -> None:
    """A tree of labelled items, and a table with headers on a phone, too."""
    few.browser.resize(390, 844, mobile=True)
    nodes = few.browser.devtools("Accessibility.getFullAXTree")["nodes"]
    found = [
        (node["role"]["value"], str(node.get("name", {}).get("value", "")))
        for node in nodes
        if not node["ignored"]
    ]
    assert ("tree", "Icicle of INIT") in found
    assert {("rowheader", "my_app.handler"), ("columnheader", "By itself")} <= {*found}
    (label,) = (name for role, name in found if role == "treeitem" and "my_app" in name)
    assert label == (
        "my_app.handler, my-app, 1.00 s, 76.9% of INIT, 10 ms by itself, imports 5 more"
    )
    assert {("button", ""), ("radio", ""), ("checkbox", "")}.isdisjoint(found)


def test_hostile_names(browser: Browser, tmp_path: Path) -> None:
    """Modules and lines are shown, searched for and gone into; none is markup."""
    imports = [
        Import(number - 1, name, "", name, 0.1, 0.1 * left, 1, name)
        for number, (name, left) in enumerate(
            zip(HOSTILE_NAMES, range(len(HOSTILE_NAMES), 0, -1), strict=True)
        )
    ]
    sizes = replace(hostile_sizes(), init=Init(0, 0, 0, tuple(imports)))
    page = opened(browser, tmp_path, sizes)
    page.choose("view", 1)
    count = "return document.querySelectorAll('script, img, b').length"

    assert page.search("not-utf8").startswith("1 import found")
    browser.press(*[ENTER] * 3, ESCAPE)
    page.focus_on_picture()
    browser.press(*[ENTER] * 20)
    assert browser.run(count) == 2
    assert [] == browser.log()


def test_a_thousand_imports_in_one_another(browser: Browser, tmp_path: Path) -> None:
    """More than Python's own stack has room for."""
    imports = [
        Import(n - 1, f"m{n}", "", None, 0.001, (1000 - n) / 1000) for n in range(1000)
    ]
    init = Init(0.1, 0, 1.0, tuple(imports))
    page = opened(browser, tmp_path, replace(FEW, init=init))
    page.choose("view", 1)
    assert page.search("m999").startswith("1 import found: 1.0 ms")
    browser.press(ENTER)
    assert page.active.startswith("m999, ")
    assert [] == browser.log()


def test_no_time_at_all(browser: Browser, tmp_path: Path) -> None:
    """Without imports, or in no time, the page works."""
    nothing = [Import(-1, "a", "", None, 0, 0)]
    for imports in ([], nothing):
        init = Init(0, 0, 0, tuple(imports))
        page = opened(browser, tmp_path, replace(FEW, init=init))
        page.choose("view", 1)
        page.focus_on_picture()
        browser.press(ENTER, DOWN, ESCAPE)
        assert page.names == [each.module for each in imports]
    assert [] == browser.log()
