"""Real shared libraries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from functools import partial
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.elf.reader import read_elf
from poetry_plugin_package_function.packaging.native.libraries import Native
from poetry_plugin_package_function.packaging.tree.machine_code import machine_code_of


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from poetry_plugin_package_function.packaging.elf.values import Linkage
    from poetry_plugin_package_function.packaging.sources.entry import Entry


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


def linkage_of(path: Path) -> Linkage | None:
    """Reads what a library says to the dynamic linker."""
    with path.open("rb", buffering=0) as file:
        elf = read_elf(partial(os.pread, file.fileno()))
    return elf and elf.linkage


def native_of(entries: Sequence[Entry]) -> Native:
    """Reads what the libraries of a tree say."""
    return Native(entries, machine_code_of(entries))
