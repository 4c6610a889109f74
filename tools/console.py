"""What is typed in a `console` block of the docs, and what the console answers.

The site's copy buttons and the tests that run the commands read it the same way, as the
highlighter does: what is typed stands behind `$ `, and where it goes on behind `> ` or
a backslash at the end of the line before.
https://pygments.org/docs/lexers/#pygments.lexers.shell.BashSessionLexer
"""

from __future__ import annotations

from dataclasses import dataclass


_PROMPT = "$ "
_CONTINUED = "> "


@dataclass(frozen=True)
class Command:
    """A command of a console.

    Attributes:
        text: What is typed, without prompts; several lines if it goes on.
        output: The lines that follow.
    """

    text: str
    output: tuple[str, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether its last line ends in a backslash."""
        return self.text.endswith("\\")


def commands(block: str) -> tuple[Command, ...]:
    """Reads a block; lines before its first prompt belong to no command."""
    found: list[Command] = []
    for line in block.splitlines():
        last = found[-1] if found else None
        if line.startswith(_PROMPT):
            found.append(Command(line.removeprefix(_PROMPT)))
        elif last is None:
            continue
        elif not last.output and (last.goes_on or line.startswith(_CONTINUED)):
            more = line.removeprefix(_CONTINUED)
            found[-1] = Command(f"{last.text}\n{more}")
        else:
            found[-1] = Command(last.text, (*last.output, line))
    return tuple(found)


def typed(block: str) -> str:
    """What a reader copies of a block: its commands, a line each."""
    return "\n".join(each.text for each in commands(block))
