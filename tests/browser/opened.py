"""A page of a package that a browser has opened."""

from __future__ import annotations

import base64

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Final

from tests.sizes import Sizes
from tests.sizes import as_html


if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.webdriver import Browser


COPY: Final = """
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

    @property
    def details(self) -> dict[str, str]:
        """What is said of the part that is below the mouse, or active."""
        return dict(
            self.browser.run(
                "return [...document.querySelectorAll('#facts dl > div')]"
                ".map(e => [...e.children].map(part => part.innerText.split('\\n')[0]))"
            )
        )

    def choose(self, name: str, value: int) -> None:
        """Chooses one of several, as a view or a measure."""
        self.browser.click(f"input[name={name}][value='{value}']")

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
