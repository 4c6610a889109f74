"""Wheels of many small files, made here: to see what one file more costs."""

from __future__ import annotations

import base64
import hashlib
import random
import zipfile

from typing import TYPE_CHECKING
from typing import Final


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


FILES_PER_WHEEL: Final = 1000
_FILE_BYTES: Final = 1024
_NOUNS: Final = """
account amount batch client config cursor document event field filter handler index
item key limit message name object offset order page parser payload query reader record
region request response result schema session source state status stream table target
token topic value version window worker writer
"""
_WHEEL: Final = """\
Wheel-Version: 1.0
Generator: bench
Root-Is-Purelib: true
Tag: py3-none-any
"""


def write_wheels(directory: Path, files: int) -> list[str]:
    """Writes wheels with so many modules of 1 KB, the same each time; their names."""
    names = []
    for number in range(files // FILES_PER_WHEEL):
        name = f"synthetic_{number:02}"
        modules = {
            f"{name}/part_{part:02}/module_{module:02}.py": _module(
                random.Random(f"{number} {part} {module}")
            )
            for part in range(FILES_PER_WHEEL // 50)
            for module in range(50)
        }
        _write_wheel(directory, name, modules)
        names.append(name)
    return names


def _write_wheel(directory: Path, name: str, modules: Mapping[str, str]) -> None:
    info = f"{name}-1.0.dist-info"
    contents = {
        **modules,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": _WHEEL,
    }
    record = "".join(
        f"{path},sha256={_digest(text)},{len(text)}\n"
        for path, text in contents.items()
    )
    target = directory / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, text in contents.items():
            wheel.writestr(path, text)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _module(chance: random.Random) -> str:
    nouns = _NOUNS.split()
    text = "from __future__ import annotations\n"
    while len(text) < _FILE_BYTES:
        verb, noun, other, last = chance.sample(nouns, 4)
        text += (
            f"\n\ndef {verb}_{noun}({noun}, {other}=None):\n"
            f'    """Return the {last} of a {noun} for this {other}."""\n'
            f"    if {other} is None:\n"
            f"        {other} = {noun}.get_{last}({chance.randrange(10_000)})\n"
            f"    return {noun}.{verb}({other})\n"
        )
    return text[: _FILE_BYTES - 1] + "\n"  # nobody compiles it
