from __future__ import annotations

import base64
import colorsys
import hashlib
import json
import random
import re
import sys

from dataclasses import replace
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.cli import main
from poetry_plugin_package_function.packaging.plan import FileSize
from poetry_plugin_package_function.packaging.verify.init import Import
from poetry_plugin_package_function.packaging.verify.init import Init
from poetry_plugin_package_function.report.init_view import files_of
from poetry_plugin_package_function.report.init_view import is_needed
from tests.sizes import HOSTILE_NAMES
from tests.sizes import Sizes
from tests.sizes import as_html
from tests.sizes import hostile_sizes
from tests.sizes import owner
from tests.sizes import sizes_of
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv


STYLE = (
    resources.files("poetry_plugin_package_function.report")
    .joinpath("page", "style.css")
    .read_text(encoding="utf-8")
)
LIGHT, DARK = (
    dict(re.findall(r"(--[\w-]+): ([^;]+);", block))
    for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
)


class Page(HTMLParser):
    """What a page has: its elements with their attributes, and the text in them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts = [("", "")]
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        self.texts.append((f"/{tag}", ""))

    def handle_data(self, data: str) -> None:
        tag, text = self.texts[-1]
        self.texts[-1] = (tag, text + data)

    def of(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]

    @property
    def policy(self) -> str:
        (found,) = (
            attributes["content"]
            for tag, attributes in self.elements
            if attributes.get("http-equiv") == "Content-Security-Policy"
        )
        assert found is not None
        return found

    @property
    def data(self) -> dict[str, Any]:
        loaded = json.loads(self.of("script")[0])
        assert isinstance(loaded, dict)
        return loaded


def files_in(page: bytes) -> list[FileSize]:
    """Reads the files back out of the page."""
    data = Page(page).data
    return [
        FileSize(
            f"{directory}/{name}" if directory else name,
            data["owners"][owner][0],
            unzipped_bytes,
            zipped_bytes,
            bool(marks & 1),
        )
        for owner, directory, files in data["directories"]
        for name, unzipped_bytes, zipped_bytes, marks in files
    ]


def test_the_policy_allows_its_own_style_and_script_only() -> None:
    """The hashes are those of the two elements' texts, byte for byte."""
    page = Page(as_html(sizes_of(30)))
    (style,) = page.of("style")
    _, script = page.of("script")

    def digest(text: str) -> str:
        found = hashlib.sha256(text.encode()).digest()
        return f"'sha256-{base64.b64encode(found).decode()}'"

    assert [
        "default-src 'none'",
        f"style-src {digest(style)}",
        f"script-src {digest(script)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ] == page.policy.split("; ")


def test_the_policy_stands_before_what_it_is_about() -> None:
    """A policy in a `meta` element is in force for what follows it."""
    page = as_html(sizes_of(30))

    assert page.index(b"Content-Security-Policy") < page.index(b"<style>")
    assert page.index(b"Content-Security-Policy") < page.index(b"<script")


def test_nothing_external_is_referenced() -> None:
    """No attribute names another resource, nor do the style and the script."""
    page = Page(as_html(sizes_of(30)))
    attributes = {name for _, found in page.elements for name in found}
    (style,) = page.of("style")
    _, script = page.of("script")

    assert {"link", "img", "iframe", "object", "base"}.isdisjoint(
        tag for tag, _ in page.elements
    )
    assert {"src", "href", "style", "srcset", "action"}.isdisjoint(attributes)
    assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", style)
    assert not re.search(
        r"https?:|fetch\(|XMLHttpRequest|WebSocket|import\(|eval\(|Function\(|innerHTML",
        script,
    )


def test_names_are_never_markup() -> None:
    """Whatever files, distributions and the project are called: the elements stay."""
    hostile = hostile_sizes()
    plain = replace(hostile, title="my-app", files=(), owners=())

    assert Page(as_html(plain)).elements == Page(as_html(hostile)).elements
    assert b"alert(1)</script>" not in as_html(replace(hostile, title="my-app"))


def test_the_title_is_text() -> None:
    """Markup in it is escaped, and what is not UTF-8 can be written."""
    page = as_html(Sizes("<b>&\udcff$policy", 1, 1, 1, ()))
    assert b"<title>Sizes of &lt;b&gt;&amp;&#56575;$policy</title>" in page


def test_the_data_is_ascii() -> None:
    """So it has no U+2028, and says of lone surrogates what they are."""
    _, text = as_html(hostile_sizes()).split(b'id="data">')
    data, _, _ = text.partition(b"</script>")

    assert data.isascii()
    assert b"<" not in data
    assert rb"\udcff" in data


def test_what_is_written_can_be_read() -> None:
    """Names, figures, versions and paths are those that were given."""
    sizes = hostile_sizes()
    page = as_html(sizes)
    data = Page(page).data

    assert sorted(sizes.files) == sorted(files_in(page))
    assert sorted(["", "<b>bold</b>", *HOSTILE_NAMES]) == [
        name for name, _, _ in data["owners"]
    ]
    assert sizes.title == data["title"]
    assert [HOSTILE_NAMES[0], HOSTILE_NAMES[0], ["my-app", HOSTILE_NAMES[0]]] in data[
        "owners"
    ]


@given(
    st.lists(
        st.builds(
            FileSize,
            st.text(st.characters(exclude_categories=()), min_size=1).filter(
                lambda name: not name.startswith("/")  # no name in a ZIP does
            ),
            st.sampled_from(["", "numpy", "pandas"]),
            st.integers(0, 1 << 40),
            st.integers(0, 1 << 40),
            st.booleans(),
            prefix=st.just(""),  # a page has it in the names
        )
    )
)
def test_any_files_can_be_read_back(files: list[FileSize]) -> None:
    """Empty parts, lone surrogates and control characters included."""
    assert sorted(files) == sorted(files_in(as_html(Sizes("x", 1, 1, 1, files))))


def test_the_same_sizes_make_the_same_bytes() -> None:
    """In whatever order they are given."""
    sizes = sizes_of(300)
    files, owners = list(sizes.files), list(sizes.owners)
    shuffler = random.Random(1)
    shuffler.shuffle(files)
    shuffler.shuffle(owners)

    assert as_html(sizes) == as_html(replace(sizes, files=files, owners=owners))


def test_owners_are_those_of_files() -> None:
    """One without files is left out, one that nothing is said of is there."""
    files = [FileSize(f"{each}.py", each, 1, 1, nested=False) for each in ("a", "")]
    owners = [owner("a", "1.0", ("my-app", "a")), owner("c", "1.0")]
    data = Page(as_html(Sizes("x", 1, 1, 1, files, owners))).data

    assert [["", "", []], ["a", "1.0", ["my-app", "a"]]] == data["owners"]


def test_imports_are_numbers() -> None:
    """Owners and parents by their place, -1 for none; times in microseconds."""
    files = [
        FileSize(f"{each}.py", each, 2, 1, nested=each == "b") for each in ("a", "b")
    ]
    imports = (
        Import(-1, "b", "b.py", "b", 0.001, 0.0035, 4096, "my_app/db.py:3"),
        Import(0, "provided", "", "c", 0.002, 0.002),
        Import(0, "json", "", None, 0.0005, 0.0005),
    )
    init = Init(0.08, 0.2, 0.004, imports, read=frozenset({"of-python.py"}))
    data = Page(as_html(Sizes("x", 1, 1, 1, files, (), init))).data

    assert {
        "start_s": 0.08,
        "loader_s": 0.2,
        "imports_s": 0.004,
        "imports": [
            [-1, "b", 1, 1000, 3500, 4096, "my_app/db.py:3"],
            [0, "provided", 2, 2000, 2000, 0, ""],
            [0, "json", -1, 500, 500, 0, ""],
        ],
    } == data["init"]
    assert ["a", "b", "c"] == [name for name, _, _ in data["owners"]]
    assert [
        [0, "", [["a.py", 2, 1, 0]]],
        [1, "", [["b.py", 2, 1, 3]]],
    ] == data["directories"]
    assert "" == data["why_no_init"]


def test_bytecode_is_needed_as_its_source_is() -> None:
    """A compiled module is imported out of its bytecode; data is read as it is."""
    imports = (Import(-1, "a.b", "a/b.py", "a", 0, 0),)
    needed = files_of(Init(0, 0, 0, imports, read=frozenset({"a/data.json"})))
    for name, expected in [
        *(("a/b.py", True), ("a/__pycache__/b.cpython-313.pyc", True)),
        *(("a/data.json", True), ("a/c.py", False)),
        *(("a/__pycache__/c.cpython-313.pyc", False), ("a/__pycache__/x", False)),
    ]:
        assert is_needed(name, needed) is expected, name


def test_what_init_reads_out_of_a_layer_is_marked(in_directory: Path) -> None:
    """There its name in the archive is not the one that the import has it by."""
    venv = make_venv(in_directory / "venv")
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(sys.executable)
    code = "import hot\ndef handler(event, context): ...\n"
    install(venv, "my_app", {"my_app/__init__.py": code})
    install(venv, "hot", {"hot/__init__.py": "", "hot/cold.py": ""})
    make_project(in_directory, "my-app")
    arguments = ["--handler", "my_app.handler", "--layer", "--compile"]
    assert 0 == main(
        ["venv", "--python", sys.executable, *arguments, "--sizes", "sizes.html"]
    )

    marks = {
        f"{directory}/{name}": file_marks
        for _, directory, files in Page(Path("sizes.html").read_bytes()).data[
            "directories"
        ]
        for name, _, _, file_marks in files
    }
    cache = f"python/hot/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    assert (2, 2, 2, 0) == (
        marks["my_app/__init__.py"],
        marks["python/hot/__init__.py"],
        marks[cache],
        marks["python/hot/cold.py"],
    )


