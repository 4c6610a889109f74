from __future__ import annotations

import base64
import hashlib
import json
import time

from dataclasses import replace
from importlib import resources
from pathlib import Path

import jsonschema
import pytest

from poetry_plugin_package_function.packaging.nested import NestedUnit
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.scan import Entry
from poetry_plugin_package_function.packaging.scan import EntryModule
from poetry_plugin_package_function.packaging.service import Compiled
from poetry_plugin_package_function.packaging.service import Report
from poetry_plugin_package_function.packaging.writing import Nested
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.progress import Meter
from poetry_plugin_package_function.report.text import details
from poetry_plugin_package_function.report.text import summary
from poetry_plugin_package_function.report.text import warnings


MB = 1_000_000

REPORT = Report(
    output_file=Path("/x/my_app.zip"),
    distribution_name="my_app",
    layout=Layout.FLAT,
    output_bytes=31 * MB,
    uncompressed_bytes=78 * MB,
    compressed_bytes=31 * MB,
    unzipped_bytes=78 * MB,
    limit_bytes=262_144_000,
    layers_size_bytes=0,
    files=3907,
    sha256=hashlib.sha256(b"").hexdigest(),
    python="3.13",
    source_date_epoch=315_532_800,
    compressor="deflate 0.9.0",
    compression_level=5,
    entry_modules=("my_app",),
    distributions=(DistributionSize("six", "1.17.0", 1, 10, 5),),
    left_out=(),
    nested=None,
)


