"""The site: built as `make docs` does, and read as a browser does."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.webdriver import chromium
from tests.docs.site import build
from tests.docs.site import problems


if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browser.webdriver import Browser


ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is now."""
    target = tmp_path_factory.mktemp("site")
    done = build(ROOT, target)
    assert done.returncode == 0, done.stdout
    strange = [
        line for line in done.stdout.splitlines() if not line.startswith("INFO  ")
    ]
    assert [] == strange
    return target


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


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """What the site is made of."""
    for name in ("mkdocs.yml", "LICENSE", *(each.name for each in ROOT.glob("*.md"))):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("docs", "tools", "src/poetry_plugin_package_function/report"):
        ignored = shutil.ignore_patterns("__pycache__", "examples")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    return tmp_path


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


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests are quiet."""


@pytest.fixture
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    handler = functools.partial(_Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A Chromium that reaches this machine only."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("a browser takes chromium and chromedriver, which are not here")
    with chromium(binary, driver, tmp_path / "chromium") as found:
        yield found


def test_a_browser_loads_nothing_else_and_searches(
    browser: Browser, address: str
) -> None:
    """Scripts may ask for what no attribute names: nothing is asked for, nor missed."""
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
    loaded = browser.run(
        "return performance.getEntriesByType('resource').map(each => each.name)"
    )
    assert loaded
    assert [] == [each for each in loaded if not each.startswith(f"{address}/")]
    assert [] == browser.log()