def test_without_imports_it_says_how_to_get_them() -> None:
    """By `--handler`, or why that has not shown any."""
    data = Page(as_html(sizes_of(30))).data
    assert data["init"] is None
    assert "--handler" in data["why_no_init"]

    data = Page(as_html(replace(sizes_of(30), unchecked="Not here."))).data
    assert data["why_no_init"] == "Not here."


def luminance(red: float, green: float, blue: float) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""

    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)


def contrast(one: float, other: float) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def of_hex(value: str) -> float:
    digits = value[1:] if len(value) == 7 else "".join(each * 2 for each in value[1:])
    red, green, blue = (part / 255 for part in bytes.fromhex(digits))
    return luminance(red, green, blue)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_texts_can_be_read(scheme: dict[str, str]) -> None:
    """WCAG 2.2 AA: 4.5 to 1 for texts, on each distribution's colour."""
    pairs = [
        *(("--text", "--page"), ("--soft", "--page"), ("--link", "--page")),
        *(("--text", "--panel"), ("--soft", "--panel"), ("--wrong", "--page")),
        *(("--found-text", "--found"), ("--init-text", "--init")),
        *(("--quiet-text", "--quiet"), ("--quiet-text", "--quiet-frame")),
        *(("--plain-text", "--plain"), ("--page", "--text")),
    ]
    for text, ground in pairs:
        assert contrast(of_hex(scheme[text]), of_hex(scheme[ground])) >= 4.5, text
    for ground in ("--tile", "--frame"):
        saturation, lightness = (
            int(part) / 100 for part in re.findall(r"(\d+)%", scheme[ground])
        )
        for hue in range(360):
            colour = luminance(*colorsys.hls_to_rgb(hue / 360, lightness, saturation))
            text = scheme[f"{ground}-text"]
            assert contrast(of_hex(text), colour) >= 4.5, (ground, hue)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_is_marked_stands_out(scheme: dict[str, str]) -> None:
    """WCAG 2.2 AA: 3 to 1 for graphics, so that it takes no colours to see it."""
    assert contrast(of_hex(scheme["--init"]), of_hex(scheme["--quiet"])) >= 3
    assert contrast(of_hex(scheme["--edge"]), of_hex(scheme["--page"])) >= 3
    assert contrast(of_hex(scheme["--found"]), of_hex(scheme["--quiet"])) >= 3
    assert contrast(of_hex(scheme["--focus"]), of_hex(scheme["--focus-edge"])) >= 3
