from __future__ import annotations

import base64
import hashlib
import itertools
import json
import time

from dataclasses import replace
from datetime import date
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.audit.findings import Finding
from poetry_plugin_package_function.packaging.native.strip import Stripped
from poetry_plugin_package_function.packaging.nesting.layout import ExtractionUnit
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.packaging.profiles.needs import Age
from poetry_plugin_package_function.packaging.project_code.handler_code import (
    HandlerCode,
)
from poetry_plugin_package_function.packaging.result import Compiled
from poetry_plugin_package_function.packaging.result import Guided
from poetry_plugin_package_function.packaging.result import Kind
from poetry_plugin_package_function.packaging.result import Layer
from poetry_plugin_package_function.packaging.result import Report
from poetry_plugin_package_function.packaging.result import WrittenProfile
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
from poetry_plugin_package_function.packaging.tree.sdk import Provided
from poetry_plugin_package_function.packaging.tree.standard_library import Shadow
from poetry_plugin_package_function.packaging.verify.event_call import Called
from poetry_plugin_package_function.packaging.verify.verified import Judgement
from poetry_plugin_package_function.packaging.verify.verified import Limit
from poetry_plugin_package_function.packaging.verify.verified import Verified
from poetry_plugin_package_function.packaging.writing import Nested
from poetry_plugin_package_function.project import Project
from poetry_plugin_package_function.report.details import details
from poetry_plugin_package_function.report.details import sizes
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.progress import Meter
from poetry_plugin_package_function.report.progress import bar
from poetry_plugin_package_function.report.summary import summary
from poetry_plugin_package_function.report.unused import unused
from poetry_plugin_package_function.report.warned import Severity
from poetry_plugin_package_function.report.warned import Warned
from poetry_plugin_package_function.report.warned import runtime_warnings
from poetry_plugin_package_function.report.warned import warnings
from poetry_plugin_package_function.runtimes import RUNTIMES
from poetry_plugin_package_function.runtimes import Target
from poetry_plugin_package_function.services import AGENTCORE
from poetry_plugin_package_function.services import LAMBDA
from poetry_plugin_package_function.settings import Settings


if TYPE_CHECKING:
    from collections.abc import Iterable


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
    distributions=(DistributionSize("six", "1.17.0", 1, 10, 5, "0" * 64),),
    left_out=(),
    nested=None,
)


def unit(
    size_bytes: int, *names: str, tests: bool = False, at_init: bool = False
) -> ExtractionUnit:
    return ExtractionUnit(
        names,
        (Entry(f"{names[0]}/__init__.py", BytesContent(b""), size_bytes),),
        (EntryModule(names[0], is_package=True),),
        tests=tests,
        at_init=at_init,
        needs=(),
        why="it saves the most for what is extracted",
        size_bytes=size_bytes,
        tmp_bytes=-(-size_bytes // 4096) * 4096,
    )


def texts(warned: Iterable[Warned]) -> list[str]:
    return [each.text for each in warned]


def nested(*units: ExtractionUnit) -> Nested:
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
    distributions=(DistributionSize("", "", 1, 10, 5, "0" * 64),),
    python=None,
)

SCHEMA = json.loads(
    resources.files("poetry_plugin_package_function.report")
    .joinpath("schema.json")
    .read_text(encoding="utf-8")
)


RUNTIME = RUNTIMES["python3.13"]
TARGETED = replace(
    REPORT,
    target=LAMBDA.target(RUNTIME, "aarch64"),
    provided=Provided(frozenset({canonicalize_name("boto3")})),
)
ELSEWHERE = replace(
    REPORT, python="3.9", target=Target("3.9", "x86_64", RUNTIME.system, None)
)

ARM = Finding(
    "debugpy",
    "debugpy/attach_arm.so",
    "is 64-bit code for aarch64; the target is x86_64",
    "It may stay if nothing loads it; `exclude` leaves it out.",
    is_warning=True,
)
AUDITED = replace(
    TARGETED,
    findings=(
        ARM,
        ARM._replace(file="debugpy/attach.dll"),
        ARM._replace(distribution="", file="bin/tool"),
        ARM._replace(distribution="", file="bin/tool", what="needs libssl.so.3"),
    ),
)
AUDITED_ONCE = replace(TARGETED, findings=(ARM,))

LISTED = replace(
    REPORT,
    distributions=(
        DistributionSize(
            "my-app", "1", 1, 10, 5, "0" * 64, contents={"my_app.py": "0-a"}
        ),
    ),
)

