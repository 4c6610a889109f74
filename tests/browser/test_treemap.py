"""The page of sizes in a real Chromium, from a disk."""

from __future__ import annotations

import re
import time

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.plan import FileSize
from tests.browser.opened import COPY
from tests.browser.opened import Opened
from tests.browser.opened import largest
from tests.browser.opened import opened
from tests.browser.opened import pixels
from tests.browser.webdriver import DOWN
from tests.browser.webdriver import END
from tests.browser.webdriver import ENTER
from tests.browser.webdriver import ESCAPE
from tests.browser.webdriver import HOME
from tests.browser.webdriver import LEFT
from tests.browser.webdriver import RIGHT
from tests.browser.webdriver import TAB
from tests.browser.webdriver import UP
from tests.sizes import HOSTILE_NAMES
from tests.sizes import Sizes
from tests.sizes import as_html
from tests.sizes import hostile_sizes
from tests.sizes import sizes_of


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.browser.webdriver import Browser


SMALL = sizes_of(300)


@pytest.fixture(scope="module", params=[300, 30_000], ids=["300", "30000"])
def written(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Sizes, Path]:
    sizes = sizes_of(request.param)
    path = tmp_path_factory.mktemp("pages") / "sizes.html"
    path.write_bytes(as_html(sizes))
    return sizes, path


@pytest.fixture
def page(browser: Browser, written: tuple[Sizes, Path]) -> Iterator[Opened]:
    """A page of many files; nothing that is done to it may be logged as an error."""
    sizes, path = written
    browser.open(path)
    yield Opened(browser, sizes)
    assert [] == browser.log()


@pytest.fixture
def small(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """A page of few files; nothing may be logged, either."""
    yield opened(browser, tmp_path, SMALL)
    assert [] == browser.log()


def test_it_opens(page: Opened) -> None:
    """The totals, the largest distribution, its details and the table are there."""
    names = largest(page.sizes)

    assert page.browser.text("h1") == "my-app"
    assert f"{len(page.sizes.files):,} files" in page.browser.text("#totals")
    assert page.names == names[:100]
    assert page.active.startswith(f"{names[0]} ")
    owner = next(each for each in page.sizes.owners if each.name == names[0])
    assert " > ".join(owner.path) == page.details["Dependency path"]
    assert owner.version in page.details["Distribution"]


def test_the_policy_is_in_force(browser: Browser, tmp_path: Path) -> None:
    """Neither markup nor a handler nor a request gets through, and all is logged."""
    opened(browser, tmp_path, SMALL)
    for attempt in [
        "document.body.innerHTML = '<b>'",
        "document.body.setAttribute('onclick', 'document.title = 1')",
        "await fetch('data:,x')",
    ]:
        caught = browser.run(
            f"try {{ {attempt}; return '' }} catch (error) {{ return error.name }}"
        )
        assert caught == "TypeError", attempt
        assert browser.log(), attempt


def test_search(page: Opened) -> None:
    """What is found is counted and added up; the table has only that."""
    found = [file for file in page.sizes.files if "io/formats" in file.name]
    taken_bytes = sum(file.unzipped_bytes for file in found)

    before = page.colours()
    said = page.search("IO/formats")

    assert said.startswith(f"{len(found):,} files found: ")
    assert f": {shown_size(taken_bytes)} unzipped, " in said
    assert page.browser.text("caption") == "Found in my-app"
    assert before != page.colours()
    page.browser.press(ESCAPE)
    assert page.browser.text("#found") == ""
    assert before == page.colours()


def shown_size(size_bytes: int) -> str:
    """As the page shows what is larger than a megabyte."""
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20)):
        if size_bytes >= factor:
            return f"{size_bytes / factor:.1f} {unit}"
    raise AssertionError(size_bytes)


def test_search_with_a_regular_expression(page: Opened) -> None:
    """In either case, in the whole name; what is none is said, and nothing is lost."""
    found = [
        file
        for file in page.sizes.files
        if re.search(r"^library_[12]/.*\.PYI?$", file.name, re.IGNORECASE)
    ]
    everything = page.names

    page.browser.click("#expression")
    said = page.search(r"^library_[12]/.*\.PYI?$")
    assert said.startswith(f"{len(found):,} files found: ")
    page.browser.press("(")
    said = page.browser.text("#found")
    assert said == "Not a regular expression: Unterminated group"
    assert page.names == everything
    assert page.browser.run(
        "return document.getElementById('query').getAttribute('aria-invalid')"
    ) == ("true")
    page.browser.press(ENTER)
    page.browser.press(")")
    assert "files found: " in page.browser.text("#found")
    page.browser.click("#expression")
    assert page.browser.text("#found") == "Nothing found"


