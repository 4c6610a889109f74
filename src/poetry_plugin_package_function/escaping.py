"""Text that is not ours, made fit to be shown: names, versions, what others say.

Wheels, lock files and file systems take any name. Both front ends write each line
through `printable`, so that whoever makes the text need not think of it.
"""

from __future__ import annotations

import json
import re

from typing import Final


_COMMAND: Final = re.compile(r"^( *):(?=:)|#(?=#\w*\[)")
"""What CI systems take for a command in the output of a job.

GitHub's runner takes `::name::` at the start of a line, after any spaces, and
`##[name]` anywhere in it (ActionCommand.cs in actions/runner); Azure Pipelines' agent
`##vso[` anywhere (Command.cs in microsoft/azure-pipelines-agent), TeamCity
`##teamcity[`.
"""


def printable(line: str) -> str:
    """Shows what would not be seen, or would command something, as escape sequences.

    That is a line break, too: what is a line stays one.
    """
    if line.isprintable() and "::" not in line and "##" not in line:
        return line
    visible = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode()
        for each in line
    )
    return _COMMAND.sub(_without_command, visible)


_JSON: Final = re.compile(r"[^\x20-\x7e\n]|#(?=#\w*\[)")
"""What `printable_json` looks at: little of a report."""


def printable_json(document: str) -> str:
    """The same for a document of JSON, whose values stay as they are.

    Halves of characters stay, too: bytes of a path that are not UTF-8 are made of them.
    """
    return _JSON.sub(_in_json, document)


def _in_json(found: re.Match[str]) -> str:
    if found[0] == "#":
        return r"\u0023"
    if found[0].isprintable() or "\ud800" <= found[0] <= "\udfff":
        return found[0]
    return json.dumps(found[0])[1:-1]


def _without_command(found: re.Match[str]) -> str:
    return r"\x23" if found[0] == "#" else rf"{found[1]}\x3a"