STRIPPED = replace(
    TARGETED, stripped=Stripped("strip: GNU strip 2.40", 1234, 9 * MB, ())
)
STRIPPED_IN_PART = replace(
    TARGETED, stripped=Stripped("llvm-strip", 1, MB, ("a/b.so", "a/c.so"))
)

VERIFIED = Verified(
    "my_app.main.handler",
    init_s=0.456,
    peak_bytes=90 * MB,
    tmp_bytes=8192,
    unused=("boto3", "six"),
    judgements=(
        Judgement(Limit.INIT, 0.456, 10),
        Judgement(Limit.TMP, 8192, 512 * MB),
        Judgement(Limit.MEMORY, 90 * MB, 128 * MB),
    ),
)
IMPORTED = replace(TARGETED, verified=VERIFIED)
TOO_MUCH = replace(
    TARGETED,
    verified=replace(
        VERIFIED,
        unused=(),
        judgements=(
            Judgement(Limit.INIT, 12.34, 10),
            Judgement(Limit.TMP, 600 * MB, 512 * MB),
            Judgement(Limit.MEMORY, 128 * MB, 128 * MB),
        ),
    ),
)
CALLED = replace(
    IMPORTED,
    verified=replace(
        VERIFIED,
        unused=(),
        event=Called(
            "e.json",
            duration_s=0.0123,
            peak_bytes=95 * MB,
            tmp_bytes=4 * MB,
            result=f'{{"body": "{"xx " * 100}"}}',
            result_bytes=312,
            output="a\nb\n\nc\nd",
        ),
    ),
)
NOT_CALLED = replace(
    IMPORTED,
    verified=replace(
        VERIFIED, event=Called("e.json", "It calls x (a.py, line 1).", output="a")
    ),
)
PARSED = replace(
    TARGETED, verified=Verified("my_app.main.handler", "It was not imported.")
)

CLASHING = replace(
    REPORT,
    overlaps=(
        Overlap(("a 1.0", "b 2.0"), "b 2.0", ("m.py",)),
        Overlap(("a 1.0", "b 2.0"), "", ("m/x.py", "m/y.py")),
    ),
    shadows=(
        Shadow("", ("my_app.py",)),
        Shadow("six", ("enum/", "uuid.py")),
        Shadow("other", ("queue.py",)),
    ),
)


LEFT_OUT = Compiled("3.13.1", 0, 0, (), ("six",))
LAYER = Layer(Path("/x/my_app-layer.zip"), 30 * MB, 77 * MB, 3900, "0" * 64, ("a.pth",))
LAYERED = replace(
    REPORT,
    function="api",
    layer=LAYER,
    distributions=(
        DistributionSize("my-app", "1.0", 7, MB, MB, "0" * 64),
        DistributionSize("six", "1.17.0", 1, MB, MB, "0" * 64, layer=True),
    ),
)
SUPERSEDED = replace(
    REPORT,
    superseded=(Shadow("gone", ("a.py", "b/")), Shadow("other", ("uuid.py",))),
    distributions=(DistributionSize("other", "1.0", 4, MB, MB, "0" * 64),),
)
PROFILED = replace(
    REPORT,
    guided=Guided(Age((("six", "1.16.0", "1.17.0"),), ("attrs",)), ("idna",)),
    spared_bytes=9 * MB,
    written_profile=WrittenProfile(Path("/x/p.json"), True, "/x/p.json has changed"),
)
FOUND = replace(
    REPORT,
    handler_code=HandlerCode(
        "app",
        "src",
        "the wheel has no module app",
        (Entry("app.py", BytesContent(b""), 0),),
    ),
    passed_over=(".env", "node_modules/"),
)
LAYER_ONLY = replace(
    LAYERED,
    kind=Kind.LAYER,
    entry_modules=(),
    output_file=LAYER.output_file,
    output_bytes=60 * MB,
    layer=LAYER._replace(output_bytes=60 * MB, unread=()),
)


