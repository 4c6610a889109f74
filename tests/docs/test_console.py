"""What a reader copies of a console."""

from __future__ import annotations

import pytest

from tools.console import Command
from tools.console import commands
from tools.console import typed


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("$ a\n$ b\n", (Command("a"), Command("b"))),
        (
            "$ a\none\n\n  two\n$ b\n",
            (Command("a", ("one", "", "  two")), Command("b")),
        ),
        (
            "$ a \\\n      --b \\\n      --c\nout\n",
            (Command("a \\\n      --b \\\n      --c", ("out",)),),
        ),
        (
            "$ for x in 1; do\n>     a\n> done\nout\n> out\n",
            (Command("for x in 1; do\n    a\ndone", ("out", "> out")),),
        ),
        ("$ a \\\n>   --b\n", (Command("a \\\n  --b"),)),
        ("$ cat <<END\n> $ a\n> END\n", (Command("cat <<END\n$ a\nEND"),)),
        ("nothing is typed\n", ()),
        ("", ()),
    ],
)
def test_a_console(block: str, expected: tuple[Command, ...]) -> None:
    """Prompts go, also those of lines that go on; what is answered is kept apart."""
    assert expected == commands(block)


def test_what_is_copied() -> None:
    """All commands of a block, without prompts and answers, as a shell takes them."""
    block = "$ a --b\nanswer\n$ c \\\n    --d\nanswer\n"
    assert "a --b\nc \\\n    --d" == typed(block)
