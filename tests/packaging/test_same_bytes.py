"""The bytes of archives, for each layout and option, stay what they have been.

The digests are those of archives that were made of the same wheels before wheels were
packaged unopened: laid out by pypa/installer, with the pinned ones beside them.
libdeflate is pinned, and zlib has no part in them, so they hold on every machine.
The loader is in the nested ones: who changes it renews those, and no other.
"""

from __future__ import annotations

import csv
import hashlib
import io
import platform
import random
import sys

from typing import TYPE_CHECKING
from typing import Any
from typing import Final
from typing import NamedTuple

import pytest

from deflate import deflate_compress

from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


LIMIT_BYTES: Final = 262_144_000
PYTHON: Final = "3.11"


def noise(size_bytes: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def lines(count: int, seed: int = 0) -> bytes:
    return b"".join(b"line %d of %d\n" % (number, seed) for number in range(count))


class Recipe(NamedTuple):
    """A wheel's files, what it requires, and whether a lock pins it."""

    files: dict[str, bytes]
    requires: str = ""
    is_pinned: bool = True


WHEELS: Final = {
    "my_app": Recipe(
        {
            "my_app/__init__.py": b"from my_app import api\n",
            "my_app/api.py": b"import text\n" * 40,
            "my_app/words.txt": lines(5000, 7),
        },
        "boto3 text noise",
        is_pinned=False,
    ),
    "boto3": Recipe({"boto3/__init__.py": lines(40)}, "botocore"),
    "botocore": Recipe({"botocore/__init__.py": lines(50)}, "urllib3"),
    "urllib3": Recipe({"urllib3/__init__.py": lines(60)}),
    "text": Recipe(
        {
            "text/__init__.py": lines(10),
            "text/data.txt": lines(20_000),
            "text/tests/__init__.py": b"",
            "text/tests/expected.txt": lines(9000, 1),
            "text_1.0.data/purelib/text/moved.py": lines(30),
            "text-1.0.data/purelib/text/added.py": lines(30),
            "text-1.0.data/scripts/text": b"#!python\nimport text\n",
            "text-1.0.data/headers/text.h": b"int text;\n",
            "text-1.0.data/data/share/text.txt": lines(3),
        }
    ),
    "noise": Recipe(
        {
            "noise/__init__.py": b"a = 1\n",
            "noise/data.bin": noise(90_000, 1),
            "noise/packed.gz": b"\x1f\x8b\x08" + noise(5000, 2),
            "noise/tool": lines(20),
            "größe.txt": lines(5),
        },
        is_pinned=False,
    ),
    "one": Recipe({"shared/__init__.py": b"a = 1\n", "shared/one.py": lines(40, 3)}),
    "two": Recipe({"shared/__init__.py": b"b = 2\n", "shared/two.py": lines(40, 4)}),
}


def wheel(name: str, recipe: Recipe) -> bytes:
    """Makes a wheel with streams that zlib has no part in."""
    info = f"{name}-1.0.dist-info"
    requires = "".join(f"Requires-Dist: {each}\n" for each in recipe.requires.split())
    files = {
        **recipe.files,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n{requires}"
        ).encode(),
        f"{info}/WHEEL": (
            b"Wheel-Version: 1.0\nGenerator: by-hand 1\nRoot-Is-Purelib: true\n"
            b"Tag: py3-none-any\n"
        ),
    }
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows((each, "", "") for each in (*files, f"{info}/RECORD"))
    files[f"{info}/RECORD"] = text.getvalue().encode()
    return build(
        [
            Part(
                path,
                content,
                stream=bytes(deflate_compress(content, 7)),
                executable=path.endswith(("/tool", "/text")),
            )
            for path, content in files.items()
        ],
        record=False,
    )


class Case(NamedTuple):
    """Options: a table of pyproject.toml, and those of the command line."""

    table: str = ""
    flags: Mapping[str, Any] = {}


def fitting(size_bytes: int, table: str = "", **flags: Any) -> Case:
    """Options with which no more fits than that."""
    return Case(table, {"layers-size": str(LIMIT_BYTES - size_bytes), **flags})


INCLUDE: Final = (
    'include = ["extra/**/*.json", {include = "*.py", from = "src", to = "lib"}]'
)

