"""Writes the README's pictures out of a real run: docs/pictures/.

`make pictures` calls it, when what the console or the page of sizes shows has changed.
It takes chromium and chromedriver, and an index with the example's wheels. Times differ
from run to run; all else is the same on machines with the same fonts and Python.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile

from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.webdriver import chromium
from tests.e2e.running import BIN
from tests.e2e.running import clean_environment
from tests.e2e.running import start
from tests.e2e.screen import terminal
from tools.terminal_picture import as_svg
from tools.terminal_picture import runs


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.webdriver import Browser


ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
# It has a table of sizes that is worth seeing, and is nested.
EXAMPLE = ROOT / "docs" / "examples" / "nested"
NAME = "table-maker"
SIZES = "dist/sizes.html"
ARGUMENTS = ("package-function", "--sizes", SIZES)

_COLUMNS = 80
_WIDTH_PX = 1280
_HEIGHT_PX = 900
_LIMIT_BYTES = 200_000  # what readers of a README can be asked to load


def main() -> int:
    """Packages the example and writes the pictures; returns the exit status."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        print("Pictures take chromium and chromedriver, which are not here.")
        return 1
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory, NAME)
        shutil.copytree(EXAMPLE, project)
        env = clean_environment(Path(directory))
        command = [str(BIN / "poetry"), *ARGUMENTS]
        with terminal(_COLUMNS) as own:
            shown = own.shown(start(command, project, env, own.streams))
        if shown.status:
            print(shown.raw)
            return shown.status
        home_dir = f"{Path.home()}/"
        raw = shown.raw.replace(home_dir, "~/")  # the interpreter is named
        _write("console.svg", _console(raw, (directory, home_dir)))
        home = Path(directory, "chromium")
        with chromium(binary, driver, home) as browser:
            for scheme in ("light", "dark"):
                for name, picture in _views(browser, project / SIZES, scheme):
                    _write(f"{name}-{scheme}.png", picture)
    return 0


def _console(raw: str, private: tuple[str, ...]) -> bytes:
    text = "\n".join(run.text for run in runs(raw, _COLUMNS))
    for path in private:
        if path in text:
            raise ValueError(f"The picture would show {path}, a path of this machine.")
    typed = f"\x1b[32m$\x1b[0m poetry {' '.join(ARGUMENTS)}\r\n"
    description = f"A terminal in which poetry {ARGUMENTS[0]} packages {NAME}"
    return as_svg(typed + raw, _COLUMNS, f"~/{NAME}", description).encode()


def _views(browser: Browser, path: Path, scheme: str) -> Iterator[tuple[str, bytes]]:
    """The page's sizes and, if a handler has been imported, INIT."""
    browser.resize(_WIDTH_PX, _HEIGHT_PX)
    browser.emulate(scheme)
    browser.devtools("Emulation.setScrollbarsHidden", hidden=True)
    browser.open(path)
    yield "treemap", _upper_part(browser)
    if browser.run("return views.length > 1"):
        browser.click("input[name=view][value='1']")
        yield "init", _upper_part(browser)


def _upper_part(browser: Browser) -> bytes:
    """What is above the hints and the table."""
    bottom = browser.run(
        "return document.getElementById('map').getBoundingClientRect().bottom"
    )
    clip = {"x": 0, "y": 0, "width": _WIDTH_PX, "height": int(bottom) + 8, "scale": 1}
    taken = browser.devtools("Page.captureScreenshot", format="png", clip=clip)
    return base64.b64decode(taken["data"])


def _write(name: str, content: bytes) -> None:
    if len(content) > _LIMIT_BYTES:
        raise ValueError(f"{name} has {len(content):,} bytes, {_LIMIT_BYTES:,} is most")
    (PICTURES / name).write_bytes(content)
    print(f"{os.path.relpath(PICTURES / name)}: {len(content):,} bytes")


if __name__ == "__main__":
    sys.exit(main())