@pytest.mark.parametrize(
    "report",
    [
        *(LAYERED, LAYER_ONLY, FOUND, SUPERSEDED, PROFILED),
        *(REPORT, NESTED, TARGETED, ELSEWHERE, AUDITED, STRIPPED, STRIPPED_IN_PART),
        *(IMPORTED, CALLED, NOT_CALLED, TOO_MUCH, PARSED, LISTED, CLASHING),
        replace(IMPORTED, verified=replace(VERIFIED, made_up=("TABLE",))),
    ],
)
def test_json_is_as_the_schema_says(report: Report) -> None:
    """The schema that ships is valid itself and fits flat and nested reports."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(json.loads(as_json(report)), SCHEMA)


def test_the_schema_describes_all_fields() -> None:
    """No field is without a description or beside the schema."""
    document = json.loads(as_json(NESTED))

    assert set(document) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    (row,) = document["distributions"]
    assert row["name"] is None
    rows = SCHEMA["properties"]["distributions"]["items"]
    assert set(row) == set(rows["properties"]) == set(rows["required"])


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
        "Made for": "this machine, Python 3.13: what it has built, as it is",
        "Unzipped": "74.4 MB of 250 MB, 29.8%",
        "Zipped": "29.6 MB",
        "CodeSha256": base64.b64encode(hashlib.sha256(b"").digest()).decode(),
        "Took": "3.1 s",
    } == lines


def test_a_single_file() -> None:
    """The smallest function is one module."""
    lines = dict(summary(replace(REPORT, files=1), 1))
    assert "flat, 1 file" == lines["Layout"]


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (TARGETED, ["python3.13, arm64 (Lambda)"]),
        (
            replace(TARGETED, target=LAMBDA.target(RUNTIME, "x86_64")),
            ["python3.13, x86_64 (Lambda)"],
        ),
        (
            replace(TARGETED, chosen=Path("/usr/bin/python3.13")),
            [
                "python3.13, arm64 (Lambda)",
                "by /usr/bin/python3.13",
                'to pin it: runtime = "python3.13"',
            ],
        ),
        (
            replace(TARGETED, target=LAMBDA.target(RUNTIME, ""), is_derived=True),
            ["python3.13 (Lambda)"],
        ),
        (
            replace(TARGETED, target=AGENTCORE.target(RUNTIME, "aarch64")),
            ["python3.13, arm64 (AgentCore)"],
        ),
        (
            replace(REPORT, is_derived=True, python="3.9"),
            ["Python 3.9, not for a runtime of Lambda"],
        ),
        (ELSEWHERE, ["Python 3.9, x86_64 (Amazon Linux 2023)"]),
    ],
)
def test_what_it_is_made_for(report: Report, words: list[str]) -> None:
    """In text, and its first sentence in the JSON report, beside what it is made of."""
    lines = [line.text for line in summary(report, 1)]
    assert words == lines[2 : 2 + len(words)]
    document = json.loads(as_json(report))
    jsonschema.validate(document, SCHEMA)
    assert words[0] == document["made_for"]
    if report.target:
        assert report.target.machine == (document["target"]["machine"] or "")
        named = not (report.chosen or report.is_derived)
        assert named == document["target"]["is_named"]


def test_another_cloud_has_no_limits_that_are_known() -> None:
    """No share of a limit, and none of Lambda's warnings."""
    report = replace(ELSEWHERE, limit_bytes=None, output_bytes=80 * MB)
    assert "74.4 MB" == dict(summary(report, 1))["Unzipped"]
    assert [] == texts(warnings(report))
    jsonschema.validate(json.loads(as_json(report)), SCHEMA)


def test_agentcores_limits_are_its_own() -> None:
    """All ZIPs go through S3 there; its runtimes have days of their own."""
    target = AGENTCORE.target(RUNTIMES["python3.11"], "aarch64")
    report = replace(
        REPORT, target=target, limit_bytes=786_432_000, output_bytes=80 * MB
    )
    assert "74.4 MB of 750 MB, 9.9%" == dict(summary(report, 1))["Unzipped"]
    assert [] == texts(warnings(report))
    (found,) = texts(
        runtime_warnings(replace(report, python="3.11"), None, date(2026, 7, 1))
    )
    assert "python3.11 has been deprecated since 2026-06-30" in found


def test_summary_nested_with_layers_and_seeds() -> None:
    """What is extracted, what is kept for layers and what was left out is said."""
    report = replace(
        NESTED, layers_size_bytes=MB, limit_bytes=261_144_000, left_out=("pip",)
    )
    lines = dict(summary(report, 1))

    assert "286.1 MB are extracted into /tmp as they" in lines["Layout"]
    assert "numpy, pandas, scipy; tests of pandas" == lines["Nested"]
    assert (
        "80.1 MB of 249.0 MB, 32.2%, with 1.0 MB kept for layers" == lines["Unzipped"]
    )
    assert "pip: nothing requires them" == lines["Left out"]