CASES: Final = {
    "flat": Case(),
    "exclude": Case('exclude = ["tests/", "*.gz", "!/noise"]'),
    "include": Case(INCLUDE),
    "exclude-provided": Case('runtime = "python3.11"\nexclude-provided = true'),
    "layer": Case(flags={"layer": True}),
    "layer-only": Case(flags={"layer-only": True}),
    "nested": fitting(400_000),
    "nested more": fitting(250_000),
    "nested eagerly": fitting(250_000, eager=True),
    "keep-flat": fitting(610_000, 'keep-flat = ["text"]'),
    "nest": fitting(400_000, 'nest = ["noise"]'),
    "level 12": fitting(200_600),
    "compiled": Case(flags={"compile": True}),
    "compiled and nested": fitting(400_000, compile=True),
}


DIGESTS: Final = {
    "flat": {
        "my-app.zip": (
            "d9abc9001441ce7bf196581f7969d4bded26f56483073d8817aaf31d6b105a29"
        ),
    },
    "exclude": {
        "my-app.zip": (
            "eba4d71f1f59e14024b538d7987bef6446e065b24bdfd884333925c7ffd2a7d0"
        ),
    },
    "include": {
        "my-app.zip": (
            "1086e9c095b7e958aeb366fb1b2b0f5f65606c083222d06504cccd11a7c0c9f2"
        ),
    },
    "exclude-provided": {
        "my-app.zip": (
            "8e2d7e9f407f1ab0b9b3b24c545aa8f482f3796843d9daa1a5198a24e99952a0"
        ),
    },
    "layer": {
        "my-app-layer.zip": (
            "236ddc74951e53c3dfa0acc2b45e45a33cb4c53fcd91766c6b003be7923485ea"
        ),
        "my-app.zip": (
            "22dedd10a2aa4061926227d7fb655e297da1c997886ea5424b4821bb731de81b"
        ),
    },
    "layer-only": {
        "my-app.zip": (
            "236ddc74951e53c3dfa0acc2b45e45a33cb4c53fcd91766c6b003be7923485ea"
        ),
    },
    "nested": {
        "my-app.zip": (
            "6f2fa7f370443b69c94579f18051e761052766495cbe84b29bce5ec1f9d0f2a4"
        ),
    },
    "nested more": {
        "my-app.zip": (
            "9a38445f2a14c5b9ffb40a0d6a98f407359c55bf8d2311ba99beaf04003100eb"
        ),
    },
    "nested eagerly": {
        "my-app.zip": (
            "5cc4a247c29f23c993efffdf9ae23cc576844eb9e8fdb8dfc08dca2cbebeea84"
        ),
    },
    "keep-flat": {
        "my-app.zip": (
            "2a02510956896c7523b00d9a243dc3eb237dba20847124edf8e7b6169feee0d3"
        ),
    },
    "nest": {
        "my-app.zip": (
            "afe575cf3471a3c29c87b4ca6493866b229e8323c712b0fecc3f5f01404ed870"
        ),
    },
    "level 12": {
        "my-app.zip": (
            "f4a0a9bb9a416b07a744007f64a1f8760f8aee3f588bfe3214100ec3292dbf19"
        ),
    },
    "compiled by Python 3.11.7": {
        "my-app.zip": (
            "932992df497a8edf4e5d3f1ef07b67975785e7e2974082a2623947104706025c"
        ),
    },
    "compiled and nested by Python 3.11.7": {
        "my-app.zip": (
            "20fd5341a32826fede411bb322ed41ac743ff3dfb3d4f16d2416d9981930a18d"
        ),
    },
}
"""SHA-256 of what is written, by its name."""


def make(directory: Path, case: Case) -> tuple[Path, Path]:
    """Makes a project and an environment with all wheels unopened."""
    venv = make_venv(directory / "venv", python=PYTHON)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(sys.executable)
    for name, recipe in WHEELS.items():
        data = wheel(name, recipe)
        path = directory / f"{name}-1.0-py3-none-any.whl"
        path.write_bytes(data)
        pin = f"sha256:{hashlib.sha256(data).hexdigest()}"
        put(venv, path, pin if recipe.is_pinned else None)
    pyproject = make_project(directory / "project", "my-app", case.table)
    write_files(
        pyproject.parent,
        {"extra/a/b.json": "{}", "extra/c.txt": "", "src/added.py": "a = 1\n"},
    )
    return venv, pyproject


@pytest.mark.parametrize("name", CASES)
def test_same_bytes(tmp_path: Path, name: str) -> None:
    """Archives are what they were, to the last byte."""
    case = CASES[name]
    key = name
    if "compiled" in name:
        key = f"{name} by Python {platform.python_version()}"
        if key not in DIGESTS:
            pytest.skip("another Python makes other bytecode")
    venv, pyproject = make(tmp_path, case)
    output = tmp_path / "out" / "my-app.zip"

    package_venv(venv, pyproject, output, **case.flags)

    assert DIGESTS[key] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(output.parent.iterdir())
    }
