"""Results are as large as expected: copied streams, changed files, bytecode."""

from __future__ import annotations

import zipfile

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deflate import deflate_compress

from poetry_plugin_package_function.packaging.archive.compression import LEVEL
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.settings import Settings
from tests.packaging.nested_trees import PROJECT
from tests.packaging.nested_trees import SIX
from tests.packaging.nested_trees import Files
from tests.packaging.nested_trees import Shipped
from tests.packaging.nested_trees import counted
from tests.packaging.nested_trees import lines
from tests.packaging.nested_trees import noise
from tests.packaging.nested_trees import shipped
from tests.packaging.nested_trees import write_archive
from tests.packaging.wheel_files import Part
from tests.packaging.wheel_files import build
from tests.packaging.wheel_files import installation
from tests.packaging.wheel_files import raw
from tests.trees import finished
from tests.trees import install
from tests.trees import make_project


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
    from poetry_plugin_package_function.packaging.result import Report
    from tests.packaging.wheel_files import Installation


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A tree of six units; see `SIX`."""
    return shipped(tmp_path_factory.mktemp("six"), SIX)


# -- streams out of wheels ----------------------------------------------------------


def package_with_wheel(
    installed: Installation,
    output: Path,
    limit_bytes: int,
    *,
    copied: bool = True,
) -> Report:
    """Packages a wheel and other files; the wheel is laid out if it is not copied."""
    project = read_project(make_project(output.parent / "project"))
    settings = Settings(
        output, layers_size_bytes=LAMBDA.unzipped_limit_bytes - limit_bytes
    )
    return finished(installed.venv if copied else installed.laid_out, project, settings)


def installed_beside(
    directory: Path, parts: list[Part], others: Mapping[str, Files]
) -> Installation:
    """A wheel, and beside it the project and others that are laid out."""
    found = installation(directory, build(parts))
    for name, files in {"my_app": PROJECT, **others}.items():
        install(found.venv, name, files)
        install(found.laid_out, name, files)
    return found


def test_copied_streams_are_counted_as_they_are(tmp_path: Path) -> None:
    """A stream of any level takes what it takes: the last byte is known before."""
    content = lines(9000)
    parts = [Part("demo/__init__.py", b""), Part("demo/text.txt", content, 1)]
    installed = installed_beside(tmp_path, parts, {})

    report = package_with_wheel(installed, tmp_path / "any.zip", 75_000)
    size_bytes = report.unzipped_bytes
    exact = package_with_wheel(installed, tmp_path / "exact.zip", size_bytes + 1)

    assert counted(report.output_file) == size_bytes == exact.unzipped_bytes
    assert report.output_file.read_bytes() == exact.output_file.read_bytes()
    assert report.nested is not None
    with zipfile.ZipFile(report.output_file) as outer:
        assert raw(content, 1) in outer.read(report.nested.archive)


def test_files_are_listed_of_what_is_not_copied(tmp_path: Path) -> None:
    """The same list whether flat or nested; nothing is copied at level 12."""
    parts = [Part("demo/__init__.py", b""), Part("demo/text.txt", lines(9000), 1)]
    installed = installed_beside(tmp_path, parts, {})
    flat = package_with_wheel(installed, tmp_path / "flat.zip", 600_000)
    nested = package_with_wheel(installed, tmp_path / "nested.zip", 75_000)
    smallest = nested
    while smallest.compression_level == nested.compression_level:
        smallest = package_with_wheel(
            installed, tmp_path / "smallest.zip", smallest.unzipped_bytes
        )
    listed = [
        {row.name: row.contents for row in report.distributions}
        for report in (flat, nested, smallest)
    ]

    assert ["flat", "nested", 5, 12] == [
        *(flat.layout, nested.layout),
        *(nested.compression_level, smallest.compression_level),
    ]
    for report in (flat, nested, smallest):
        for row in report.distributions:
            assert (row.wheel is None) == (row.contents is not None)
            assert row.contents is None or row.files == len(row.contents)
    assert None is listed[0]["demo"] is listed[1]["demo"]
    assert "demo/text.txt" in (listed[2]["demo"] or {})
    assert listed[0]["my-app"] == listed[1]["my-app"] == listed[2]["my-app"]


def test_the_same_bytes_with_and_without_wheels(tmp_path: Path) -> None:
    """Where a wheel has the streams that would be made here, nobody can tell."""
    contents = {"demo/__init__.py": lines(99), "demo/text.txt": lines(9000)}
    parts = [
        Part(name, each, stream=bytes(deflate_compress(each, LEVEL)))
        for name, each in contents.items()
    ]
    others: dict[str, Files] = {"text": {"text.py": lines(5000)}}
    installed = installed_beside(tmp_path, parts, others)

    for number, limit_bytes in enumerate([75_000, 90_000, 130_000]):
        one, other = (
            package_with_wheel(
                installed,
                tmp_path / f"{number}-{copied}.zip",
                limit_bytes,
                copied=copied,
            )
            for copied in (True, False)
        )
        assert one.nested is not None
        assert one.output_file.read_bytes() == other.output_file.read_bytes()
        assert _as_nested(one) == _as_nested(other)


def _as_nested(report: Report) -> list[tuple[ExtractionUnit, list[str]]]:
    """What is nested, wherever its content comes from."""
    assert report.nested is not None
    return [
        (replace(unit, entries=()), [entry.name for entry in unit.entries])
        for unit in report.nested.units
    ]


# -- bytecode -----------------------------------------------------------------------


def bytecode_of(ready: Shipped, content: bytes) -> tuple[Entry, ...]:
    """Makes what stands where bytecode of the packages does."""
    return tuple(
        Entry(
            entry.name.replace("__init__.py", "__pycache__/__init__.cpython-311.pyc"),
            BytesContent(content),
            len(content),
            distribution=entry.distribution,
        )
        for entry in ready.tree.entries
        if entry.name.endswith("__init__.py")
    )


def test_bytecode_goes_where_its_module_goes(six: Shipped) -> None:
    """It is a part of its unit, or of its tests, and counts like any other file."""
    bytecode = bytecode_of(six, lines(300))

    measured, _ = write_archive(six, 300_000, bytecode)

    assert measured.nested is not None
    assert bytecode == measured.job.bytecode
    units = measured.nested.units
    nested = {entry.name for each in units for entry in each.entries}
    for entry in bytecode:
        above, _, file = entry.name.rpartition("/__pycache__/")
        source = f"{above}/{file.partition('.')[0]}.py"
        assert (source in nested) is (entry.name in nested)
    assert nested & {entry.name for entry in bytecode}
    assert {entry.name for entry in bytecode} - nested


@pytest.mark.parametrize(
    ("content", "keep_flat"),
    [
        (lines(1000), ()),
        (lines(1000), ("text", "half")),
        (lines(1000), ("text", "half", "my-app")),
        (noise(500), ()),
    ],
)
def test_bytecode_makes_nothing_too_large(
    six: Shipped, content: bytes, keep_flat: tuple[str, ...]
) -> None:
    """What there is no room for is left out, if need be all of it.

    Nothing is compressed more for its sake.
    """
    wishing = six.wishing(keep_flat=keep_flat)
    bytecode = bytecode_of(six, content)
    least_bytes = wishing.nester.least_bytes(wishing.zipped_bytes)
    kept = set()

    for more_bytes in (*range(1, 700, 80), 3000, 9000, 30_000, 60_000):
        limit_bytes = least_bytes + more_bytes
        measured, _ = write_archive(wishing, limit_bytes, bytecode)
        assert {*measured.job.bytecode} <= {*bytecode}
        assert LEVEL == measured.level
        kept.add(len(measured.job.bytecode))
    assert 0 in kept
    assert len(kept) > 1


def test_the_smallest_bytecode_first(six: Shipped) -> None:
    """Of as many distributions as possible: whose is smaller is not left out first."""
    sizes_bytes = dict(zip(SIX, (4000, 100, 0, 900, 300, 2500, 1500), strict=True))
    bytecode = tuple(
        each._replace(content=BytesContent(noise(size_bytes)), size_bytes=size_bytes)
        for each in bytecode_of(six, b"")
        for size_bytes in [sizes_bytes.get(each.distribution or "", 6000)]
    )
    least_bytes = six.nester.least_bytes(six.zipped_bytes)
    kept = []

    for more_bytes in range(1, 12_000, 1500):
        measured, _ = write_archive(six, least_bytes + more_bytes, bytecode)
        kept.append({each.distribution or "" for each in measured.job.bytecode})

    in_order = ["text", "tiny", "coupled-too", "half", "coupled", "zeros", "my-app"]
    assert all({*in_order[: len(each)]} == each for each in kept)
    assert len({*map(len, kept)}) > 3


def test_as_much_bytecode_as_there_is_room_for(six: Shipped) -> None:
    """What is kept flat does not keep out the bytecode of what is nested."""
    wishing = six.wishing(keep_flat=("text", "half"))
    bytecode = bytecode_of(six, lines(1000))
    of_zeros = [each for each in bytecode if each.distribution == "zeros"]
    least_bytes = wishing.nester.least_bytes(wishing.zipped_bytes)
    limit_bytes = least_bytes + 20_000
    only_these, _ = write_archive(wishing, limit_bytes, tuple(of_zeros))
    assert 1 == len(only_these.job.bytecode)

    measured, _ = write_archive(wishing, limit_bytes, bytecode)

    assert 1 <= len(measured.job.bytecode)
