"""What the result says about what to do next, and about several functions."""

from __future__ import annotations

import shlex

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.packaging.plan import Layout
from poetry_plugin_package_function.report.changes import Changes
from poetry_plugin_package_function.report.next_steps import next_steps
from poetry_plugin_package_function.report.outcome import Outcome
from poetry_plugin_package_function.report.overview import overview
from poetry_plugin_package_function.report.table import Table
from poetry_plugin_package_function.report.warned import Severity
from poetry_plugin_package_function.report.warned import Warned
from poetry_plugin_package_function.services import AGENTCORE
from tests.frontends.test_report import ELSEWHERE
from tests.frontends.test_report import IMPORTED
from tests.frontends.test_report import LAYER
from tests.frontends.test_report import LAYER_ONLY
from tests.frontends.test_report import LAYERED
from tests.frontends.test_report import MB
from tests.frontends.test_report import REPORT


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.result import Report


UPDATE = "    aws lambda update-function-code --function-name NAME"


def outcome(
    report: Report, changes: Changes | None = None, *warnings: Warned
) -> Outcome:
    return Outcome(report, changes, (), Table(), (), warnings)


def steps(*outcomes: Outcome, columns: int | None = None) -> list[str]:
    return [line for step in next_steps(outcomes) for line in step.lines(columns)]


def test_a_function_that_has_not_been_imported() -> None:
    """First to see whether it is, then the upload."""
    report = replace(REPORT, handler_candidates=("my_app.api.handler",))
    assert [
        "- See whether it imports, as on Lambda: --handler my_app.api.handler",
        "- Deploy it:",
        f"{UPDATE} --zip-file fileb:///x/my_app.zip",
    ] == steps(outcome(report))
    two = replace(REPORT, handler_candidates=("a.handler", "b.handler"))
    assert steps(outcome(two))[0].endswith("--handler a.handler or --handler b.handler")
    assert steps(outcome(REPORT))[0].endswith("--handler MODULE.FUNCTION")


def test_a_command_goes_on_in_the_next_line() -> None:
    """As a shell reads it, and options stay with their values."""
    _, *lines = steps(outcome(IMPORTED), columns=60)
    assert [
        "    aws lambda update-function-code --function-name NAME \\",
        "        --zip-file fileb:///x/my_app.zip",
    ] == lines
    one = shlex.split("\n".join(lines).replace("\\\n", ""))
    assert one == shlex.split(steps(outcome(IMPORTED))[1])


def test_what_is_large_goes_through_s3() -> None:
    """With the name of the file as the key."""
    assert [
        "- Deploy it:",
        "    aws s3 cp /x/my_app.zip s3://BUCKET/my_app.zip",
        f"{UPDATE} --s3-bucket BUCKET --s3-key my_app.zip",
    ] == steps(outcome(replace(IMPORTED, output_bytes=60 * MB)))


def test_layers() -> None:
    """A layer has a command of its own; what is unchanged has none."""
    both = replace(LAYERED, verified=IMPORTED.verified)
    function = (
        "    aws lambda update-function-code --function-name api --zip-file"
        " fileb:///x/my_app.zip"
    )
    layer = (
        "    aws lambda publish-layer-version --layer-name NAME --zip-file"
        " fileb:///x/my_app-layer.zip"
    )
    attached = (
        "    aws lambda update-function-configuration --function-name api --layers"
        " LAYER_VERSION_ARN"
    )
    assert ["- Deploy api:", layer, attached, function] == steps(outcome(both))
    code_only = Changes(unchanged=False, layer_unchanged=True)
    assert ["- Deploy api:", function] == steps(outcome(both, code_only))
    alone = replace(LAYER_ONLY, layer=LAYER)
    assert ["- Deploy api:", layer] == steps(outcome(alone))
    large = steps(outcome(LAYER_ONLY))
    assert large[-1].endswith("--content S3Bucket=BUCKET,S3Key=my_app-layer.zip")


def test_nothing_to_deploy() -> None:
    """If it is what the earlier report is about."""
    same = outcome(IMPORTED, Changes(unchanged=True))
    nothing = "- There is nothing to deploy: "
    assert [f"{nothing}it is what the earlier report describes."] == steps(same)
    several = f"{nothing}all are what the earlier reports describe."
    assert [several] == steps(same, same)


@pytest.mark.parametrize(
    "found",
    [
        outcome(ELSEWHERE),
        outcome(IMPORTED, None, Warned("It will not work.", Severity.DEFECT)),
    ],
)
def test_what_has_no_next_step(found: Outcome) -> None:
    """Another cloud's archive, and one that will not work."""
    assert [] == steps(found)


def test_a_dry_run_has_no_next_step() -> None:
    """There is no file that could be deployed."""
    assert [] == steps(outcome(replace(IMPORTED, dry_run=True)))


def test_a_function_of_a_template() -> None:
    """The template deploys it, under a name that nobody knows before."""
    found = outcome(replace(IMPORTED, function="Api"))._replace(is_declared=True)
    assert [
        "- Deploy Api with the template, or its code alone:",
        f"{UPDATE} --zip-file fileb:///x/my_app.zip",
    ] == steps(found)


def test_another_service() -> None:
    """No commands of Lambda's: AgentCore takes code from a bucket."""
    target = AGENTCORE.target(AGENTCORE.runtimes[-1], "aarch64")
    report = replace(REPORT, target=target, handler_candidates=("main.handler",))
    assert [
        "- Upload it for AgentCore:",
        "    aws s3 cp /x/my_app.zip s3://BUCKET/my_app.zip",
    ] == steps(outcome(report))


def test_several_functions() -> None:
    """The commands of one of them are enough."""
    named = [replace(IMPORTED, function=name) for name in ("api", "worker")]
    found = steps(*map(outcome, named))
    assert "- Deploy api, and the others in the same way:" == found[0]
    assert len(found) == 2


def test_a_table_of_all_functions() -> None:
    """Sizes, INIT and how many warnings; what none of them has is no column."""
    first = outcome(replace(IMPORTED, function="api"), None, Warned("x"), Warned("y"))
    nested = replace(REPORT, function="worker", layout=Layout.NESTED, output_bytes=MB)

    assert [
        "function  unzipped   zipped    INIT  warnings  layout",
        "api        74.4 MB  29.6 MB  0.46 s         2  flat",
        "worker     74.4 MB   1.0 MB                    nested",
    ] == overview([first, outcome(nested)]).lines()
    assert [] == overview([first]).lines()
    assert "INIT" not in overview([outcome(nested)] * 2).lines()[0]
    layers = [outcome(LAYERED), outcome(replace(LAYER_ONLY, function="deps"))]
    assert ["flat and a layer", "layer"] == [
        row.split("MB")[-1].strip() for row in overview(layers).lines()[1:]
    ]