def unit(
    size_bytes: int, *names: str, tests: bool = False, at_init: bool = False
) -> NestedUnit:
    return NestedUnit(
        names,
        (Entry(f"{names[0]}/__init__.py", b"", size_bytes),),
        (EntryModule(names[0], is_package=True),),
        tests=tests,
        at_init=at_init,
        needs=(),
        why="it saves the most for what is extracted",
        size_bytes=size_bytes,
        tmp_bytes=-(-size_bytes // 4096) * 4096,
    )


def nested(*units: NestedUnit) -> Nested:
    return Nested("my_app/.dependencies.zip", "0" * 64, units)


NESTED = replace(
    REPORT,
    layout=Layout.NESTED,
    uncompressed_bytes=300 * MB,
    unzipped_bytes=84 * MB,
    nested=nested(
        unit(100 * MB, "scipy"),
        unit(200 * MB, "numpy", "pandas"),
        unit(30 * MB, "pandas", tests=True),
    ),
    distributions=(DistributionSize("", "", 1, 10, 5),),
    python=None,
)

SCHEMA = json.loads(
    resources.files("poetry_plugin_package_function.report")
    .joinpath("schema.json")
    .read_text(encoding="utf-8")
)


@pytest.mark.parametrize("report", [REPORT, NESTED])
def test_json_is_as_the_schema_says(report: Report) -> None:
    """The schema that ships is valid itself and fits flat and nested reports."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(as_json(report)), SCHEMA)


def test_the_schema_describes_all_fields() -> None:
    """No field is without a description or beside the schema."""
    document = json.loads(as_json(NESTED))

    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    assert document["distributions"][0]["name"] is None


def test_the_fields_of_the_reference_keep_their_meaning() -> None:
    """package-python-function 1.0.0 wrote these six."""
    document = json.loads(as_json(NESTED))

    assert {
        "output_file": "/x/my_app.zip",
        "distribution_name": "my_app",
        "output_bytes": 31 * MB,
        "uncompressed_bytes": 300 * MB,
        "compressed_bytes": 31 * MB,
        "nested_zip": True,
    }.items() <= document.items()


def test_paths_that_are_not_utf8() -> None:
    """A report can be written for any path."""
    report = replace(REPORT, output_file=Path("/x/\udcff.zip"))
    assert b"/x/\xff.zip" in as_json(report)


def test_summary_flat() -> None:
    """File, layout, sizes against the limit, the hash that Lambda knows, time."""
    lines = dict(summary(REPORT, 3.14))

    assert {
        "File": "/x/my_app.zip",
        "Layout": "flat, 3,907 files",
        "Unzipped": "78,000,000 bytes, 29.8% of the 262,144,000 that Lambda allows",
        "Zipped": "31,000,000 bytes",
        "SHA-256": base64.b64encode(hashlib.sha256(b"").digest()).decode()
        + " (CodeSha256, source_code_hash)",
        "Took": "3.1 s",
    } == lines


def test_summary_nested_with_layers_and_seeds() -> None:
    """What is extracted, what is kept for layers and what was left out is said."""
    report = replace(
        NESTED, layers_size_bytes=MB, limit_bytes=261_144_000, left_out=("pip",)
    )
    lines = dict(summary(report, 1))

    assert "300,000,000 bytes are extracted into /tmp as they" in lines["Layout"]
    assert "numpy, pandas, scipy; tests of pandas" == lines["Nested"]
    assert lines["Unzipped"].endswith("allows, with 1,000,000 kept for layers")
    assert "pip: nothing requires them" == lines["Left out"]


def test_summary_of_what_is_extracted_at_once() -> None:
    """It is said when that is; where only tests are nested, that is said, too."""
    at_once = replace(NESTED, nested=nested(unit(MB, "numpy", at_init=True)))
    lines = dict(summary(at_once, 1))
    assert lines["Layout"].endswith("into /tmp when the function starts")

    only_tests = replace(NESTED, nested=nested(unit(MB, "numpy", tests=True)))
    lines = dict(summary(only_tests, 1))
    assert "tests of numpy" == lines["Nested"]
    assert ": 0 bytes are extracted" in lines["Layout"]


def test_details() -> None:
    """Each unit is named with its size and why it is nested."""
    report = replace(
        REPORT,
        nested=nested(unit(MB, "numpy", at_init=True), unit(MB, "a", "b", tests=True)),
        bytecode=Compiled("3.13.1", 1, 1, ("x.py",), ()),
    )
    why = "it saves the most for what is extracted"
    assert [
        f"Nested: numpy, 1,000,000 bytes, when the function starts: {why}",
        f"Nested: tests of a, b, 1,000,000 bytes: {why}",
        "1 file does not compile: x.py",
    ] == details(report)


def test_paths_below_the_current_directory_are_short(in_directory: Path) -> None:
    """The console says dist/my_app.zip where that is enough."""
    report = replace(REPORT, output_file=in_directory / "dist/my_app.zip")
    assert "dist/my_app.zip" == dict(summary(report, 1))["File"]


def test_no_warnings() -> None:
    """Where all is well nothing is warned of."""
    assert [] == warnings(REPORT)
    assert [] == warnings(NESTED)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (replace(REPORT, entry_modules=()), 'include = ["lambda_function.py"]'),
        (replace(REPORT, output_bytes=52_428_801), "uploaded through S3"),
        (
            replace(NESTED, nested=nested(unit(530 * MB, "a"))),
            "(EphemeralStorage.Size) to at least 522 MB",
        ),
        (
            replace(NESTED, nested=nested(unit(521 * MB, "a"))),
            "(EphemeralStorage.Size) to at least 513 MB",
        ),
        (
            replace(NESTED, nested=nested(unit(10_730 * MB, "a"))),
            "do not fit into the 10,737,418,240 that /tmp can have",
        ),
    ],
)
def test_warnings(report: Report, expected: str) -> None:
    """What the user has to do before the function can run is said."""
    (warning,) = warnings(report)
    assert expected in warning


def test_the_meter_is_not_chatty(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is called, it shows one message in each span of time."""
    now_s = iter([0.5, 1.0, 1.5, 2.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(now_s))
    shown: list[str] = []
    meter = Meter(shown.append, 1.0, bars=False, _last_s=0.0)
    meter.begin("Packaging", 4, 50 * MB)

    for size_bytes in (10 * MB, 10 * MB, 10 * MB, 20 * MB):
        meter.advance(1, size_bytes)

    assert [
        "Packaging:  40% 2/4 files, 20.0/50.0 MB",
        "Packaging: 100% 4/4 files, 50.0/50.0 MB",
    ] == shown


def test_the_meter_draws_a_bar_for_each_phase() -> None:
    """A second phase starts from nothing."""
    shown: list[str] = []
    meter = Meter(shown.append, -1)

    for what in ("Packaging", "Compressing more"):
        meter.begin(what, 2, 2 * MB)
        meter.advance(1, MB)

    assert [
        "Packaging: [============>           ]  50% 1/2 files, 1.0/2.0 MB",
        "Compressing more: [============>           ]  50% 1/2 files, 1.0/2.0 MB",
    ] == shown


def test_the_meter_and_nothing_to_do() -> None:
    """No bytes at all are all of them."""
    shown: list[str] = []
    meter = Meter(shown.append, -1)
    meter.begin("Packaging", 1, 0)
    meter.advance(1, 0)
    assert [f"Packaging: [{'=' * 24}] 100% 1/1 files, 0.0/0.0 MB"] == shown
