from __future__ import annotations

import shutil

from typing import TYPE_CHECKING

import pytest

from tests.browser.webdriver import chromium


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.webdriver import Browser


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all tests of a process."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("a browser takes chromium and chromedriver, which are not here")
    with chromium(binary, driver, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def browser(session: Browser) -> Browser:
    """It, with its defaults: a large window, a light scheme, no movement, no mouse."""
    session.call("DELETE", "/actions")
    session.emulate()
    session.resize(1280, 1000)
    return session