def test_search_for_a_distribution(page: Opened) -> None:
    """All files of it are found, whatever they are called."""
    found = [file for file in page.sizes.files if "library-2" in file.distribution]

    assert f"{len(found):,} files found" in page.search("library-2")


def test_search_for_nothing_that_is_there(small: Opened) -> None:
    """That is said, and Enter goes nowhere."""
    assert small.search("no such file") == "Nothing found"
    small.browser.press(ENTER)
    assert small.place == "my-app"
    assert small.names == []


def test_from_one_file_that_is_found_to_the_next(page: Opened) -> None:
    """Enter goes to the largest one, and again to the next."""
    found = sorted(
        (file for file in page.sizes.files if "/_libs/" in file.name),
        key=lambda file: -file.unzipped_bytes,
    )
    page.search("/_libs/")
    for number, file in enumerate(found[:2], 1):
        page.browser.press(ENTER)
        assert page.active.startswith(file.name.rpartition("/")[2])
        assert page.place.endswith("/ _libs/")
        said = page.browser.text("#found")
        assert " of them in _libs/: " in said
        assert said.endswith(f". {number}: {file.name}")


def test_zoom_with_the_mouse(page: Opened) -> None:
    """A click goes to what is below the mouse, the breadcrumb back."""
    first, second = largest(page.sizes)[:2]
    page.browser.click_at(*page.middle_of(1))
    assert page.place == f"my-app / {second}"
    assert page.browser.text("caption") == f"What is in {second}"

    page.browser.click("#crumbs button")
    assert page.place == "my-app"
    assert page.active.startswith(f"{second} ")
    assert page.names[0] == first


def test_zoom_with_the_keyboard(page: Opened) -> None:
    """Arrows go to siblings, Enter into one of them, Escape back to it."""
    names = largest(page.sizes)
    page.focus_on_picture()
    for key, index in [
        *((RIGHT, 1), (DOWN, 2), (UP, 1), (LEFT, 0), (LEFT, 0)),
        *((END, len(names) - 1), (RIGHT, len(names) - 1), (HOME, 0), (RIGHT, 1)),
    ]:
        page.browser.press(key)
        assert page.active.startswith(f"{names[index]} ")
    page.browser.press(ENTER)
    assert page.place == f"my-app / {names[1]}"
    page.browser.press(ENTER)
    assert page.place.startswith(f"my-app / {names[1]} / library_")
    page.browser.press(ESCAPE, ESCAPE, ESCAPE)
    assert page.place == "my-app"
    assert page.active.startswith(f"{names[1]} ")


def test_zoom_from_the_table(small: Opened) -> None:
    """Its buttons go where the tiles do, and the focus stays in the table."""
    small.browser.click("tbody button")
    assert small.place == f"my-app / {largest(SMALL)[0]}"
    assert small.browser.run("return document.activeElement.closest('tbody') !== null")


def test_the_focus_can_be_seen(small: Opened) -> None:
    """The keyboard gets to the picture, and the part that it is at has an outline."""
    for _ in range(10):
        small.browser.press(TAB)
        if small.browser.run("return document.activeElement.id") == "map":
            break
    style = (
        "const part = document.querySelector('[aria-selected=true]');"
        "const { outlineStyle, outlineWidth } = getComputedStyle(part);"
        "return `${outlineStyle} ${outlineWidth}`"
    )
    assert small.browser.run(style) == "solid 2px"


def test_measure(page: Opened) -> None:
    """Zipped sizes have an order of their own."""
    zipped = largest(page.sizes, zipped=True)
    before = page.names

    page.browser.click("input[name=measure][value='1']")

    assert page.names == zipped[:100]
    assert " zipped, " in page.active
    page.browser.click("input[name=measure][value='0']")
    assert page.names == before


