"""What `--help` shows, as wide as the terminal is."""

from __future__ import annotations

import sys

from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.configuration.options import ONLY_KEYS
from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of
from poetry_plugin_package_function.screen import columns_of
from poetry_plugin_package_function.screen import fitted


if TYPE_CHECKING:
    from collections.abc import Iterator


_INDENT: Final = "  "
_FEWEST: Final = 20
"""Beside what cleo writes in front of it: in fewer columns nothing is wrapped."""


def help_text(text: str) -> str:
    """Fits a command's help, and adds the keys that no command line has.

    Args:
        text: Paragraphs; what begins with blanks is an example, and stays as it is.
    """
    columns = columns_of(sys.stdout)
    room = None if columns is None else columns - len(_INDENT)  # which cleo writes
    keys = [f"{each.name}: {each.described()}" for each in ONLY_KEYS]
    paragraphs = [_paragraph(each, room) for each in text.rstrip().split("\n\n")]
    paragraphs.append("\n".join(line for each in keys for line in _key(each, room)))
    return "\n\n".join(paragraphs) + "\n"


def _paragraph(text: str, room: int | None) -> str:
    if text.startswith(_INDENT) or room is None:
        return text
    return "\n".join(fitted(" ".join(text.split()), room, others=""))


def _key(text: str, room: int | None) -> Iterator[str]:
    return fitted(f"{_INDENT}{text}", room)


def option_help(text: str, *, is_list: bool = False) -> str:
    """Fits the help of an option or argument, which cleo shows beside its name.

    Args:
        text: A sentence. cleo puts what follows a line break below it.
        is_list: Whether cleo adds that it can be given several times.
    """
    columns = columns_of(sys.stdout)
    room = 0 if columns is None else columns - _width_of_names()
    if room < _FEWEST:
        return text
    # In one word, so that there is room for it behind the last line, or below.
    added = "(multiple_values_allowed)" if is_list else ""
    lines = "\n".join(fitted(f"{text} {added}".rstrip(), room, others=""))
    return lines.removesuffix(added).rstrip(" ")


def _width_of_names() -> int:
    """How many columns cleo gives to the names, and to what is around them."""
    return 4 + max(
        len(f"-x, --{each.name}{f'={each.name}' if each.metavar else ''}")
        for each in options_of(Place.POETRY)
    )
