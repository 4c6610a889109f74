"""The machine code of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.elf.machine_code import machine_code
from poetry_plugin_package_function.packaging.elf.machine_code import (
    may_be_machine_code,
)
from poetry_plugin_package_function.packaging.elf.parts import within
from poetry_plugin_package_function.packaging.elf.parts import within_file
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import ZipMember
from poetry_plugin_package_function.packaging.sources.content import unreadable


if TYPE_CHECKING:
    from collections.abc import Iterable

    from poetry_plugin_package_function.packaging.elf.machine_code import MachineCode
    from poetry_plugin_package_function.packaging.sources.content import Content
    from poetry_plugin_package_function.packaging.sources.entry import Entry


def machine_code_of(entries: Iterable[Entry]) -> dict[str, MachineCode]:
    """Finds what the machine code among files says, by their names.

    Of a file on the disk a few kilobytes are read; what is in wheels is known.

    Raises:
        SourceError: A file cannot be read.
    """
    return {
        entry.name: found
        for entry in entries
        if may_be_machine_code(entry.name, entry.size_bytes)
        and (found := _read(entry.content)) is not None
    }


def _read(content: Content) -> MachineCode | None:
    match content:
        case BytesContent(data):
            return machine_code(within(data))
        case ZipMember():
            return content.code
        case FileContent(path):
            return _read_file(path)


def _read_file(path: str) -> MachineCode | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return machine_code(within_file(file))
    except OSError as error:
        raise unreadable(path, error) from None