def test_details_of_what_is_below_the_mouse(page: Opened) -> None:
    """A file's name, sizes, distribution, version, layout and dependency path."""
    page.browser.move_to(*page.middle_of(0))
    details = page.details
    name = page.browser.text("#facts .name")
    (file,) = (file for file in page.sizes.files if file.name == name)
    (owner,) = (owner for owner in page.sizes.owners if owner.name == file.distribution)
    assert details["Distribution"] == f"{file.distribution} {owner.version}"
    assert details["Dependency path"] == " > ".join(owner.path)
    said = page.browser.text("#facts")
    assert f"\n{file.unzipped_bytes:,} bytes\n" in said
    assert f"\n{file.zipped_bytes:,} bytes\n" in said
    assert details["Layout"] == ("nested" if file.nested else "flat")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_screenshot(page: Opened, scheme: str, tmp_path: Path) -> None:
    """There is a picture of many colours on a ground that the scheme chooses."""
    page.browser.emulate(scheme)
    shot = page.browser.screenshot()
    (tmp_path / f"{scheme}.png").write_bytes(shot)

    ground, colours = pixels(page.browser, shot)

    assert (sum(ground) > 3 * 200) is (scheme == "light")
    assert colours > 50


def test_the_scheme_may_change_while_it_is_open(small: Opened) -> None:
    """The picture is drawn anew, as the style sheet does not reach into it."""
    light = small.browser.run(CORNER)
    small.browser.emulate("dark")
    dark = corner_after(small.browser, light)
    small.browser.emulate("light")

    assert sum(dark) < sum(light)
    assert light == corner_after(small.browser, dark)


CORNER = f"{COPY} return [...data.slice(0, 3)]"


def corner_after(browser: Browser, before: list[int]) -> list[int]:
    """The corner's colour when it is another one: the page is told in its own time."""
    end_s = time.monotonic() + 30
    while (found := browser.run(CORNER)) == before and time.monotonic() < end_s:
        time.sleep(0.05)
    return list(found)


@pytest.mark.parametrize(("motion", "count"), [("reduce", 0), ("no-preference", 1)])
def test_who_wants_less_motion_gets_none(
    small: Opened, motion: str, count: int
) -> None:
    """The picture moves when it is zoomed only where that is welcome."""
    small.browser.emulate(motion=motion)
    for part in ("[aria-selected=true]", "#crumbs button"):
        found = small.browser.run(
            "const map = document.getElementById('map');"
            "const key = arguments[0] === '#crumbs button' ? 'Escape' : 'Enter';"
            "map.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));"
            "return document.getElementById('canvas').getAnimations().length",
            part,
        )
        assert count <= found <= 2 * count


def test_nothing_moves_below_the_mouse(page: Opened) -> None:
    """Whatever is said of what it is over, at any width."""
    for width in (1280, 390):
        page.browser.resize(width, 900)
        before = page.browser.run(TABLE_AT)
        for index in (0, 1, 2):
            page.browser.move_to(*page.middle_of(index))
            assert before == page.browser.run(TABLE_AT)


TABLE_AT = (
    "return new Promise(done => requestAnimationFrame(() => setTimeout(() =>"
    " done(document.getElementById('table').getBoundingClientRect().y"
    "   + window.scrollY))))"
)


def test_names_and_figures_fit_a_phone(page: Opened) -> None:
    """Names have more than half of a row, figures their units, nothing is cut."""
    page.browser.resize(390, 844, mobile=True)
    name, row, unit = page.browser.run(
        "const head = document.querySelector('tbody th');"
        "const cell = document.querySelector('tbody td.figure');"
        "return [head.clientWidth, head.parentNode.clientWidth,"
        "  getComputedStyle(cell, '::after').content]"
    )
    assert name > row / 2
    assert "unzipped" in unit


@pytest.mark.parametrize(("mobile", "said"), [(True, "Tap"), (False, "Enter")])
def test_hints_are_of_what_there_is(small: Opened, mobile: bool, said: str) -> None:
    """Who has no keys is told of none."""
    small.browser.resize(390, 844, mobile=mobile)
    other = {"Tap": "Enter", "Enter": "Tap"}[said]
    assert said in small.browser.text("#legend")
    assert other not in small.browser.text("#legend")


def test_a_package_and_its_distribution_have_one_title(small: Opened) -> None:
    """The directory in it that is called so has none of its own."""
    assert small.browser.run(
        "const inner = tiles.flatMap(tile => tile.tiles.map(each => [tile, each]))"
        "  .filter(([outer, each]) => sameName(outer.node.name) === "
        "    sameName(each.node.name));"
        "return inner.length > 0 && inner.every(([, each]) => !each.titled)"
    )


def test_without_a_handler_there_are_sizes_only(small: Opened) -> None:
    """And it is said how to get INIT."""
    assert "--handler" in small.browser.text("#without-init")
    assert not small.browser.run(
        "return document.querySelector('input[name=view]').checkVisibility()"
    )


