"""Writes docs/reference.md, and the table of options in docs/usage.md.

Both are made of the table of options and the command's definition.
"""

from __future__ import annotations

import re

from pathlib import Path

from poetry_plugin_package_function.command import PackageFunctionCommand
from poetry_plugin_package_function.configuration.options import ONLY_KEYS
from poetry_plugin_package_function.configuration.options import Option
from poetry_plugin_package_function.configuration.options import Place
from poetry_plugin_package_function.configuration.options import options_of


DOCS = Path(__file__).parent.parent / "docs"
REFERENCE = DOCS / "reference.md"
USAGE = DOCS / "usage.md"
TABLE = re.compile(
    r"(<!-- Written by `make reference`: .*? -->\n).*?(?=\n<!-- End -->)", re.DOTALL
)

_BEFORE_OPTIONS = (
    "What most of them mean in full is in [configuration](configuration.md): they are"
    " keys in `pyproject.toml`, too. Poetry's own, such as `-q`, `-v` and"
    " `--directory`, work as everywhere."
)


_FAILED = (
    "Something went wrong, something is larger than its budget, or with `--strict`"
    " there is a warning: what was there before is untouched."
)


def reference() -> str:
    """Makes the text of the page."""
    command = PackageFunctionCommand
    described = command.description[0].lower() + command.description[1:]
    lines = [
        f"# poetry {command.name}",
        "",
        "<!-- Written by `make reference`; a test holds it against the command. -->",
        "",
        "## Name",
        "",
        f"`poetry {command.name}`: {described}",
        "",
        "## Synopsis",
        "",
        f"`poetry {command.name} [options] [functions]`",
        "",
        "## Description",
        "",
        *_described(command.help.format()),
        "",
    ]
    for option in ONLY_KEYS:
        lines += [f"`{option.name}`", f":   {option.described()}", ""]
    lines += ["## Arguments", ""]
    for argument in command.arguments:
        lines += [f"`{argument.name}`", f":   {argument.description}", ""]
    lines += [
        "## Options",
        "",
        _BEFORE_OPTIONS,
        "",
    ]
    for option in sorted(options_of(Place.POETRY), key=lambda each: each.name):
        often = " Can be given several times." if option.is_list else ""
        lines += [_typed(option), f":   {option.described()}{often}", ""]
    lines += [
        "## Exit status",
        "",
        "0",
        ":   The archive is written, or would be, with `--dry-run`.",
        "",
        "1",
        f":   {_FAILED}",
        "",
        "2",
        ":   Options or settings are wrong: nothing has been begun.",
        "",
        "3",
        ":   As 0, but stdout did not take what `--format` prints.",
        "",
        "129, 130, 143",
        ":   Stopped by SIGHUP, SIGINT or SIGTERM: what had been written is named.",
        "",
    ]
    return "\n".join(lines)


def _typed(option: Option) -> str:
    value = f" {option.metavar}" if option.metavar else ""
    names = (f"--{option.name}", *([f"-{option.short}"] if option.short else []))
    return ", ".join(f"`{name}{value}`" for name in names)


def options_table() -> str:
    """Makes the table of options in docs/usage.md, in the order of help."""
    rows = ["| option | meaning | key |", "|---|---|---|"]
    for option in (*options_of(Place.POETRY), *ONLY_KEYS):
        is_key = Place.TABLE in option.places
        key = f"[`{option.name}`](configuration.md#{option.name})" if is_key else ""
        typed = "" if option in ONLY_KEYS else _typed(option)
        rows.append(f"| {typed} | {option.described()} | {key} |")
    return "\n".join(rows)


def usage(text: str) -> str:
    """Puts the table of options into the text of docs/usage.md."""
    return TABLE.sub(lambda found: f"{found[1]}\n{options_table()}\n", text)


def _described(help_text: str) -> list[str]:
    """Turns the help of the console into Markdown: examples are code."""
    plain = re.sub(r"<(?:comment|c\d)>(.*?)</[a-z\d]*>", r"`\1`", help_text.strip())
    paragraphs = re.split(r"\n\n+", plain)
    found = []
    for paragraph in paragraphs:
        text = re.sub(r"</?(?:info)?>", "", paragraph)
        if text.startswith("  "):
            found += ["```console", f"$ {text.strip()}", "```", ""]
        else:
            found += [" ".join(text.split()), ""]
    return found[:-1]


if __name__ == "__main__":
    REFERENCE.write_text(reference(), encoding="utf-8")
    USAGE.write_text(usage(USAGE.read_text(encoding="utf-8")), encoding="utf-8")
