"""Whatever a wheel is like, it is refused, or what is packaged is what is installed."""

from __future__ import annotations

import random

from typing import TYPE_CHECKING
from typing import Final

import pytest

from tests.fuzz.mutants import damaged
from tests.fuzz.time_limit import time_limit
from tests.packaging.lying_wheels import hold_against_zipfile
from tests.packaging.wheel_files import DATA
from tests.packaging.wheel_files import INFO
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build


if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


NOISE: Final = random.Random(1).randbytes(500)
FILES: Final = [
    Part("demo/__init__.py", b"import os\n\nname = 'value'\n" * 9),
    Part("demo/noise.bin", NOISE, None),
    Part("demo/tool", b"#!/bin/sh\n" * 9, executable=True, descriptor=True),
    Part("demo.pth", b"import demo\n./demo\n"),
    Part(f"{DATA}/scripts/demo", b"#!python\nimport demo\n"),
    Part(f"{DATA}/platlib/demo/text.txt", b"a line of text\n" * 20, zip64=True),
]
METADATA: Final = {
    "METADATA": b"Metadata-Version: 2.4\nName: demo\nVersion: 1.0\n"
    b"Requires-Python: >=3.8\nRequires-Dist: other>=1; extra == 'more'\n"
    b"Provides-Extra: more\nLicense-File: LICENSE\n\nText. Text. Text.\n",
    "WHEEL": b"Wheel-Version: 1.0\nGenerator: by-hand 1\nRoot-Is-Purelib: true\n"
    b"Tag: py3-none-any\n",
    "entry_points.txt": b"[console_scripts]\ndemo = demo:main\n[a]\na = demo:b [c]\n",
    "top_level.txt": b"demo\n",
    "RECORD": "".join(f"{part.name},,\n" for part in FILES).encode()
    + b"".join(
        f"{INFO}/{name},,\n".encode()
        for name in ("METADATA", "WHEEL", "entry_points.txt", "top_level.txt", "RECORD")
    ),
}


PARTS: Final = [
    *FILES,
    *(Part(f"{INFO}/{name}", content) for name, content in METADATA.items()),
]
SOUND: Final = build(PARTS, record=False)


def hold(tmp_path: Path, wheels: Iterable[bytes]) -> list[bool]:
    """Holds wheels against `zipfile`; returns which of them can be installed."""
    held = []
    for number, each in enumerate(wheels):
        directory = tmp_path / str(number)
        directory.mkdir()
        with time_limit(60):
            held.append(hold_against_zipfile(directory, each))
    return held


@pytest.mark.filterwarnings("ignore")
def test_damaged_wheels(tmp_path: Path) -> None:
    """Wherever it is damaged."""
    held = hold(tmp_path, [SOUND, *damaged(SOUND, seed=2, count=90)])

    assert held[0]
    assert {True, False} == {*held[1:]}


@pytest.mark.parametrize(
    "name", [*(f"{INFO}/{each}" for each in METADATA), "demo.pth", "demo/__init__.py"]
)
@pytest.mark.filterwarnings("ignore")
def test_damaged_files_in_sound_wheels(tmp_path: Path, name: str) -> None:
    """What has been damaged before the wheel was made: checksums are right."""
    (at,) = (at for at, part in enumerate(PARTS) if part.name == name)
    wheels = [
        build([*PARTS[:at], Part(name, mutant), *PARTS[at + 1 :]], record=False)
        for mutant in damaged(PARTS[at].content, seed=3, count=20)
    ]

    assert True in hold(tmp_path, wheels)
