"""The page of sizes in a real Chromium, from a disk."""

from __future__ import annotations

import base64
import time

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.plan import FileSize
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

COPY = """
await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
const canvas = document.getElementById("canvas");
const copy = new OffscreenCanvas(canvas.width, canvas.height);
const context = copy.getContext("2d", { willReadFrequently: true });
context.drawImage(canvas, 0, 0);
const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
"""
"""Reads the picture, as it is after the next frame."""


@dataclass(frozen=True)
class Opened:
    """A page in a browser, with what it shows."""

    browser: Browser
    sizes: Sizes

    @property
    def names(self) -> list[str]:
        """Those in the table, from its top."""
        found = self.browser.run(
            "return [...document.querySelectorAll('tbody th')].map(e => e.innerText)"
        )
        return [str(each) for each in found]

    @property
    def place(self) -> str:
        """Where the page is, from the project on."""
        return " / ".join(self.browser.text("#crumbs").split("\n"))

    @property
    def active(self) -> str:
        """What a screen reader says of the part that the keyboard is at."""
        return str(
            self.browser.run(
                "const map = document.getElementById('map');"
                "const id = map.getAttribute('aria-activedescendant');"
                "return document.getElementById(id).getAttribute('aria-label')"
            )
        )

    def middle_of(self, index: int) -> tuple[float, float]:
        """The middle of a part's tile, in the window."""
        box = self.browser.run(
            "const box = document.getElementById(arguments[0]).getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]",
            f"item-{index}",
        )
        return (float(box[0]), float(box[1]))

    def search(self, words: str) -> str:
        """Types words into the empty search, and returns what is said of them."""
        self.browser.click("#query")
        self.browser.press(*words)
        return self.browser.text("#found")

    def focus_on_picture(self) -> None:
        self.browser.run("document.getElementById('map').focus()")

    def colours(self) -> int:
        """How many colours the picture has."""
        return int(
            self.browser.run(
                f"{COPY} return new Set(new Uint32Array(data.buffer)).size"
            )
        )


def largest(sizes: Sizes, *, zipped: bool = False) -> list[str]:
    """Names of the distributions, the largest first."""
    taken: dict[str, int] = {}
    for file in sizes.files:
        size_bytes = file.zipped_bytes if zipped else file.unzipped_bytes
        taken[file.distribution] = taken.get(file.distribution, 0) + size_bytes
    return sorted(taken, key=lambda name: (-taken[name], name))


def opened(browser: Browser, directory: Path, sizes: Sizes) -> Opened:
    path = directory / "sizes of it.html"
    path.write_bytes(as_html(sizes))
    browser.open(path)
    return Opened(browser, sizes)


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

    assert page.browser.text("h1") == "Sizes of my-app"
    assert f"{len(page.sizes.files):,} files." in page.browser.text("#totals")
    assert page.names == names[:100]
    assert page.active.startswith(f"{names[0]} ")
    owner = next(each for each in page.sizes.owners if each.name == names[0])
    details = page.browser.text("#facts")
    assert " > ".join(owner.path) in details
    assert owner.version in details


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

    assert f"{len(found):,} files found: {taken_bytes:,} bytes unzipped" in said
    assert page.browser.text("caption") == "Found in my-app"
    assert before != page.colours()
    page.browser.press(ESCAPE)
    assert page.browser.text("#found") == ""
    assert before == page.colours()


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
        assert page.place.endswith("/ _libs")
        said = page.browser.text("#found")
        assert " of them in _libs: " in said
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
    details = dict(
        page.browser.run(
            "return [...document.querySelectorAll('#facts > div')]"
            ".map(e => [...e.children].map(part => part.textContent))"
        )
    )
    (file,) = (
        file for file in page.sizes.files if file.name == details["In the archive"]
    )
    (owner,) = (owner for owner in page.sizes.owners if owner.name == file.distribution)
    assert details["Distribution"] == file.distribution
    assert details["Version"] == owner.version
    assert details["Dependency path"] == " > ".join(owner.path)
    assert details["unzipped"].startswith(f"{file.unzipped_bytes:,} bytes, ")
    assert details["zipped"].startswith(f"{file.zipped_bytes:,} bytes, ")
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


def pixels(browser: Browser, shot: bytes) -> tuple[list[int], int]:
    """The colour of a picture's corner, and how many colours it has."""
    browser.call("POST", "/url", url="about:blank")
    found = browser.run(
        """
        const bytes = Uint8Array.from(atob(arguments[0]), (c) => c.charCodeAt(0));
        const image = await createImageBitmap(new Blob([bytes]));
        const canvas = new OffscreenCanvas(image.width, image.height);
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        const { data } = context.getImageData(0, 0, image.width, image.height);
        const colours = new Set(new Uint32Array(data.buffer)).size;
        return [[data[0], data[1], data[2]], colours];
        """,
        base64.b64encode(shot).decode(),
    )
    return found[0], found[1]


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


def test_a_narrow_window(page: Opened) -> None:
    """Nothing is wider than the window, and the picture fills its place."""
    page.browser.resize(360, 700)
    wide, canvas, place = page.browser.run(
        "return new Promise(done => requestAnimationFrame(() => setTimeout(() => done(["
        "  document.documentElement.scrollWidth,"
        "  document.getElementById('canvas').width,"
        "  document.getElementById('map').clientWidth])))) "
    )
    assert wide <= 360
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