def test_summary_of_what_python_has_itself() -> None:
    """Each distribution with its version, as far as that is known, and why."""
    lines = dict(summary(SUPERSEDED, 1))
    said = "a.py, b/ of gone, uuid.py of other 1.0: Python 3.13 has its own"
    assert said == lines["Left out"]


def test_summary_of_what_is_extracted_at_once() -> None:
    """It is said when that is; where only tests are nested, that is said, too."""
    at_once = replace(NESTED, nested=nested(unit(MB, "numpy", at_init=True)))
    lines = dict(summary(at_once, 1))
    assert lines["Layout"].endswith("into /tmp when the function starts")

    only_tests = replace(NESTED, nested=nested(unit(MB, "numpy", tests=True)))
    lines = dict(summary(only_tests, 1))
    assert "tests of numpy" == lines["Nested"]
    assert lines["Layout"].endswith("only tests are, which nothing imports")


def test_summary_of_what_has_been_found() -> None:
    """Which files come in and why; how many do not, and with -v which."""
    lines = dict(summary(FOUND, 1))

    assert "app.py from src/: the wheel has no module app" == lines["Code"]
    assert "2 paths of `include`, ignored or hidden: -v lists them" == lines["Skipped"]
    (said,) = details(FOUND)
    assert said.endswith("Git, or kept there by tools: .env, node_modules/")
    document = json.loads(as_json(FOUND))
    assert {
        "module": "app",
        "place": "src",
        "why": "the wheel has no module app",
        "files": ["app.py"],
    } == document["handler_code"]
    assert [".env", "node_modules/"] == document["passed_over"]


def test_details() -> None:
    """Each unit is named with its size and why it is nested."""
    report = replace(
        REPORT,
        nested=nested(unit(MB, "numpy", at_init=True), unit(MB, "a", "b", tests=True)),
        bytecode=Compiled("3.13.1", 1, 1, ("x.py",), ()),
    )
    why = "it saves the most for what is extracted"
    assert [
        f"Nested: numpy, 1.0 MB, when the function starts: {why}",
        f"Nested: tests of a, b, 1.0 MB: {why}",
        "1 file does not compile: x.py",
    ] == [*details(report)]


def test_what_the_audit_has_let_pass() -> None:
    """Warnings count files; details have sentences, one line for each finding."""
    assert [
        (
            "3 files do not fit the target, and may not be needed there (debugpy,"
            " your code): -v lists them."
        )
    ] == texts(warnings(AUDITED))
    assert [
        (
            "1 file does not fit the target, and may not be needed there (debugpy):"
            " -v lists it."
        )
    ] == texts(warnings(AUDITED_ONCE))
    *_, third, last = details(AUDITED)
    assert [
        (
            "Audit: debugpy/attach_arm.so of debugpy is 64-bit code for aarch64; the"
            " target is x86_64. It may stay if nothing loads it; `exclude` leaves it"
            " out."
        )
    ] == [*details(AUDITED_ONCE)]
    assert third.startswith("Audit: bin/tool of your code is 64-bit code")
    assert last.startswith("Audit: bin/tool of your code needs libssl.so.3. It")


def test_what_has_been_stripped() -> None:
    """What could not be is in the details."""
    assert (
        "Stripped",
        "1,234 libraries, 8.6 MB less, by strip: GNU strip 2.40",
    ) in [*summary(STRIPPED, 1)]
    assert (
        "Stripped",
        "1 library, 1.0 MB less, by llvm-strip",
    ) in [*summary(STRIPPED_IN_PART, 1)]
    assert [] == [*details(STRIPPED)]
    assert ["Not stripped, as it would not be safe: a/b.so, a/c.so"] == [
        *details(STRIPPED_IN_PART)
    ]


def test_what_the_import_of_the_handler_has_shown() -> None:
    """Its figures are in the summary; what it has not used, in the details."""
    assert (
        "Handler",
        (
            "my_app.main.handler was imported in 0.46 s, with 85.8 MB of memory and 8"
            " KB in /tmp"
        ),
    ) in [*summary(IMPORTED, 1)]
    assert [] == texts(warnings(IMPORTED))
    assert ["Never imported: boto3, six"] == [*details(IMPORTED)]


