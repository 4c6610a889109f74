"""Over Lambda's limit with real distributions, and its small sibling."""

from __future__ import annotations

import json
import shutil

from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.megabytes import megabytes
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.projects import sha256
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


PYPROJECT = pep621(
    "data-frames",
    (),
    project="\n[dependency-groups]\n"
    'large = ["pandas (>=2.3,<3.0)", "pyarrow (>=20)"]\n'
    'small = ["markupsafe (>=3,<4)"]\n',
)
LARGE = """\
import tempfile

import pandas
import pyarrow
from pyarrow import parquet

def handler(event, context):
    frame = pandas.DataFrame({"n": range(event["n"]), "text": "x"})
    with tempfile.TemporaryFile() as file:
        parquet.write_table(pyarrow.Table.from_pandas(frame), file)
        file.seek(0)
        read = parquet.read_table(file).to_pandas()
    return {"sum": int(read["n"].sum()), "same": bool(frame.equals(read))}
"""
SMALL = """\
from importlib.metadata import version

from markupsafe import _speedups, escape

def handler(event, context):
    return {"text": str(escape(event["text"])), "version": version("markupsafe")[:1]}
"""


@pytest.fixture(scope="module")
def locked(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One project with a handler for each of its groups."""
    directory = tmp_path_factory.mktemp("large")
    write_files(
        directory,
        {
            "pyproject.toml": PYPROJECT,
            "data_frames/__init__.py": "",
            "data_frames/large.py": LARGE,
            "data_frames/small.py": SMALL,
        },
    )
    return poetry.lock(directory)


def test_pandas_and_pyarrow_are_nested_and_answer(
    poetry: Poetry, locked: Path, client_python: Path, tmp_path: Path
) -> None:
    """Both work out of /tmp, and the console says what has to be known of it."""
    archive = tmp_path / "f.zip"
    report_file = tmp_path / "report.json"
    # Not each of the wheels is for Amazon Linux 2, as python3.11 has it.
    options = ("--output", str(archive), "--report", str(report_file))
    target = ("--platform", "host")
    done = poetry.package(locked, "--with", "large", *options, *target).well()
    report = json.loads(report_file.read_text())
    assert report["uncompressed_bytes"] >= report["limit_bytes"]
    assert report["unzipped_bytes"] < report["limit_bytes"]
    assert report["nested_zip"]
    assert sha256(archive) == report["code_sha256"]
    assert "Layout      nested" in done.stdout
    nested = {
        name for unit in report["nested"]["units"] for name in unit["distributions"]
    }
    assert nested
    assert nested < {each["name"] for each in report["distributions"]}
    assert report["unzipped_bytes"] > 0.9 * report["limit_bytes"]
    over_50_mb = archive.stat().st_size > 50_000_000
    assert over_50_mb == ("uploaded through S3" in done.stderr)
    answered = answer(archive, "data_frames.large.handler", client_python, {"n": 1000})
    assert {"sum": 499_500, "same": True} == answered


def test_what_is_nested_and_when_it_is_extracted_can_be_told(
    poetry: Poetry, locked: Path, client_python: Path, tmp_path: Path
) -> None:
    """`nest` in the table, `--eager` and `-v` on the command line, with bytecode."""
    report_file = tmp_path / "report.json"
    project = tmp_path / "project"
    shutil.copytree(locked, project)
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.poetry-plugin-package-function]\n")
        file.write('nest = ["pytz", "PyArrow"]\nkeep-flat = ["numpy"]\n')
    archive = tmp_path / "f.zip"
    options = ("--output", str(archive), "--report", str(report_file))
    flags = ("--eager", "--compile", "-v", "--platform", "host")
    done = poetry.package(project, "--with", "large", *options, *flags).well()
    (unit,) = json.loads(report_file.read_text())["nested"]["units"]
    assert {"pyarrow", "pytz"} <= set(unit["distributions"])
    assert "numpy" not in unit["distributions"]
    assert unit["at_init"]
    assert "Nested      pyarrow, pytz" in done.stdout
    assert (
        f"{megabytes(unit['extracted_bytes'])}, when the function starts" in done.stdout
    )
    answered = answer(archive, "data_frames.large.handler", client_python, {"n": 1000})
    assert {"sum": 499_500, "same": True} == answered


def test_its_small_sibling_is_flat_and_answers(
    poetry: Poetry, locked: Path, client_python: Path, tmp_path: Path
) -> None:
    """A native library that is loaded from the read-only task directory."""
    archive = tmp_path / "f.zip"
    poetry.package(locked, "--with", "small", "--output", str(archive)).well()
    assert any("_speedups" in name for name in names_in(archive))
    answered = answer(
        archive, "data_frames.small.handler", client_python, {"text": "<"}
    )
    assert {"text": "&lt;", "version": "3"} == answered
