"""Text that is not ours, as it may be shown."""

from __future__ import annotations

import json
import re

import pytest

from hypothesis import given
from hypothesis import strategies as st

from poetry_plugin_package_function.escaping import printable
from poetry_plugin_package_function.escaping import printable_json


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("my-app é 日本 <b>\\", "my-app é 日本 <b>\\"),
        ("\x1b[2J\r\x9b\x7f\0\t", r"\x1b[2J\r\x9b\x7f\x00\t"),
        ("a\nFile  b.zip", r"a\nFile  b.zip"),
        ("\u202egnp.x\u2028", r"\u202egnp.x\u2028"),
        ("\udcff", r"\udcff"),
        ("::error::x", r"\x3a:error::x"),
        ("  ::add-mask::x", r"  \x3a:add-mask::x"),
        ("\n::error::x", r"\n::error::x"),
        ("a::b", "a::b"),
        ("a ##[error]x", r"a \x23#[error]x"),
        ("a##vso[task.x]y", r"a\x23#vso[task.x]y"),
        ("###teamcity[x]", r"#\x23#teamcity[x]"),
        ("## a", "## a"),
    ],
    ids=ascii,
)
def test_what_is_shown(line: str, shown: str) -> None:
    """What can be seen and commands nothing stays as it is."""
    assert shown == printable(line)
    assert shown == printable(shown)


ANY = st.text(st.one_of(st.sampled_from(":#[]ab \n\x1b"), st.characters()))


@given(ANY)
def test_any_value_of_json_stays_what_it_is(value: str) -> None:
    """And its document is lines of characters that can be seen, without a command."""
    document = json.dumps({value: [value]}, ensure_ascii=False, indent=2)

    shown = printable_json(document)

    assert {value: [value]} == json.loads(shown)
    characters = shown.replace("\n", "")
    assert all(
        each.isprintable() or "\ud800" <= each <= "\udfff" for each in characters
    )
    assert not re.search(r"##\w*\[", shown)


@given(ANY)
def test_any_line_commands_nothing(line: str) -> None:
    """One line of characters that can be seen, and no command of a CI system's."""
    shown = printable(line)
    assert shown.isprintable()
    assert not shown.lstrip().startswith("::")
    assert not re.search(r"##\w*\[", shown)