def test_what_a_call_of_the_handler_has_shown() -> None:
    """Its figures, the beginning of its result, and the last that it has printed."""
    lines = [*summary(CALLED, 1)]
    place = [each.label for each in lines].index("Event")
    assert [
        (
            "Event",
            (
                "e.json: returned after 0.01 s, with 90.6 MB of memory and 3.8 MB more"
                " in /tmp"
            ),
        ),
        ("Result", f'{{"body": "{"xx " * 76}x…'),
        ("Printed", "… 2 lines before"),
        ("", "c"),
        ("", "d"),
    ] == lines[place : place + 5]
    assert CALLED.verified is not None
    assert CALLED.verified.event is not None
    assert [
        f"Result: {CALLED.verified.event.result}",
        *("Printed: a", "Printed: b", "Printed: ", "Printed: c", "Printed: d"),
    ] == [*details(CALLED)]
    assert [] == texts(warnings(CALLED))
    assert all(
        len(piece.text) + len(piece.label) <= 40
        for line in lines[place : place + 5]
        for piece in line.fitted(40)
    )


def test_a_call_that_has_not_come_to_its_end() -> None:
    """A warning says why; what it has printed is shown."""
    (text,) = texts(warnings(NOT_CALLED))
    assert text.startswith("my_app.main.handler was called with e.json, and did not")
    assert text.endswith(" get to its end here. It calls x (a.py, line 1).")
    labels = [each.label for each in summary(NOT_CALLED, 1)]
    assert "Printed" in labels
    assert not {"Event", "Result"} & {*labels}


def test_a_handler_that_goes_beyond_limits() -> None:
    """Each limit is told with what was measured, and what to do or what there is."""
    assert [
        (
            "INIT took 12.3 s here, and Lambda ends it after 10 s on demand: import"
            " less at the top of modules, or add bytecode (--compile)."
        ),
        (
            "The handler left 572.2 MB in /tmp, which has 488.3 MB: set"
            " EphemeralStorage.Size."
        ),
        (
            "The handler took 122.1 MB of memory before its first event; the function"
            " is to have 122.1 MB."
        ),
    ] == texts(warnings(TOO_MUCH))
    assert [] == [*details(TOO_MUCH)]


def test_agentcores_limit_of_init_is_what_users_have_seen() -> None:
    """No page of AWS has it: so what is said is what is known."""
    judged = Judgement(Limit.INIT, 31.0, AGENTCORE.init_limit_s)
    target = AGENTCORE.target(RUNTIMES["python3.12"], "aarch64")
    verified = Verified("my_app.main.handler", judgements=(judged,))
    slow = replace(REPORT, target=target, verified=verified)
    (found,) = texts(warnings(slow))
    assert found.startswith(
        "INIT took 31.0 s here, and AgentCore has been seen to end it after 30 s: "
    )


def test_a_handler_that_was_not_imported() -> None:
    """There are no figures, and it is said why."""
    assert "Handler" not in dict(summary(PARSED, 1))
    assert ["my_app.main.handler: It was not imported."] == texts(warnings(PARSED))


def test_variables_that_had_made_up_values() -> None:
    """One warning says all of a handler: what to write is in it."""
    set_them = 'Add A = "…", B = "…".'
    both = replace(VERIFIED, made_up=("A", "B"), advice=set_them)
    (found,) = warnings(replace(IMPORTED, verified=both))
    assert (
        "my_app.main.handler: A, B had made-up values, as nothing here sets them."
        f" {set_them}"
    ) == found.text
    assert Severity.ADVICE is found.severity
    parsed = replace(both, made_up=("A",), unchecked="It was not imported.")
    (found,) = warnings(replace(IMPORTED, verified=parsed))
    assert (
        "my_app.main.handler: It was not imported. A had a made-up value, as nothing"
        f" here sets it. {set_them}"
    ) == found.text
    templates = Verified("a.b", "It was not imported.", advice=set_them)
    assert [f"a.b: It was not imported. {set_them}"] == texts(
        warnings(replace(IMPORTED, verified=templates))
    )


def test_paths_below_the_current_directory_are_short(in_directory: Path) -> None:
    """The console says dist/my_app.zip where that is enough."""
    report = replace(REPORT, output_file=in_directory / "dist/my_app.zip")
    assert "dist/my_app.zip" == dict(summary(report, 1))["File"]


def test_a_layer_is_told_beside_its_function() -> None:
    """What counts for Lambda is both; each has a size and a hash of its own."""
    told = [(line.label, line.text) for line in summary(LAYERED, 1)]

    assert ("Layout", "flat, 7 files, and a layer") in told
    assert ("Zipped", "29.6 MB") in told
    (unzipped,) = (text for label, text in told if label == "Unzipped")
    assert "74.4 MB of 250 MB, 29.8%, with its layer" == unzipped
    where = told.index(("Layer", "/x/my_app-layer.zip"))
    assert ("", "3,900 files, 73.4 MB, 28.6 MB zipped") == told[where + 1]
    digest = base64.b64encode(bytes(32)).decode()
    assert ("", f"CodeSha256 {digest}") == told[where + 2]
    rows = sizes(LAYERED, all_of_them=True).lines()[1:]
    assert ["function", "layer"] == [row.split()[-1] for row in rows]


