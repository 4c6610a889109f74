"""What is written to a terminal fits it."""

from __future__ import annotations

import io
import os
import struct

from fcntl import ioctl
from termios import TIOCSWINSZ

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.megabytes import limit
from poetry_plugin_package_function.megabytes import megabytes
from poetry_plugin_package_function.report.summary import Line
from poetry_plugin_package_function.report.table import Column
from poetry_plugin_package_function.report.table import Table
from poetry_plugin_package_function.screen import columns_of
from poetry_plugin_package_function.screen import cut
from poetry_plugin_package_function.screen import fitted


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (0, "0 KB"),
        (1, "1 KB"),
        (1024, "1 KB"),
        (1025, "2 KB"),
        (104_856, "103 KB"),
        (104_857, "0.1 MB"),
        (1_048_576, "1.0 MB"),
        (262_144_000, "250.0 MB"),
        (2_147_483_648, "2,048.0 MB"),
    ],
)
def test_sizes(size_bytes: int, text: str) -> None:
    """An MB is Lambda's; nothing but nothing is 0."""
    assert text == megabytes(size_bytes)


def test_limits() -> None:
    """Whole numbers have no decimal; what is near one has."""
    assert "250 MB" == limit(262_144_000)
    assert "10,240 MB" == limit(10_240 * 1_048_576)
    assert "249.0 MB" == limit(261_144_000)


@pytest.mark.parametrize(
    ("own", "variable", "expected"),
    [(80, None, 80), (0, None, 80), (80, "40", 40), (80, "x", 80), (80, "0", 80)],
)
def test_the_width_of_a_terminal(
    own: int, variable: str | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for its own; COLUMNS beats that."""
    monkeypatch.delenv("COLUMNS", raising=False)
    if variable is not None:
        monkeypatch.setenv("COLUMNS", variable)
    leader, follower = os.openpty()
    ioctl(follower, TIOCSWINSZ, struct.pack("HHHH", 24, own, 0, 0))
    with open(follower, "w", encoding="utf-8") as stream:
        assert expected == columns_of(stream)
    os.close(leader)


def test_what_is_no_terminal_has_no_width(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever COLUMNS says: a message in a pipe is one line."""
    monkeypatch.setenv("COLUMNS", "40")
    with open(os.devnull, "w", encoding="utf-8") as stream:
        assert columns_of(stream) is None
    assert columns_of(io.StringIO()) is None
    text = "word " * 99
    assert [text] == [*fitted(text, None)]


def test_sentences_are_broken_between_words() -> None:
    """The pieces that follow are indented, and so is what was."""
    assert [
        "Warning: one two three",
        "  four five",
    ] == [*fitted("Warning: one two three four five", 22)]
    assert [
        "  - one two three four",
        "    five six",
    ] == [*fitted("  - one two three four five six", 24)]
    assert ["Is  one two three four", "    five six"] == [
        *fitted("one two three four five six", 22, first="Is  ", others=" " * 4)
    ]


@given(
    st.lists(st.text("ab/.-", min_size=1, max_size=50), min_size=1),
    st.integers(30, 100),
)
def test_words_stay_whole(words: list[str], columns: int) -> None:
    """A path or a digest that is wider than the screen is the only thing to exceed."""
    lines = [*fitted(" ".join(words), columns)]

    assert all(len(line) <= columns or " " not in line.strip() for line in lines)
    assert words == [word for line in lines for word in line.split()]


def test_a_number_stays_with_its_unit() -> None:
    """A line that begins with "MB" has to be read twice."""
    assert ["The function's files have", "  250.0 MB."] == [
        *fitted("The function's files have 250.0 MB.", 31)
    ]
    assert ["It took all of the", "  10 s that it has"] == [
        *fitted("It took all of the 10 s that it has", 22)
    ]


def test_a_piece_is_no_command() -> None:
    """What is at the beginning of a line only because that was broken, neither."""
    lines = [*fitted(f"{'a ' * 12}::error::b", 24)]
    assert not any(line.lstrip().startswith("::") for line in lines)
    assert len([*fitted("a\nb", 24)]) == 1


def test_progress_is_cut() -> None:
    """It is gone in a moment, and one line is erased."""
    assert "abc…" == cut("abcdef", 4)
    assert "abcd" == cut("abcd", 4)
    assert "abcdef" == cut("abcdef", None)


NAMES = Column("name", ("numpy", "pandas"), is_needed=True)
SIZES = Column("size", ("9 MB", "10 MB"), is_number=True, is_needed=True)
SAME = Column("layout", ("flat", "flat"))
WAYS = Column("required by", ("my-app > pandas > other", "my-app"))


def test_a_table() -> None:
    """Numbers are aligned to the right; what says the same in each row is no column."""
    assert [
        "name     size  required by",
        "numpy    9 MB  my-app > pandas > other",
        "pandas  10 MB  my-app",
    ] == Table((NAMES, SIZES, SAME, WAYS)).lines()


def test_a_table_gets_narrower() -> None:
    """Ways lose their beginning, columns go from the right, then names end early."""
    table = Table((NAMES, SIZES, WAYS))
    assert ["numpy    9 MB  … > other"] == table.lines(32)[1:2]
    assert ["name     size"] == table.lines(24)[:1]
    long = Column("name", ("a" * 40, "b"), is_needed=True)
    assert max(map(len, Table((long, SIZES)).lines(30))) == 30


def test_one_row_says_what_it_says() -> None:
    """There is nothing that it could be the same as; what is empty goes."""
    one = Table((Column("a", ("x",), is_needed=True), Column("b", ("y",))))
    assert ["a  b", "x  y"] == one.lines()
    assert ["a", "x"] == Table((one.columns[0], Column("b", ("",)))).lines()


def test_no_table() -> None:
    assert [] == Table().lines()
    assert [] == Table((Column("a", ()),)).lines()


@given(
    st.lists(
        st.tuples(*[st.text("ab> ", max_size=60)] * 3, st.text("0123", max_size=9)),
        min_size=1,
    ),
    st.integers(40, 100),
)
def test_a_table_fits(rows: list[tuple[str, str, str, str]], columns: int) -> None:
    """Whatever is in it."""
    names, layouts, ways, numbers = zip(*rows, strict=True)
    table = Table(
        (
            Column("name", names, is_needed=True),
            Column("size", numbers, is_number=True, is_needed=True),
            Column("layout", layouts),
            Column("required by", ways),
        )
    )
    assert all(len(line) <= columns for line in table.lines(columns))


def test_a_label_and_its_text() -> None:
    """In line below one another; what cannot be broken has a line of its own."""
    digest = "x" * 44
    assert [
        ("Layout      ", "flat, 9 files and a"),
        (" " * 12, "layer"),
    ] == [*Line("Layout", "flat, 9 files and a layer").fitted(32)]
    assert [("CodeSha256", ""), ("  ", digest)] == [
        *Line("CodeSha256", digest).fitted(40)
    ]
    assert [("  ", digest)] == [*Line("", digest).fitted(40)]
    assert [("  ", "by"), ("  ", digest)] == [*Line("", f"by {digest}").fitted(40)]
    assert [("CodeSha256  ", digest)] == [*Line("CodeSha256", digest).fitted(None)]
