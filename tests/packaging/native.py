"""Real shared libraries."""

from __future__ import annotations

import shutil
import subprocess
import sys

from typing import TYPE_CHECKING

import pytest


if TYPE_CHECKING:
    from pathlib import Path


needs_gcc = pytest.mark.skipif(
    shutil.which("gcc") is None or sys.platform != "linux",
    reason="there is no gcc that makes ELF files",
)


def importable(module: str) -> str:
    """A linker's option that gives a library the function that makes a module."""
    return f"-Wl,--defsym=PyInit_{module}=0"


def compiled(target: Path, *flags: str) -> Path:
    """Makes an object or a program that does nothing."""
    source = target.with_suffix(".c")
    source.write_text("void _start(void) {}\n")
    subprocess.run(["gcc", *flags, source, "-o", target], check=True)
    return target


def linked(library: Path, *arguments: str | Path) -> Path:
    """Makes a shared library that has no code."""
    library.parent.mkdir(parents=True, exist_ok=True)
    flags = ["-shared", "-fPIC", "-nostdlib", "-Wl,--no-as-needed", "-x", "c"]
    subprocess.run(
        ["gcc", *flags, "/dev/null", "-x", "none", *arguments, "-o", library],
        check=True,
    )
    return library