def test_a_layer_alone() -> None:
    told = [(line.label, line.text) for line in summary(LAYER_ONLY, 1)]

    assert ("Layout", "layer, 3,907 files") in told
    assert "Layer" not in {label for label, _ in told}
    (unzipped,) = (text for label, text in told if label == "Unzipped")
    assert "with its layer" not in unzipped


def test_no_warnings() -> None:
    """Where all is well nothing is warned of."""
    assert [] == [*warnings(REPORT)]
    assert [] == [*warnings(NESTED)]
    large = replace(NESTED, nested=nested(unit(1000 * MB, "a")))
    assert [] == [*warnings(replace(large, ephemeral_storage_mb=1024))]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (replace(REPORT, no_code="The archive has no code."), "has no code."),
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
            replace(
                NESTED,
                nested=nested(unit(1000 * MB, "a")),
                ephemeral_storage_mb=600,
            ),
            " of /tmp, which has 600 MB: set the function's",
        ),
        (
            replace(NESTED, nested=nested(unit(10_730 * MB, "a"))),
            "do not fit into the 10,240 MB that /tmp can have",
        ),
        (LAYERED, "Python does not obey .pth files of layers: a.pth."),
        (LAYER_ONLY, "The layer's ZIP is larger than 50 MB: it has to"),
        (
            replace(LAYER_ONLY, layer=LAYER._replace(unread=()), bytecode=LEFT_OUT),
            "The bytecode was left out (six): with it nothing would fit.",
        ),
        (
            replace(REPORT, bytecode=LEFT_OUT),
            "(six): with it the result would not be flat",
        ),
        (replace(NESTED, bytecode=LEFT_OUT), "no room for the bytecode of six."),
    ],
)
def test_warnings(report: Report, expected: str) -> None:
    """What the user has to do before the function can run is said."""
    (warning,) = warnings(report)
    assert expected in warning.text


def test_what_stands_before_the_standard_library() -> None:
    """Whose it is, and the way out: a line to copy, or another name."""
    found = texts(warnings(CLASHING))

    own, others, one = (text for text in found if "before Python's own" in text)
    assert own == (
        "The project has my_app.py, which Lambda finds before Python's own my_app: all"
        " code that imports it gets the wrong one. Rename it."
    )
    assert others == (
        "six 1.17.0 has enum/, uuid.py, which Lambda finds before Python's own enum,"
        " uuid: all code that imports them gets the wrong one. Leave them out:"
        ' exclude = ["/enum/", "/uuid.py"] in [tool.poetry-plugin-package-function].'
    )
    assert one.startswith("other has queue.py, which Lambda finds before")


def test_what_several_distributions_have() -> None:
    """Whose file is shipped, or that it is nobody's; how many there are."""
    assert [
        (
            "a 1.0 and b 2.0 have different files of one name, and that of b 2.0 is"
            " shipped: m.py. Depend on one of them only."
        ),
        (
            "a 1.0 and b 2.0 have different files of one name, and what is shipped is"
            " neither's: m/x.py and 1 more. Depend on one of them only."
        ),
    ] == [text for text in texts(warnings(CLASHING)) if " of one name" in text]


@pytest.mark.parametrize(
    ("report", "defects"),
    [
        (REPORT, []),
        (AUDITED, []),
        (PARSED, []),
        (LAYERED, []),
        (LAYER_ONLY, []),
        (replace(REPORT, output_bytes=60 * MB), []),
        (replace(NESTED, nested=nested(unit(530 * MB, "a"))), []),
        (replace(NESTED, nested=nested(unit(10_730 * MB, "a"))), ["do not fit into"]),
        (replace(REPORT, no_code="It has no code."), ["It has no code."]),
        (replace(PARSED, no_code="It has no code."), ["It has no code."]),
        (replace(IMPORTED, no_code="It has no code."), []),
        (replace(CLASHING, shadows=CLASHING.shadows[1:2]), ["six 1.17.0 has enum/"]),
        (
            replace(CLASHING, shadows=(Shadow("", ("uuid.py",)),)),
            ["The environment has uuid.py"],
        ),
        (replace(CLASHING, verified=VERIFIED), []),
        (TOO_MUCH, ["of memory before its first event"]),
    ],
)
def test_warnings_of_what_will_not_work(report: Report, defects: list[str]) -> None:
    """They are told from those of what is to be set up, or may be of no consequence.

    The import of the handler has proven that it works all the same.
    """
    found = [each for each in warnings(report) if each.severity is Severity.DEFECT]

    assert len(defects) == len(found)
    for defect, warned in zip(defects, found, strict=True):
        assert defect in warned.text


