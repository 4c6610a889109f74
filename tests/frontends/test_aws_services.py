"""What is shown of AWS's services that are shipped, or could be."""

from __future__ import annotations

import json

from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Any

import jsonschema
import pytest

from poetry_plugin_package_function.packaging.aws.calls import Asking
from poetry_plugin_package_function.packaging.aws.data import AwsServices
from poetry_plugin_package_function.packaging.plan import DistributionSize
from poetry_plugin_package_function.packaging.plan import FileSize
from poetry_plugin_package_function.report.changes import ServiceChanges
from poetry_plugin_package_function.report.changes import changes_since
from poetry_plugin_package_function.report.changes import format_changes
from poetry_plugin_package_function.report.changes import read_previous
from poetry_plugin_package_function.report.details import details
from poetry_plugin_package_function.report.json_report import as_json
from poetry_plugin_package_function.report.markdown import as_markdown
from poetry_plugin_package_function.report.next_steps import next_steps
from poetry_plugin_package_function.report.summary import summary
from poetry_plugin_package_function.report.treemap import as_html
from poetry_plugin_package_function.settings import Settings
from tests.frontends.test_next_steps import outcome
from tests.frontends.test_report import REPORT
from tests.frontends.test_report import SCHEMA
from tests.frontends.test_settings import problems
from tests.frontends.test_settings import resolved


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


SOME = AwsServices(
    ("dynamodb", "s3"), ("sso", "sts"), ("ec2", "sqs", "ssm"), 18 * 1_048_576
)
NONE = AwsServices(("s3",), why_not="botocore's data is not in the package")
ASKED = SOME._replace(
    askers=(
        Asking("ssm", "tools/a.py", 7, "tools"),
        Asking("sqs", "tools/a.py", 9, "tools"),
        Asking("ec2", "my_app/other.py", 3),
    )
)


def told(services: AwsServices | None) -> Report:
    botocore = DistributionSize("botocore", "1.44.8", 1, 10, 5, "0" * 64)
    return replace(REPORT, aws_services=services, distributions=(botocore,))


@pytest.mark.parametrize("key", ['["s3", "dynamodb"]', '["s3,dynamodb"]'])
def test_the_key(tmp_path: Path, key: str) -> None:
    settings = resolved(tmp_path, f"aws-services = {key}")
    assert frozenset({"s3", "dynamodb"}) == settings.aws_services


@pytest.mark.parametrize(
    "value", ["[]", '[""]', '["all", "s3"]', '"s3"', "true", "[1]"]
)
def test_what_names_no_services(tmp_path: Path, value: str) -> None:
    """An empty list could mean none, or all."""
    (problem,) = problems(tmp_path, f"aws-services = {value}")
    assert "aws-services: expected " in problem


def test_a_line_says_what_it_has_saved() -> None:
    lines = [*summary(told(SOME), 1)]
    assert [
        "dynamodb, s3 and 2 for credentials, of botocore's 7: 18.0 MB left out"
    ] == [line.text for line in lines if line.label == "Services"]
    page = as_markdown(told(SOME), None, [])
    assert "| AWS services | dynamodb, s3 and 2 for credentials, of botocore's" in page
    assert "Services" not in dict(summary(told(None), 1))


def test_a_line_says_why_it_has_no_effect() -> None:
    lines = dict(summary(told(NONE), 1))
    expected = "s3, without effect: botocore's data is not in the package"
    assert expected == lines["Services"]


def test_who_may_ask_for_what_is_left_out() -> None:
    """Dependencies in a line, as one cannot know; with -v where, and others."""
    lines = [line.text for line in summary(told(ASKED), 1)]
    assert "tools may ask for sqs, ssm: -v says where" in lines
    assert [
        "May ask for ssm, which is left out: tools/a.py:7 of tools",
        "May ask for sqs, which is left out: tools/a.py:9 of tools",
        "May ask for ec2, which is left out: my_app/other.py:3 of the project",
    ] == [*details(told(ASKED))]
    many = tuple(Asking(f"s{number}", "a.py", 1, "tools") for number in range(5))
    lines = [x.text for x in summary(told(SOME._replace(askers=many)), 1)]
    assert "tools may ask for s0, s1, s2 and others: -v says where" in lines


@pytest.mark.parametrize("services", [None, SOME, NONE, ASKED])
def test_json(services: AwsServices | None) -> None:
    report = replace(told(services), aws_suggestion=services)
    document = json.loads(as_json(report))
    jsonschema.validate(document, SCHEMA)
    if services is SOME:
        assert ["ec2", "sqs", "ssm"] == document["aws_services"]["left_out"]
        assert ["dynamodb", "s3"] == document["aws_suggestion"]["names"]


def test_the_page_of_sizes_says_what_it_cannot_show() -> None:
    files = (FileSize("botocore/__init__.py", "botocore", 10, 5, nested=False),)
    page = as_html(told(SOME), files).decode()
    assert "1.44.8, without the data of 3 services (18.0 MB)" in page
    assert "without the data" not in as_html(told(NONE), files).decode()


@pytest.mark.parametrize(
    ("before", "now", "text"),
    [
        (None, SOME, "AWS services: all -> dynamodb, s3"),
        (SOME, None, "AWS services: dynamodb, s3 -> all"),
        (NONE, SOME, "AWS services: all -> dynamodb, s3"),
        (
            SOME,
            SOME._replace(names=("dynamodb", "sqs")),
            "AWS services: sqs (added), s3 (removed)",
        ),
        (SOME, SOME, ""),
        (None, NONE, ""),
    ],
)
def test_what_has_changed(
    tmp_path: Path, before: AwsServices | None, now: AwsServices | None, text: str
) -> None:
    path = tmp_path / "old.json"
    path.write_bytes(as_json(told(before)))
    previous = read_previous(Settings(tmp_path / "x", compare=path))
    report = replace(told(now), sha256="1" * 64)
    changes = changes_since(previous, report)
    assert changes is not None
    assert bool(text) == bool(changes.aws_services)
    assert text in format_changes(changes)
    jsonschema.validate(json.loads(as_json(report, changes)), SCHEMA)


def test_a_report_of_an_older_version(tmp_path: Path) -> None:
    """It has shipped all of them."""
    document: dict[str, Any] = json.loads(as_json(told(None)))
    del document["aws_services"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    previous = read_previous(Settings(tmp_path / "x", compare=path))
    changes = changes_since(previous, told(SOME))
    assert changes is not None
    assert ServiceChanges(None, ("dynamodb", "s3")) == changes.aws_services


def test_what_would_do_is_a_next_step() -> None:
    """Once for functions that ask for the same."""
    line = 'aws-services = ["dynamodb", "s3"] would leave out 18.0 MB: data of'
    report = replace(told(None), aws_suggestion=SOME)
    functions = [replace(report, function=name) for name in "abcde"]
    functions.append(replace(functions[0], aws_suggestion=None))
    for reports, about in (
        ([report], ""),
        (functions[:1], "a: "),
        (functions, "a, b, c and 2 more: "),
    ):
        steps = [step.what for step in next_steps([*map(outcome, reports)])]
        found = [step for step in steps if "aws-services" in step]
        assert [f"{about}{line} services that no code asks for."] == found
