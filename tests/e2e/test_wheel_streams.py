"""Deflate streams come out of the wheels that the lock pins, on every machine."""

from __future__ import annotations

import json
import struct
import zipfile

from importlib.metadata import version
from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


TEXT = "# " + "a line of text, and another one\n" * 40
FILES = {
    "pyproject.toml": pep621(
        dependencies=(
            "six (==1.17.0)",
            "idna (==3.10)",
            "library @ ./library",
            "tiny @ ./tiny-1.0-py3-none-any.whl",
            "other @ ./other-1.0-py3-none-any.whl",
        )
    ),
    "my_app/__init__.py": "import six\n" + TEXT,
    # Two versions of poetry-core write other metadata.
    "library/pyproject.toml": pep621("library", ()).replace(
        '"poetry-core"', f'"poetry-core=={version("poetry-core")}"'
    ),
    "library/library.py": TEXT,
}


@pytest.fixture(scope="module")
def project(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels from the index and from files, code of the project's own, one built."""
    directory = write_files(tmp_path_factory.mktemp("streams"), FILES)
    for name in ("tiny", "other"):
        # Both have a file of one name, and not the same in it.
        make_wheel(
            directory, name, {f"{name}.py": TEXT, "shared.py": f"# {name}\n" + TEXT}
        )
    return poetry.lock(directory)


def raw(archive: Path) -> dict[str, tuple[int, bytes]]:
    """Method and compressed bytes of each member."""
    found = {}
    with zipfile.ZipFile(archive) as source, archive.open("rb") as file:
        for info in source.infolist():
            file.seek(info.header_offset)
            lengths = struct.unpack("<26x2H", file.read(30))
            file.seek(sum(lengths), 1)
            compressed = file.read(info.compress_size)
            found[info.filename] = (info.compress_type, compressed)
    return found


def test_streams_are_those_of_the_wheels(
    poetry: Poetry, project: Path, tmp_path: Path
) -> None:
    """The report names the wheels; what is built here has none."""
    cache = poetry.having(POETRY_CACHE_DIR=str(tmp_path / "cache"))
    archive, report = tmp_path / "f.zip", tmp_path / "report.json"
    options = ("--output", str(archive), "--report", str(report))
    cache.package(project, *options).well()

    wheels: dict[str, Any] = {
        each["name"]: each["wheel"]
        for each in json.loads(report.read_bytes())["distributions"]
    }
    from_wheels = {"idna", "six", "tiny", "other"}
    assert from_wheels == {name for name, wheel in wheels.items() if wheel}
    assert {"library", "my-app"} == wheels.keys() - from_wheels
    lock = (project / "poetry.lock").read_text()
    assert all(wheels[name] in lock for name in from_wheels)

    members = raw(archive)
    (six,) = (tmp_path / "cache" / "artifacts").rglob("six-*.whl")
    tiny = project / "tiny-1.0-py3-none-any.whl"
    assert raw(six)["six.py"] == members["six.py"]
    assert raw(tiny)["tiny.py"] == members["tiny.py"]
    # The last one by name has the file that two of them bring.
    assert raw(tiny)["shared.py"] == members["shared.py"]
    assert raw(tiny)["tiny.py"] != members["library.py"]


ZLIB_NG = """\
import sys

from zlib_ng import zlib_ng

sys.modules["zlib"] = zlib_ng
"""


def digests(
    machine: Poetry, project: Path, directory: Path, *runs: tuple[str, ...]
) -> list[str]:
    """What runs make on a machine whose cache is empty before the first of them."""
    archive = directory / "f.zip"
    own = machine.having(POETRY_CACHE_DIR=str(directory / "cache"))
    found = []
    for options in runs:
        own.package(project, "--output", str(archive), *options).well()
        found.append(sha256(archive))
    return found


@pytest.fixture
def with_zlib_ng(poetry: Poetry, tmp_path: Path) -> Poetry:
    """A Poetry that has zlib-ng in the place of zlib."""
    write_files(tmp_path / "zlib-ng", {"sitecustomize.py": ZLIB_NG})
    return poetry.having(PYTHONPATH=str(tmp_path / "zlib-ng"))


def test_two_compressors(
    poetry: Poetry, with_zlib_ng: Poetry, project: Path, tmp_path: Path
) -> None:
    """Empty caches, zlib and zlib-ng: one digest."""
    own = digests(poetry, project, tmp_path / "zlib", ())
    assert own == digests(with_zlib_ng, project, tmp_path / "ng", ())


@pytest.mark.large
def test_three_machines(
    *,
    poetry: Poetry,
    poetry_2_1: Poetry,
    with_zlib_ng: Poetry,
    project: Path,
    tmp_path: Path,
) -> None:
    """The newest Poetry and the oldest, zlib and zlib-ng, cold and warm: one digest."""
    machines = {"newest": poetry, "oldest": poetry_2_1, "zlib-ng": with_zlib_ng}
    found = [
        digest
        for name, machine in machines.items()
        for digest in digests(machine, project, tmp_path / name, (), ())
    ]
    assert 6 == len(found)
    assert 1 == len(set(found)), found