@pytest.mark.parametrize("width", [360, 768, 1024])
def test_a_narrow_window(page: Opened, width: int) -> None:
    """Nothing is wider than the window, and the picture fills its place."""
    page.browser.resize(width, 700)
    wide, canvas, place = page.browser.run(
        "return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(["
        "  document.documentElement.scrollWidth,"
        "  document.getElementById('canvas').width,"
        "  document.getElementById('map').clientWidth])))) "
    )
    assert wide <= width
    assert canvas == place


def test_what_a_screen_reader_gets(small: Opened) -> None:
    """A tree of labelled items with levels, and a table with headers."""
    nodes = small.browser.devtools("Accessibility.getFullAXTree")["nodes"]
    found = [
        (
            node["role"]["value"],
            str(node.get("name", {}).get("value", "")),
            {each["name"]: each["value"].get("value") for each in node["properties"]},
        )
        for node in nodes
        if not node["ignored"] and "properties" in node
    ]
    roles = {role: name for role, name, _ in found}
    items = [each for each in found if each[0] == "treeitem"]

    assert roles["tree"] == "Treemap of my-app"
    assert "caption" in {node.get("role", {}).get("value") for node in nodes}
    assert {"searchbox", "radio", "status", "navigation", "complementary"} <= set(roles)
    assert [name.split()[0] for _, name, _ in items] == largest(SMALL)
    assert items[0][2]["level"] == 1
    assert items[0][2]["expanded"] is False
    assert "my-app > " in items[0][1]
    assert [] == [each for each in found if each[0] == "button" and not each[1]]


def test_hostile_names(browser: Browser, tmp_path: Path) -> None:
    """They are shown, searched for and gone into; none of them is markup or runs."""
    page = opened(browser, tmp_path, hostile_sizes())
    count = "return document.querySelectorAll('script, img, b').length"

    assert browser.run(count) == 2
    assert {"__proto__", "<b>bold</b>", "your code"} <= set(page.names)
    assert r"not-utf8-\xff\x80.py" in page.names
    assert r"lone-\ud800-high.py" in page.names
    assert r"override-\u202eyp.exe" in page.names
    assert page.search(r"not-utf8-\xff").startswith("3 files found")
    for _ in range(len(HOSTILE_NAMES)):
        browser.press(ENTER)
    browser.press(ESCAPE)
    page.focus_on_picture()
    browser.press(HOME, ENTER, END, ENTER)
    assert browser.run(count) == 2
    assert browser.run("return document.querySelectorAll('bdi').length") > 0
    assert [] == browser.log()


def test_thirty_thousand_files_in_one_directory(
    browser: Browser, tmp_path: Path
) -> None:
    """The keyboard reaches the last one; the table has more when it is asked for it."""
    files = [FileSize(f"a/{n:05}.py", "a", n, n, nested=False) for n in range(30_000)]
    page = opened(browser, tmp_path, replace(SMALL, files=files))
    page.focus_on_picture()
    browser.press(ENTER, ENTER, END, LEFT)

    assert page.active.startswith("00001.py, file, 1 byte unzipped")
    assert len(page.names) == 100
    browser.click("#more")
    assert len(page.names) == 200
    assert [] == browser.log()


def test_nothing_to_show(browser: Browser, tmp_path: Path) -> None:
    """Without any files, or with files that are all empty, the page works."""
    page = opened(browser, tmp_path, replace(SMALL, files=()))
    page.focus_on_picture()
    browser.press(ENTER, RIGHT, ESCAPE)
    assert page.names == []

    page = opened(
        browser,
        tmp_path,
        replace(SMALL, files=[FileSize("a/b.py", "a", 0, 0, nested=False)]),
    )
    page.focus_on_picture()
    browser.press(ENTER, ENTER, RIGHT)
    assert page.active == "b.py, file, 0 bytes unzipped, 0.0% of all, flat"
    assert [] == browser.log()


def test_squarified(small: Opened) -> None:
    """The example of Bruls, Huizing and van Wijk, figure 4: a box of 6 by 4."""
    boxes = small.browser.run(
        "return squarify([6, 6, 4, 3, 2, 2, 1], { x: 0, y: 0, width: 6, height: 4 }, 0)"
    )
    rounded = [
        tuple(round(box[key], 2) for key in ("x", "y", "width", "height"))
        for box in boxes
    ]
    assert [
        (0, 0, 3, 2),
        (0, 2, 3, 2),
        (3, 0, 1.71, 2.33),
        (4.71, 0, 1.29, 2.33),
    ] == rounded[:4]
    assert [6, 6, 4, 3, 2, 2, 1] == [
        pytest.approx(box["width"] * box["height"]) for box in boxes
    ]
