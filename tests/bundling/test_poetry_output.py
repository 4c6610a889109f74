"""What Poetry and the bundle plugin write is parsed as what it means."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from pathlib import Path

import pytest

from poetry_plugin_package_function.bundling.poetry_output import PoetryOutput


@dataclass
class Heard:
    """A listener that remembers."""

    phases: list[str] = field(default_factory=list)
    operations: list[tuple[str, int, int]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def phase(self, text: str) -> None:
        self.phases.append(text)

    def operation(self, text: str, number: int, total: int) -> None:
        self.operations.append((text, number, total))

    def installed(self, size_bytes: int) -> None:
        """Not by what is written."""

    def warning(self, text: str) -> None:
        self.warnings.append(text)


USUAL = """\
  <fg=blue;options=bold>•</> Bundling <c1>my-app</c1> (<b>1.0</b>) into <c2>/v</c2>
  <fg=blue;options=bold>•</> Bundling <c1>my-app</c1> (<b>1.0</b>) into <c2>/v</c2>: \
<info>Creating a virtual environment using Poetry-determined Python
  <fg=blue;options=bold>•</> Bundling <c1>my-app</c1> (<b>1.0</b>) into <c2>/v</c2>: \
<info>Installing dependencies</info>
Installing dependencies from lock file

<b>Package operations</>: <info>2</> installs, <info>1</> update, <info>0</> removals

  <fg=blue;options=bold>-</> <fg=default>Installing <c1>six</c1> (<c2>1.17.0</c2>)</>
  <fg=blue;options=bold>-</> <fg=default>Updating <c1>toml</c1> (<c2>1</c2> \
-> <c2>2</c2>)</>
  <fg=blue;options=bold>-</> <fg=default>Installing <c1>idna</c1> (<c2>3</c2>)</>
  <fg=blue;options=bold>•</> Bundling <c1>my-app</c1> (<b>1.0</b>) into <c2>/v</c2>: \
<info>Skipping installation for non package project</info>
  <fg=green;options=bold>•</> <success>Bundled</success> <c1>my-app</c1> (1.0) into /v
"""


@pytest.mark.parametrize("python", [None, Path("/bin/python3")])
def test_a_usual_run(python: Path | None) -> None:
    """Phases and operations, without markup; nothing of it is left over.

    An interpreter that is known is shown, as if Poetry had been given it.
    """
    heard = Heard()
    io = PoetryOutput(heard, python)
    for line in USUAL.splitlines():
        io.write_line(line)

    which = f"Python {python}" if python else "Poetry-determined Python"
    assert [
        f"Creating a virtual environment using {which}",
        "Installing dependencies",
    ] == heard.phases
    assert [
        ("Installing six (1.17.0)", 1, 3),
        ("Updating toml (1 -> 2)", 2, 3),
        ("Installing idna (3)", 3, 3),
    ] == heard.operations
    assert [] == io.unrecognized()


def test_lines_may_come_in_parts() -> None:
    """Poetry writes some of them so, from several threads."""
    heard = Heard()
    io = PoetryOutput(heard)

    io.write("  - Installing six ")
    assert [] == heard.operations
    io.write("(1.17.0)\n  - Removing to")
    io.write("ml (1)\n")

    expected = [("Installing six (1.17.0)", 1, 0), ("Removing toml (1)", 2, 0)]
    assert expected == heard.operations


def test_numbers_begin_anew_with_each_list() -> None:
    heard = Heard()
    io = PoetryOutput(heard)
    for name in ("six", "toml"):
        io.write_line("Package operations: 1 install, 0 updates, 0 removals")
        io.write_line(f"  - Installing {name} (1)")

    assert [(1, 1), (1, 1)] == [each[1:] for each in heard.operations]


def test_what_is_neither_is_kept_for_the_error() -> None:
    """The builder's own words, with nothing of Poetry's markup in them."""
    io = PoetryOutput(Heard())
    io.write_line("")
    io.write_line("  <fg=red;options=bold>-</> <error>Failed</error> of \\<flux>")
    io.write_line("<warning>see [docs]</warning>, <c1_dark>or</> <debug>ask</debug>")
    io.write_line("")

    assert ["- Failed of <flux>", "see [docs], or ask"] == io.unrecognized()


def test_errors_are_warnings() -> None:
    """What Poetry writes to stderr while all goes well."""
    heard = Heard()
    io = PoetryOutput(heard)
    io.write_error_line("<warning>The lock is old.</warning>\n\n  Make it anew.")

    assert ["The lock is old.", "Make it anew."] == heard.warnings
    assert [] == io.unrecognized()


def test_the_bundle_plugin_shows_all_in_debug_mode_only() -> None:
    assert PoetryOutput(Heard()).is_debug()
