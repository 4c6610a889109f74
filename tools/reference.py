"""Writes docs/reference.md out of the table of options and the command's help."""

from __future__ import annotations

import re

from pathlib import Path

from poetry_plugin_package_function.command import PackageFunctionCommand
from poetry_plugin_package_function.options import Place
from poetry_plugin_package_function.options import options_of


TARGET = Path(__file__).parent.parent / "docs" / "reference.md"

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
        *_described(command().processed_help),
        "",
        "## Options",
        "",
        _BEFORE_OPTIONS,
        "",
    ]
    for option in sorted(options_of(Place.POETRY), key=lambda each: each.name):
        value = f" {option.metavar}" if option.metavar else ""
        names = (f"--{option.name}", *([f"-{option.short}"] if option.short else []))
        shown = ", ".join(f"`{name}{value}`" for name in names)
        often = " Can be given several times." if option.is_list else ""
        lines += [shown, f":   {option.described()}{often}", ""]
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
    TARGET.write_text(reference(), encoding="utf-8")
