"""What GitHub's own parser makes of the summary, and what it does not make of it."""

from __future__ import annotations

import base64
import re

from dataclasses import dataclass
from dataclasses import field
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cmarkgfm
import pytest

from cmarkgfm.cmark import Options
from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.result import Layer
from poetry_plugin_package_function.packaging.result import Report
from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
from poetry_plugin_package_function.packaging.verify.event_call import Called
from poetry_plugin_package_function.packaging.verify.verified import Verified
from poetry_plugin_package_function.report.changes import Changes
from poetry_plugin_package_function.report.changes import Update
from poetry_plugin_package_function.report.details import sizes
from poetry_plugin_package_function.report.markdown import as_markdown
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.services import LAMBDA


RUNTIME = RUNTIMES["python3.13"]


def distribution(
    name: str, size: int, *path: str, nested: bool = False
) -> DistributionSize:
    return DistributionSize(
        name, "1.0" if name else "", 1, size, size // 4, path=path, nested=nested
    )


REPORT = Report(
    output_file=Path("/x/my_app.zip"),
    distribution_name="my_app",
    layout=Layout.FLAT,
    output_bytes=2_500_000,
    uncompressed_bytes=10_000_000,
    compressed_bytes=2_500_000,
    unzipped_bytes=10_000_000,
    limit_bytes=262_144_000,
    layers_size_bytes=0,
    files=1234,
    sha256="0" * 64,
    python="3.13",
    source_date_epoch=315_532_800,
    compressor="deflate 0.9.0",
    compression_level=5,
    entry_modules=("my_app",),
    distributions=(
        distribution("tiny", 1000, "my-app", "pandas", "tiny"),
        distribution("pandas", 3_000_000, "my-app", "pandas"),
        distribution("numpy", 5_000_000, "my-app", "pandas", "numpy", nested=True),
        distribution("", 1_999_000),
    ),
    left_out=(),
    nested=None,
)
TARGETED = replace(REPORT, target=LAMBDA.target(RUNTIME, "aarch64"))
HEADER = [
    *("Distribution", "Version", "Unzipped", "Zipped", "Share", "Layout"),
    "Required by",
]


@dataclass
class Page(HTMLParser):
    """What is on a page.

    Attributes:
        tags: All elements that there are, by name.
        tables: Of each table the texts of its cells, row by row.
        items: The texts of the items of lists.
        text: All of it.
        folded: What of it is in an element that can be opened.
    """

    tags: set[str] = field(default_factory=set)
    tables: list[list[list[str]]] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    text: str = ""
    folded: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.tags.add(tag)
        self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag == "li":
            self.items.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & {*self._open}:
            self.tables[-1][-1][-1] += data
        if "li" in self._open:
            self.items[-1] += data
        if "details" in self._open:
            self.folded += data


def page(markdown: str) -> Page:
    """Reads Markdown as GitHub does, but lets all HTML through: the worst case."""
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    found = Page()
    found.feed(html)
    found.close()
    return found


def visible(text: str) -> str:
    """A text without the spaces of no width that cut addresses and mentions."""
    return text.replace("\u200b", "").strip()


def test_the_figures_are_a_table() -> None:
    """Layout, sizes, hash, target and changes, and nothing that there is not."""
    changes = Changes(False, added=("six",), updated=(Update("numpy", "1", "2"),))
    found = page(as_markdown(TARGETED, changes, []))

    assert [
        ["Layout", "flat, 1,234 files"],
        ["Made for", "python3.13, arm64 (Lambda)"],
        ["Unzipped", "9.5 MB of 250 MB, 3.8%"],
        ["Zipped", "2.4 MB"],
        ["CodeSha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="],
        ["Compared", "updated numpy 1 -> 2; added six"],
    ] == found.tables[0][1:]
    assert found.text.strip().startswith("my_app: flat")
    assert "h2" in found.tags
    assert "blockquote" not in found.tags
    first, *rest = page(as_markdown(REPORT, None, [])).tables[0]
    assert ["", ""] == first
    assert ["Layout", "Made for", "Unzipped", "Zipped", "CodeSha256"] == [
        row[0] for row in rest
    ]


def test_nothing_has_changed() -> None:
    """It says so."""
    table = page(as_markdown(REPORT, Changes(unchanged=True), [])).tables[0]
    assert ["Compared", "unchanged: the same archive, byte for byte"] == table[-1]


def test_what_is_left_out() -> None:
    """What and why, as on the console."""
    report = replace(
        REPORT, left_out=("pip",), superseded=(Shadow("enum34", ("enum/",)),)
    )
    rows = page(as_markdown(report, None, [])).tables[0]
    assert [
        ["Left out", "pip: nothing requires them"],
        ["Left out", "enum/ of enum34: Python 3.13 has its own"],
    ] == [row for row in rows if row[0] == "Left out"]