@pytest.mark.parametrize(
    ("python", "requires_python", "severity"),
    [
        ("3.9", None, Severity.DEFECT),
        ("3.13", ">=3.16", Severity.DEFECT),
        ("3.10", None, Severity.ADVICE),
        ("3.15", None, Severity.ADVICE),
    ],
)
def test_how_grave_it_is_that_lambda_has_no_such_python(
    python: str, requires_python: str | None, severity: Severity
) -> None:
    """Without a runtime nothing works; an old one, or a preview, does."""
    report = replace(REPORT, python=python)
    (found,) = runtime_warnings(report, requires_python, TODAY)

    assert severity is found.severity


def test_the_meter_is_not_chatty(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is called, it shows one message in each span of time."""
    now_s = iter([2.5, 5.0, 7.5, 12.5])
    monkeypatch.setattr(time, "monotonic", lambda: next(now_s))
    shown: list[str] = []
    meter = Meter(shown.append, replaces=False, _last_s=0.0)
    meter.begin("Packaging", 4, 50 * MB)

    for size_bytes in (10 * MB, 10 * MB, 10 * MB, 20 * MB):
        meter.advance(1, size_bytes)

    assert [
        "Packaging:  40% 2/4 files, 19.1 MB of 47.7 MB",
        "Packaging: 100% 4/4 files, 47.7 MB of 47.7 MB",
    ] == shown


def test_the_meter_draws_a_bar_for_each_phase(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second phase starts from nothing."""
    monkeypatch.setattr(time, "monotonic", itertools.count().__next__)
    shown: list[str] = []
    meter = Meter(shown.append, replaces=True, _last_s=-1)

    for what in ("Packaging", "Compressing more"):
        meter.begin(what, 2, 2 * MB)
        meter.advance(1, MB)

    assert [
        "Packaging: [============>           ]  50% 1.0 MB of 1.9 MB",
        "Compressing more: [============>           ]  50% 1.0 MB of 1.9 MB",
    ] == shown


def test_the_meter_and_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bytes at all are all of them."""
    monkeypatch.setattr(time, "monotonic", itertools.count().__next__)
    shown: list[str] = []
    meter = Meter(shown.append, replaces=True, _last_s=-1)
    meter.begin("Packaging", 1, 0)
    meter.advance(1, 0)
    assert [f"Packaging: [{'=' * 24}] 100% 0 KB of 0 KB"] == shown


@pytest.mark.parametrize(("columns", "width"), [(200, 24), (80, 24), (60, 10), (40, 0)])
def test_the_bar_leaves_room(columns: int, width: int) -> None:
    """It gets smaller before what is written beside it does not fit."""
    assert bar(1, columns) == (f"[{'=' * width}] " if width else "")


TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("python", "requires_python", "expected"),
    [
        ("3.13", ">=3.11,<4.0", None),
        ("3.13", None, None),
        (None, None, None),
        ("3.12", "==3.12.4", None),
        ("3.13", "not a specifier", None),
        ("3.9", ">=3.9", "Lambda has no runtime for Python 3.9; it has python3.10, "),
        ("3.13", ">=3.16", "`requires-python` is '>=3.16', which allows none of"),
        ("3.9", "<3.10", "`requires-python` is '<3.10', which allows none of"),
        ("3.10", None, "python3.10 has been deprecated since 2026-10-31: it gets"),
        ("3.15", None, "python3.15 is a preview at Lambda, which may still change"),
    ],
)
def test_pythons_that_lambda_does_not_have(
    python: str | None, requires_python: str | None, expected: str | None
) -> None:
    found = [*runtime_warnings(replace(REPORT, python=python), requires_python, TODAY)]

    assert (0 if expected is None else 1) == len(found)
    assert expected is None or found[0].text.startswith(expected)


def test_a_deprecation_that_is_still_to_come() -> None:
    """From its day on, not before."""
    report = replace(REPORT, python="3.11")
    for day, count in (date(2027, 6, 29), 0), (date(2027, 6, 30), 1):
        assert count == len([*runtime_warnings(report, None, day)])


def test_another_cloud_has_other_pythons() -> None:
    assert [] == [*runtime_warnings(ELSEWHERE, "<3.10", TODAY)]


def test_what_is_left_to_the_runtime_is_told() -> None:
    assert ("Provided", "boto3: the runtime has them") in [*summary(TARGETED, 1)]
    why = Provided(why_not="The AWS SDK is shipped: requests requires urllib3.")
    assert [why.why_not] == texts(warnings(replace(REPORT, provided=why)))


def test_extension_modules_are_told_by_their_names() -> None:
    """But not beside their package, which has them."""
    alone = replace(unit(30 * MB, "pyarrow"), extension="pyarrow._flight")
    inside = replace(alone, extension="pyarrow._s3fs", part_of=0)
    report = replace(NESTED, nested=nested(unit(9 * MB, "scipy"), alone, inside))

    assert ("Nested", "pyarrow._flight, scipy") in [*summary(report, 1)]
    assert any("Nested: pyarrow._s3fs of pyarrow, " in line for line in details(report))


def sized(*rows: tuple[str, int, tuple[str, ...]], nested: str = "") -> Report:
    found = tuple(
        DistributionSize(
            name, "1", 1, size, size // 3, path=path, nested=name == nested
        )
        for name, size, path in rows
    )
    return replace(
        REPORT, distributions=found, uncompressed_bytes=sum(row[1] for row in rows)
    )


def test_the_largest_distributions() -> None:
    """The largest first, without those that hardly count."""
    report = sized(
        ("tiny", 1000, ("my-app", "pandas", "tiny")),
        ("pandas", 3_000_000, ("my-app", "pandas")),
        ("numpy", 5_000_000, ("my-app", "pandas", "numpy")),
        ("", 2_000_000, ()),
        nested="numpy",
    )
    rows = sizes(report, all_of_them=False).lines()

    assert [
        "distribution  unzipped  zipped  share  layout  required by",
        "numpy           4.8 MB  1.6 MB  50.0%  nested  my-app > pandas",
        "pandas          2.9 MB  1.0 MB  30.0%  flat    my-app",
        "your code       1.9 MB  0.6 MB  20.0%  flat",
    ] == rows
    assert len(rows) + 1 == len(sizes(report, all_of_them=True).lines())


def test_the_table_says_nothing_twice() -> None:
    """A column whose cells are all the same has gone."""
    direct = [(f"d{number}", 1_000_000, ("my-app", "d")) for number in range(2)]
    header, *_ = sizes(sized(*direct), all_of_them=False).lines()
    assert ["distribution", "unzipped"] == header.split()
    header, _ = sizes(sized(*direct[:1]), all_of_them=False).lines()
    assert "layout" not in header


def test_no_more_than_some() -> None:
    rows = [(f"d{number}", 1_000_000, ("my-app", "d")) for number in range(30)]
    assert 9 == len(sizes(sized(*rows), all_of_them=False).lines())
    assert 31 == len(sizes(sized(*rows), all_of_them=True).lines())


def test_no_distributions() -> None:
    none = replace(REPORT, distributions=())
    assert [] == sizes(none, all_of_them=True).lines()


def test_what_the_handler_does_not_import() -> None:
    """The largest, with what could leave them out; not if they hardly count."""
    names = ("a", "b", "c", "d", "used")
    rows = tuple(
        DistributionSize(name, "1", 1, (9 - number) * MB, 1)
        for number, name in enumerate(names)
    )
    verified = replace(VERIFIED, unused=names[:-1])
    report = replace(REPORT, distributions=rows, verified=verified)

    project = Project(Path(), "my-app", {}, frozenset())
    settings = Settings(report.output_file)
    with_more = replace(settings, with_groups=frozenset(("aws",)))
    assert unused(report, with_more, project) == (
        "a 8.6 MB, b 7.6 MB, c 6.7 MB and 1 more are never imported: --only main?"
    )
    one = replace(report, verified=replace(VERIFIED, unused=("a",)))
    with_extras = replace(settings, all_extras=True)
    assert unused(one, with_extras, project) == (
        "a 8.6 MB is never imported: without --extras?"
    )
    given = replace(settings, venv=report.output_file)
    assert unused(one, given, project) == "a 8.6 MB is never imported: `exclude`?"
    small = replace(report, distributions=(rows[0]._replace(unzipped_bytes=9000),))
    assert "" == unused(small, settings, project)
    assert "" == unused(REPORT, settings, project)
