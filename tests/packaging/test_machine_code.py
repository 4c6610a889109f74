"""What files say of themselves: the same from wherever it is known."""

from __future__ import annotations

import json
import os

from functools import partial
from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.elf.machine_code import Format
from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
from poetry_plugin_package_function.packaging.elf.machine_code import defines_init
from poetry_plugin_package_function.packaging.elf.machine_code import from_json
from poetry_plugin_package_function.packaging.elf.machine_code import machine_code
from poetry_plugin_package_function.packaging.elf.machine_code import (
    may_be_machine_code,
)
from poetry_plugin_package_function.packaging.elf.parts import within
from tests.packaging.elf_files import NEEDED
from tests.packaging.elf_files import RUNPATH
from tests.packaging.elf_files import elf
from tests.packaging.test_audit import MACH_O
from tests.packaging.test_audit import PE


if TYPE_CHECKING:
    from pathlib import Path


LIBRARY: Final = elf(
    said=[(NEEDED, "libgr\udcfc\xdf.so"), (RUNPATH, "$ORIGIN:/a")],
    versions={"libc.so.6": {"GLIBC_2.17": 0}},
)


def read(content: bytes) -> MachineCode | None:
    return machine_code(within(content))


@pytest.mark.parametrize(
    "content",
    [
        LIBRARY,
        elf(kind=2),
        LIBRARY[:80],
        MACH_O,
        PE,
    ],
)
@pytest.mark.parametrize("init", [None, True, False])
def test_what_is_kept_as_json(content: bytes, *, init: bool | None) -> None:
    """It is the same again, names that are no UTF-8 as well."""
    found = read(content)
    assert found is not None
    known = found._replace(defines_init=init)

    again = from_json(json.loads(json.dumps(known)))

    assert known == again
    assert hash(known) == hash(again)
    assert type(known.elf) is type(again.elf)
    assert isinstance(again.format, Format)


@pytest.mark.parametrize("content", [LIBRARY, PE, MACH_O, b"", b"MZ", b"text"])
def test_a_file_and_its_content(tmp_path: Path, content: bytes) -> None:
    """Both say the same, and so does a view of it."""
    path = tmp_path / "file"
    path.write_bytes(content)

    with path.open("rb", buffering=0) as file:
        found = machine_code(partial(os.pread, file.fileno()))

    assert found == read(content) == machine_code(within(content))


def test_the_function_of_a_module() -> None:
    """The whole name counts, as the table of symbols has it."""
    content = b"\0PyInit__fast\0PyInit_other\0"

    assert defines_init(content, "_fast")
    assert defines_init(content, "other")
    assert not defines_init(content, "fast")
    assert not defines_init(content, "oth")


@pytest.mark.parametrize(
    ("name", "size_bytes", "expected"),
    [
        ("a/_b.cpython-313-x86_64-linux-gnu.so", 4, True),
        ("liba.so.1", 9000, True),
        ("bin/tool", 9000, True),
        ("a.so", 3, False),
        ("a.py", 9000, False),
        ("liba.a", 9000, False),
        ("py", 9000, True),
    ],
)
def test_what_is_opened(name: str, size_bytes: int, *, expected: bool) -> None:
    """All but what ends as text and data do, and what is too small to be code."""
    assert expected == may_be_machine_code(name, size_bytes)