def test_what_is_kept_for_layers() -> None:
    """The limit says so, as on the console."""
    report = replace(REPORT, layers_size_bytes=1000, limit_bytes=262_143_000)
    cells = dict(page(as_markdown(report, None, [])).tables[0][1:])
    assert cells["Unzipped"].endswith(", with 1 KB kept for layers")


def test_distributions_are_two_tables() -> None:
    """The largest, and what can be opened; together they are all that there are."""
    found = page(as_markdown(REPORT, None, []))
    _, largest, rest = found.tables

    assert [
        HEADER,
        [
            "numpy",
            "1.0",
            "4.8 MB",
            "1.2 MB",
            "50.0%",
            "nested",
            "my-app → pandas",
        ],
        ["pandas", "1.0", "2.9 MB", "0.7 MB", "30.0%", "flat", "my-app"],
        ["your code", "", "1.9 MB", "0.5 MB", "20.0%", "flat", ""],
    ] == largest
    assert [
        HEADER,
        ["tiny", "1.0", "1 KB", "1 KB", "0.0%", "flat", "my-app → pandas"],
    ] == rest
    assert "1 more" in found.folded
    assert "tiny" in found.folded
    assert "numpy" not in found.folded


def test_they_are_those_of_the_console() -> None:
    """Which are the largest is decided in one place."""
    many = tuple(distribution(f"d{number}", 1_000_000) for number in range(30))
    report = replace(REPORT, distributions=many, uncompressed_bytes=30_000_000)
    _, largest, rest = page(as_markdown(report, None, [])).tables
    console = [row.split()[0] for row in sizes(report, all_of_them=False).lines()[1:]]

    assert console == [row[0] for row in largest[1:]]
    assert 30 == len(largest) + len(rest) - 2


def test_no_distributions_no_tables() -> None:
    """Nor an element to open if there is nothing in it."""
    found = page(as_markdown(replace(REPORT, distributions=()), None, []))
    assert 1 == len(found.tables)
    assert "details" not in found.tags


def test_only_small_ones_can_be_opened() -> None:
    """Where none of them counts there is one table, and it is folded."""
    many = tuple(distribution(f"d{number}", 10) for number in range(200))
    report = replace(REPORT, distributions=many, uncompressed_bytes=2000)
    found = page(as_markdown(report, None, []))
    assert 2 == len(found.tables)
    assert "200 distributions" in found.folded


def test_warnings_are_an_alert_with_a_list() -> None:
    """GitHub's and GitLab's alert is a quote whose first line says what it is."""
    said = [
        'Add it: `packages`, or include = ["lambda_function.py"] in [tool.poetry].',
        "1 file does not fit the target.",
    ]
    markdown = as_markdown(REPORT, None, iter(said))
    found = page(markdown)

    assert "\n> [!WARNING]\n> - " in markdown
    assert "blockquote" in found.tags
    assert said == [visible(item) for item in found.items]
    assert "[!WARNING]" not in as_markdown(REPORT, None, [])


HOSTILE = [
    "a|b",
    "a\\|b",
    "a\\",
    "`a`",
    "``",
    "*a* _b_ ~~c~~",
    "<script>alert(1)</script>",
    "</details><h1>x</h1>",
    "<!-- a",
    "&lt;b&gt;",
    "[a](https://example.org)",
    "![a](https://example.org/a.png)",
    "<https://example.org>",
    "https://example.org/a",
    "www.example.org",
    "a@example.org",
    "# a",
    "1. a",
    "1) a",
    "- a",
    "+ a",
    "> a",
    "--- | ---",
    "[x] a",
    "[a]: https://example.org",
    "$x$ $$y$$",
    "a\nb",
    "a\r\n\r\n| b | c |\n",
    "a\u2028b",
    "a\u202eb",
    "a\x00b",
    "\udcff",
    "::error::a",
    "##vso[task.setvariable variable=a]b",
]
ALLOWED = {
    *("h2", "table", "thead", "tbody", "tr", "th", "td", "code", "details", "summary"),
    *("blockquote", "p", "ul", "li"),
}


def shown(text: str) -> str:
    """What is to be seen of a text: one line, in which all can be seen."""
    return " ".join(printable(text).split())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_stay_text(text: str) -> None:
    """They break no table, are no markup, no link, and are seen as they are."""
    check_that_it_stays_text(text)


@given(
    st.text(
        st.one_of(
            st.sampled_from("|`\\<>&*_~[]()!#@:/-+.$1a \n"),
            st.characters(codec="utf-8"),
        ),
        min_size=1,
    ).filter(str.strip)
)
def test_any_text_stays_text(text: str) -> None:
    """The same for whatever there may be."""
    check_that_it_stays_text(text)


