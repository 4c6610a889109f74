"""The site as a browser has it."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.webdriver import chromium
from tests.docs.markdown import read
from tests.docs.site import with_address
from tools.console import typed


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.webdriver import Browser


ROOT = Path(__file__).parents[2]
BUTTON = ".language-console button[data-clipboard-target]"


@contextmanager
def serving(site: Path) -> Iterator[str]:
    """Serves a site on this machine; its address."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A Chromium that reaches this machine only."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("a browser takes chromium and chromedriver, which are not here")
    with chromium(binary, driver, tmp_path / "chromium") as found:
        yield found


def loaded(browser: Browser) -> list[str]:
    """What the page has asked for."""
    script = "return performance.getEntriesByType('resource').map(each => each.name)"
    return [str(each) for each in browser.run(script)]


def test_a_browser_loads_nothing_else_and_searches(
    browser: Browser, site: Path
) -> None:
    """Scripts may ask for what no attribute names: nothing is asked for, nor missed."""
    with serving(site) as address:
        browser.call("POST", "/timeouts", implicit=10_000)
        browser.call("POST", "/url", url=f"{address}/docs/usage.html")
        browser.click(".md-search__input")
        browser.press(*"dangling link")
        browser.call(
            "POST",
            "/element",
            using="css selector",
            value=".md-search-result__link[href*='docs/usage.html']",
        )
        names = loaded(browser)
    assert names
    assert [] == [each for each in names if not each.startswith(f"{address}/")]
    assert [] == browser.log()


def test_a_link_to_the_repository_loads_nothing(browser: Browser, copy: Path) -> None:
    """Material for MkDocs would ask GitHub for stars and versions."""
    with serving(with_address(copy, "https://github.com/acme/tool")) as address:
        browser.call("POST", "/timeouts", implicit=10_000)
        browser.call("POST", "/url", url=f"{address}/docs/start.html")
        # The scripts are through with the page when it has its buttons.
        browser.click(BUTTON)
        names = loaded(browser)
    assert [] == [each for each in names if not each.startswith(f"{address}/")]
    assert [] == browser.log()
    assert "acme/tool" in browser.text(".md-header__source")


@pytest.mark.parametrize("is_served", [True, False], ids=["http", "file"])
def test_a_button_copies_what_is_typed(
    browser: Browser, site: Path, *, is_served: bool
) -> None:
    """Of a console with an answer, and with a command in several lines."""
    page = ROOT / "docs" / "start.md"
    consoles = [text for language, text in read(page).blocks if language == "console"]
    (number,) = (n for n, text in enumerate(consoles) if "lambda invoke" in text)
    with serving(site) as address:
        start = address if is_served else site.as_uri()
        browser.call("POST", "/timeouts", implicit=10_000)
        browser.call("POST", "/url", url=f"{start}/docs/start.html")
        browser.click(BUTTON)
        browser.run(
            "document.querySelectorAll(arguments[0])[arguments[1]].click();"
            "document.body.prepend(document.createElement('textarea'));"
            "document.querySelector('textarea').focus()",
            BUTTON,
            number,
        )
        browser.paste()
    pasted = browser.run("return document.querySelector('textarea').value")
    assert pasted.startswith(
        "aws lambda invoke --function-name greeter \\\n      --cli"
    )
    assert pasted.endswith("answer.json\ncat answer.json")
    assert typed(consoles[number]) == pasted