def check_that_it_stays_text(text: str) -> None:
    """Puts it wherever a text from outside can stand."""
    hostile = distribution(text, 9_000_000, text, text, "end")._replace(version=text)
    other = distribution("", 1_000_000, nested=True)
    report = replace(REPORT, distribution_name=text, distributions=(hostile, other))
    changes = Changes(False, (text,), (text,), (Update(text, text, text),), (text,))
    found = page(as_markdown(report, changes, [text, f"x {text}"]))
    expected = shown(text)

    assert found.tags <= ALLOWED
    facts, distributions = found.tables
    assert {2} == {len(row) for row in facts}
    assert [len(HEADER)] * 3 == [len(row) for row in distributions]
    assert expected == visible(distributions[1][0])
    assert expected == visible(distributions[1][1])
    assert f"{expected} → {expected}" == visible(distributions[1][6])
    assert [expected, shown(f"x {text}")] == [visible(item) for item in found.items]
    told = shown(f"updated {text} {text} -> ")
    assert visible(facts[-1][1]).startswith(told)
    assert visible(found.text).startswith(f"{expected}: flat")


def test_mentions_and_addresses_are_cut_in_sentences() -> None:
    """Services look for them in the finished page, where no escape is left."""
    said = "ask @all about #12, https://example.org or www.example.org"
    (item,) = page(as_markdown(REPORT, None, [said])).items
    assert said == visible(item)
    assert not re.search(r"@\w|#\w|\w://|www\.", item)


def test_a_page_for_any_path_can_be_written() -> None:
    """A name that is not UTF-8 does not keep the page from being printed."""
    report = replace(REPORT, distribution_name="\udcff")
    as_markdown(report, None, ["\udcff"]).encode()


def test_a_layer_has_rows_of_its_own() -> None:
    """And distributions are in it, or in the function."""
    layer = Layer(Path("layer.zip"), 2_000, 5_000, 7, "0" * 64)
    rows = tuple(
        distribution(name, 9_000_000)._replace(layer=name == "six")
        for name in ("my-app", "six")
    )
    report = replace(REPORT, layer=layer, files=9, distributions=rows, function="api")
    found = page(as_markdown(report, None, []))
    facts = {visible(name): visible(value) for name, value in found.tables[0]}

    assert "flat, 2 files, and a layer" == facts["Layout"]
    assert "7 files, 5 KB, 2 KB zipped" == facts["Layer"]
    assert base64.b64encode(bytes(32)).decode() == facts["CodeSha256 of the layer"]
    assert ["function", "layer"] == [visible(row[5]) for row in found.tables[1][1:]]
    assert visible(found.text).startswith("api: flat")
    alone = page(as_markdown(replace(report, kind=Kind.LAYER), None, []))
    assert visible(alone.text).startswith("api: layer")
    assert "Layer" not in {visible(name) for name, _ in alone.tables[0]}


def test_the_handler_is_there() -> None:
    """What its import has taken, and all that it has not used."""
    verified = Verified(
        "my_app.f.handler",
        init_s=0.456,
        peak_bytes=90_000_000,
        tmp_bytes=8192,
        unused=("boto3", "six"),
        made_up=("TABLE", "QUEUE"),
    )
    (facts, *_) = page(as_markdown(replace(REPORT, verified=verified), None, [])).tables

    assert [
        ["Handler", "my_app.f.handler"],
        ["Made-up values", "TABLE, QUEUE"],
        [
            "INIT",
            "0.46 s, with 85.8 MB of memory and 8 KB in /tmp, where it was packaged",
        ],
        ["Never imported", "boto3, six"],
    ] == facts[-4:]
    parsed = replace(REPORT, verified=Verified("f.handler", "It was not imported."))
    (facts, *_) = page(as_markdown(parsed, None, [])).tables
    assert ["INIT", "not measured: the handler was looked for by parsing"] == facts[-1]
    assert "It was not imported" not in page(as_markdown(REPORT, None, [])).text


def test_the_handlers_call_is_there() -> None:
    """Whatever it returns and prints is shown as it is."""
    called = Called(
        "events/a|b.json",
        duration_s=0.25,
        peak_bytes=90_000_000,
        tmp_bytes=0,
        result='{"html": "<b>|`@me`"}',
        result_bytes=21,
        output="# one\n| two |\n::error::three",
    )
    verified = Verified("f.handler", init_s=0.4, tmp_bytes=0, event=called)
    (facts, *_) = page(as_markdown(replace(REPORT, verified=verified), None, [])).tables

    found = {visible(name): visible(value) for name, value in facts}
    assert (
        "events/a|b.json: returned after 0.25 s, with 85.8 MB of memory and nothing"
        " more in /tmp"
    ) == found["Event"]
    assert '{"html": "<b>|`@me`"}' == found["Result"]
    for line in ("# one", "| two |", "error::three"):
        assert line in found["Printed"]


def test_columns_that_say_nothing_have_gone() -> None:
    """Where all is flat, and nobody knows who requires what."""
    rows = tuple(distribution(name, 5_000_000) for name in ("a", "b"))
    found = page(as_markdown(replace(REPORT, distributions=rows), None, []))
    assert HEADER[:5] == found.tables[1][0]
