"""Only some of AWS's services: whose data is shipped, and who asks for which."""

from __future__ import annotations

import sys
import zipfile

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.packaging.aws.calls import Asking
from poetry_plugin_package_function.packaging.aws.calls import asked
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
MODELS = {
    f"{service}/2020-01-01/{file}": "x" * 100
    for service in (
        *("cognito-idp", "dynamodb", "ec2", "elbv2", "events", "s3"),
        *("sagemaker-runtime", "sqs", "sso", "sso-oidc", "stepfunctions", "sts"),
    )
    for file in ("service-2.json.gz", "endpoint-rule-set-1.json.gz", "waiters-2.json")
}
COMMON = ("_retry.json", "endpoints.json", "partitions.json")
BOTOCORE: dict[str, str | bytes] = {
    "botocore/__init__.py": "",
    **{f"botocore/data/{name}": "{}" for name in COMMON},
    **{f"botocore/data/{name}": text for name, text in MODELS.items()},
    "botocore/data/ec2/2019-01-01/service-2.json": "{}",
}
BOTO3: dict[str, str | bytes] = {
    "boto3/__init__.py": "",
    "boto3/data/s3/2020-01-01/resources-1.json": "x" * 10,
    "boto3/data/sqs/2020-01-01/resources-1.json": "x" * 10,
}
LEFT_OUT = ("cognito-idp", "ec2", "elbv2", "events", "sagemaker-runtime", "sqs")


def sdk(directory: Path, **more: str) -> Path:
    """A venv with a small SDK, and modules of the project."""
    venv = make_venv(directory / "venv")
    install(venv, "botocore", BOTOCORE, version="1.44.8")
    install(venv, "boto3", BOTO3, version="1.44.8")
    files = {f"my_app/{name}.py": text for name, text in more.items()}
    files["my_app/__init__.py"] = ""
    install(venv, "my_app", files, metadata="Requires-Dist: boto3\n")
    return venv


def packaged(directory: Path, venv: Path, table: str = "", **flags: Any) -> Report:
    pyproject = make_project(directory / "project", table=table)
    return package_venv(venv, pyproject, directory / "f.zip", **flags)


def names_in(archive: Path, start: str = "") -> list[str]:
    with zipfile.ZipFile(archive) as file:
        return [name for name in file.namelist() if name.startswith(start)]


def services_in(archive: Path) -> set[str]:
    return {
        name.split("/")[2]
        for name in names_in(archive, "botocore/data/")
        if name.count("/") > 2
    }


def test_what_is_shipped(tmp_path: Path) -> None:
    """All files of the services, those for credentials, and what is for all."""
    table = 'aws-services = ["s3", "dynamodb", "stepfunctions"]'
    report = packaged(tmp_path, sdk(tmp_path), table)
    archive = tmp_path / "f.zip"
    names = {"dynamodb", "s3", "stepfunctions"}
    assert names | {"sso", "sso-oidc", "sts"} == services_in(archive)
    for name in COMMON:
        assert f"botocore/data/{name}" in names_in(archive)
    assert ["boto3/data/s3/2020-01-01/resources-1.json"] == names_in(
        archive, "boto3/data/"
    )
    kept = [name for name in MODELS if name.split("/")[0] in services_in(archive)]
    assert {f"botocore/data/{name}" for name in kept} < {*names_in(archive)}
    services = report.aws_services
    assert services is not None
    assert ("dynamodb", "s3", "stepfunctions") == services.names
    assert ("sso", "sso-oidc", "sts") == services.beside
    assert LEFT_OUT == services.left_out
    assert len(LEFT_OUT) * 300 + 2 + 10 == services.left_out_bytes
    assert "" == services.why_not
    assert () == services.askers


def test_records_name_what_is_shipped(tmp_path: Path) -> None:
    packaged(tmp_path, sdk(tmp_path), 'aws-services = ["s3"]')
    with zipfile.ZipFile(tmp_path / "f.zip") as archive:
        for info in ("botocore-1.44.8.dist-info", "boto3-1.44.8.dist-info"):
            record = archive.read(f"{info}/RECORD").decode()
            listed = {line.split(",")[0] for line in record.splitlines()}
            tops = (f"{info.split('-')[0]}/", f"{info}/")
            assert {n for n in archive.namelist() if n.startswith(tops)} == listed


@pytest.mark.parametrize("flags", [["s3,dynamodb"], ["s3", "dynamodb"]])
def test_the_option_is_a_list_like_others(tmp_path: Path, flags: list[str]) -> None:
    """It can be repeated, or have commas, and beats the table."""
    table = 'aws-services = ["sqs"]'
    packaged(tmp_path, sdk(tmp_path), table, **{"aws-services": flags})
    found = services_in(tmp_path / "f.zip")
    assert {"s3", "dynamodb", "sso", "sso-oidc", "sts"} == found


def test_all_takes_the_table_back(tmp_path: Path) -> None:
    """As if there were no such key."""
    venv = sdk(tmp_path)
    plain = packaged(tmp_path, venv)
    table = 'aws-services = ["sqs"]'
    report = packaged(tmp_path, venv, table, **{"aws-services": ["all"]})
    assert report.aws_services is None
    assert plain.sha256 == report.sha256


def test_an_alias_of_botocore(tmp_path: Path) -> None:
    """boto3 takes it for the other name, in code as well."""
    venv = sdk(tmp_path, a='import boto3\nboto3.client("runtime.sagemaker")\n')
    packaged(tmp_path, venv, 'aws-services = ["runtime.sagemaker"]')
    assert "sagemaker-runtime" in services_in(tmp_path / "f.zip")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("S3", " Did you mean 's3'?"),
        ("dynamo-db", " Did you mean 'dynamodb'?"),
        ("dynamodbs", " Did you mean 'dynamodb'?"),
        ("eventbridge", " Did you mean 'events'?"),
        ("AWS_EventBridge", " Did you mean 'events'?"),
        ("step-functions", " Did you mean 'stepfunctions'?"),
        ("sfn", " Did you mean 'stepfunctions'?"),
        ("cognito", " Did you mean 'cognito-idp'?"),
        ("alb", " Did you mean 'elbv2'?"),
        ("msk", ""),
        ("zzz", ""),
    ],
)
def test_a_name_that_botocore_does_not_have(
    tmp_path: Path, name: str, meant: str
) -> None:
    with pytest.raises(SourceError) as caught:
        packaged(tmp_path, sdk(tmp_path), f'aws-services = ["s3", "{name}"]')
    assert (
        f"aws-services: botocore 1.44.8 has no service {name!r}.{meant}",
    ) == caught.value.lines
    assert "there are 12" in caught.value.hint
    assert not (tmp_path / "f.zip").exists()


def test_all_wrong_names_in_one_error(tmp_path: Path) -> None:
    """What `exclude` has left out is no wrong name."""
    table = 'aws-services = ["sqss", "ec2"]\nexclude = ["/botocore/data/ec2/"]'
    with pytest.raises(SourceError) as caught:
        packaged(tmp_path, sdk(tmp_path), table)
    assert (
        "aws-services: `exclude` leaves out the data of 'ec2'.",
        "aws-services: botocore 1.44.8 has no service 'sqss'. Did you mean 'sqs'?",
    ) == caught.value.lines


@pytest.mark.parametrize(
    ("table", "why_not"),
    [
        ("exclude-provided = true", "the AWS SDK is left to the runtime"),
        ('exclude = ["/botocore/data/"]', "botocore's data is not in the package"),
    ],
)
def test_where_there_is_no_data(tmp_path: Path, table: str, why_not: str) -> None:
    """It is said, and no error: a table may be for functions that have it."""
    table = f'aws-services = ["s3"]\nruntime = "python3.11"\n{table}'
    report = packaged(tmp_path, sdk(tmp_path), table)
    assert report.aws_services is not None
    assert report.aws_services.why_not.startswith(why_not)
    assert 0 == report.aws_services.left_out_bytes


def test_without_the_sdk(tmp_path: Path) -> None:
    venv = make_venv(tmp_path / "venv")
    install(venv, "my_app", {"my_app.py": 'import boto3\nboto3.client("sqs")\n'})
    report = packaged(tmp_path, venv, 'aws-services = ["s3"]')
    assert report.aws_services is not None
    assert "botocore's data is not in the package" == report.aws_services.why_not
    assert report.aws_suggestion is None


def test_an_sdk_that_something_else_needs_a_part_of(tmp_path: Path) -> None:
    """It is shipped in spite of `exclude-provided`, so it is cut."""
    venv = sdk(tmp_path)
    install(venv, "other", {"other.py": ""}, metadata="Requires-Dist: botocore\n")
    table = 'aws-services = ["s3"]\nexclude-provided = true\nruntime = "python3.11"'
    report = packaged(tmp_path, venv, table)
    assert report.provided.why_not
    assert {"s3", "sso", "sso-oidc", "sts"} == services_in(tmp_path / "f.zip")


def test_models_of_the_project(tmp_path: Path) -> None:
    """What `include` puts beside botocore's stays: somebody wants it there."""
    pyproject = make_project(
        tmp_path / "project",
        table='aws-services = ["s3"]\n'
        'include = [{ include = "mine", to = "botocore/data" }]',
    )
    write_files(pyproject.parent, {"mine/2020-01-01/service-2.json": "{}"})
    package_venv(sdk(tmp_path), pyproject, tmp_path / "f.zip")
    assert "mine" in services_in(tmp_path / "f.zip")


@pytest.mark.parametrize("key", ["layer", "layer-only"])
def test_a_layer_is_cut_too(tmp_path: Path, key: str) -> None:
    """The project's code is looked at, though it is not in it."""
    venv = sdk(tmp_path, a='import boto3\nboto3.client("s3")\n')
    table = f'aws-services = ["s3"]\n{key} = true'
    report = packaged(tmp_path, venv, table)
    layer = report.layer.output_file if report.layer else report.output_file
    found = names_in(layer, "python/botocore/data/")
    assert "python/botocore/data/endpoints.json" in found
    assert not [name for name in found if "/sqs/" in name]
    with pytest.raises(SourceError, match=r"a\.py:2 asks for s3"):
        packaged(tmp_path, venv, f'aws-services = ["sqs"]\n{key} = true')


def test_a_nested_sdk_is_cut_too(tmp_path: Path) -> None:
    venv = sdk(tmp_path)
    install(venv, "large", {"large.py": "#" * 100_000})
    table = 'aws-services = ["s3"]\nnest = ["botocore"]'
    limit = 262_144_000
    report = packaged(tmp_path, venv, table, layers_size=limit - 90_000)
    assert report.nested is not None
    nested = {name for unit in report.nested.units for name in unit.names}
    assert "botocore" in nested
    names = {entry.name for unit in report.nested.units for entry in unit.entries} | {
        *names_in(tmp_path / "f.zip")
    }
    assert "botocore/data/s3/2020-01-01/service-2.json.gz" in names
    assert "botocore/data/sqs/2020-01-01/service-2.json.gz" not in names


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('boto3.client("sqs")', {"sqs": (1,)}),
        ('boto3.resource("s3")', {"s3": (1,)}),
        ('boto3.client(service_name="sqs")', {"sqs": (1,)}),
        ('boto3.client(region_name="eu-west-1", service_name="sqs")', {"sqs": (1,)}),
        ('x = boto3.Session(profile_name="a").client("sqs")', {"sqs": (1,)}),
        ('def f(s):\n    return s.resource("s3")', {"s3": (2,)}),
        ('botocore.session.get_session().create_client("s3")', {"s3": (1,)}),
        (
            "async def f():\n  async with aioboto3.Session().client('s3') as s3: pass",
            {"s3": (2,)},
        ),
        ('boto3.client(\n  "s3"\n)\nboto3.client("s3")', {"s3": (1, 4)}),
        ('from boto3 import client\nclient("s3")', {"s3": (2,)}),
        ('from boto3 import client as c\nc("s3")', {"s3": (2,)}),
        ('from boto3 import resource\nresource("s3")', {"s3": (2,)}),
        ('NAME = "s3"\nboto3.client(NAME)', {"s3": (2,)}),
        ('NAME: str = "s3"\nboto3.client(NAME)', {"s3": (2,)}),
        ('boto3.client("s3" if x else "sqs")', {"s3": (1,), "sqs": (1,)}),
        ('boto3.client("s3").get_paginator("list_objects_v2")', {"s3": (1,)}),
        ('boto3.Session().get_available_regions("ec2")', {"ec2": (1,)}),
        ("self.client = make()\nself.client.put(1)\nuse(self.client)", {}),
        ("table.meta.client.put(1)", {}),
        ("app.test.client()", {}),
        ('client("s3")', {}),
        ("import boto3", {}),
    ],
)
def test_what_a_source_asks_for(source: str, expected: dict[str, Any]) -> None:
    """By literals, wherever they are, and by nothing else."""
    found = asked(source.encode())
    assert expected == found.lines
    assert found.is_all


@pytest.mark.parametrize(
    "source",
    [
        "boto3.client(name)",
        "boto3.client(f'{a}')",
        "boto3.client(*args)",
        "boto3.client(**settings)",
        'boto3.client(region_name="eu-west-1", **settings)',
        "boto3.client('s3' if x else name)",
        'NAME = "s3"\nNAME = "sqs"\nboto3.client(NAME)',
        'NAME = "s3"\ndef f(NAME): boto3.client(NAME)',
        "NAME = NAME\nboto3.client(NAME)",
        "make = boto3.client",
        "partial(boto3.client, 's3')",
        "from boto3 import client\nmake = client",
        "getattr(boto3, 'client')('s3')",
        "getattr(boto3, kind)('s3')  # client or resource",
        "boto3.client(",
    ],
)
def test_what_cannot_be_known(source: str) -> None:
    assert not asked(source.encode()).is_all


def test_the_project_asks_for_what_is_left_out(tmp_path: Path) -> None:
    """All places in one error, with the line to write."""
    venv = sdk(
        tmp_path,
        a='import boto3\n\n\nqueue = boto3.resource("sqs")\nboto3.client("s3")\n',
        b='def f(session):\n    return session.client(service_name="ec2")\n',
    )
    with pytest.raises(SourceError) as caught:
        packaged(tmp_path, venv, 'aws-services = ["s3"]')
    assert (
        "The project asks for services that `aws-services` leaves out:",
        "  my_app/a.py:4 asks for sqs",
        "  my_app/b.py:2 asks for ec2",
    ) == caught.value.lines
    assert caught.value.hint.startswith('Write aws-services = ["ec2", "s3", "sqs"] in')


def test_what_is_no_service_is_not_asked_for(tmp_path: Path) -> None:
    """Others have methods of that name, too."""
    venv = sdk(tmp_path, a='api.resource("orders")\nclient.client("redis")\n')
    packaged(tmp_path, venv, 'aws-services = ["s3"]')


def test_sources_that_are_no_modules_hide_nothing(tmp_path: Path) -> None:
    """Such as a `__main__.py` at the top, or numbered scripts."""
    venv = sdk(tmp_path, a='import boto3\nboto3.client("sqs")\n')
    write_files(site_packages_of(venv), {"__main__.py": "", "steps/1.init.py": ""})
    with pytest.raises(SourceError, match=r"a\.py:2 asks for sqs"):
        packaged(tmp_path, venv, 'aws-services = ["s3"]')


@pytest.mark.parametrize("more", ["", "font = 'Roboto'\n"])
def test_code_without_the_sdk_is_no_error(tmp_path: Path, more: str) -> None:
    """It may ask somebody else: the report has it."""
    source = f'{more}api.resource("ec2")\nhttp.client("events")\n'
    venv = sdk(tmp_path, a=source)
    report = packaged(tmp_path, venv, 'aws-services = ["s3"]')
    assert report.aws_services is not None
    lines = {each.service: each.line for each in report.aws_services.askers}
    first = source.count("\n") - 1
    assert {"ec2": first, "events": first + 1} == lines


@pytest.mark.parametrize(
    "mention",
    [
        *("import aioboto3", "from . import boto", "import mypy_boto3_sqs"),
        "def f(session): session.client('s3')",
    ],
)
def test_code_that_mentions_the_sdk_is_an_error(tmp_path: Path, mention: str) -> None:
    """However it comes by it."""
    venv = sdk(tmp_path, a=f'{mention}\nx.client("sqs")\n')
    with pytest.raises(SourceError, match=r"a\.py:2 asks for sqs"):
        packaged(tmp_path, venv, 'aws-services = ["s3"]')


def test_only_what_the_handler_leads_to_counts(tmp_path: Path) -> None:
    """Several functions may share a package; the report has what the others ask for."""
    venv = sdk(
        tmp_path,
        orders="from my_app import queues\ndef handler(e, c): queues\n",
        queues='import boto3\nboto3.client("s3")\n',
        users='import boto3\nboto3.client("ec2")\n',
    )
    table = 'aws-services = ["s3"]\nplatform = "manylinux_2_28_aarch64"'
    report = packaged(tmp_path, venv, table, handler="my_app.orders.handler")
    assert report.aws_services is not None
    assert (Asking("ec2", "my_app/users.py", 2),) == report.aws_services.askers
    with pytest.raises(SourceError, match=r"users\.py:2 asks for ec2"):
        packaged(tmp_path, venv, table)
    table = table.replace("s3", "sqs")
    with pytest.raises(SourceError, match=r"queues\.py:2 asks for s3") as caught:
        packaged(tmp_path, venv, table, handler="my_app.orders.handler")
    assert 2 == len(caught.value.lines)


def test_what_dependencies_ask_for_is_in_the_report(tmp_path: Path) -> None:
    """They may never run it, so it is no error; the SDK's own words do not count."""
    venv = sdk(tmp_path)
    files = {
        "tools/__init__.py": 'import boto3\n\nboto3.client("ec2")\n',
        "tools/other.py": 'x.client("sqs")\n',
    }
    install(venv, "tools", files, metadata="Requires-Dist: boto3\n")
    report = packaged(tmp_path, venv, 'aws-services = ["s3"]')
    assert report.aws_services is not None
    expected = Asking("ec2", "tools/__init__.py", 3, "tools")
    assert (expected,) == report.aws_services.askers


LARGE = {
    f"botocore/data/{name}/2020-01-01/service-2.json": "x" * 600_000
    for name in ("rds", "glue", "s3")
}


def suggestion(directory: Path, more: str = "", **modules: str) -> tuple[str, ...]:
    """What would do, for a project with these modules; () if nothing is said."""
    venv = make_venv(directory / "venv")
    install(venv, "botocore", {**BOTOCORE, **LARGE}, version="1.44.8")
    files = {f"my_app/{name}.py": text for name, text in modules.items()}
    install(venv, "my_app", files)
    install(venv, "tools", {"tools.py": more})
    report = packaged(directory, venv)
    assert report.aws_services is None
    found = report.aws_suggestion
    assert found is None or found.left_out_bytes > 1_200_000
    return found.names if found else ()


def test_what_would_do_if_all_is_known(tmp_path: Path) -> None:
    two = suggestion(
        tmp_path,
        a='import boto3\nboto3.client("s3")',
        b='import boto3\nboto3.resource("dynamodb")\nx.client("redis")',
    )
    assert ("dynamodb", "s3") == two


@pytest.mark.parametrize(
    ("more", "source"),
    [
        ("", "boto3.client(name)"),
        ("import boto3", 'boto3.client("s3")'),
        ("# as botocore does", 'boto3.client("s3")'),
        ("", "import boto3"),
        ("", 'x.client("redis")'),
        ("#" * (17 << 20), 'boto3.client("s3")'),
    ],
)
def test_nothing_is_said_of_what_is_not_known(
    tmp_path: Path, more: str, source: str
) -> None:
    assert () == suggestion(tmp_path, more, a=source)


def test_nothing_is_said_of_modules_without_a_source(tmp_path: Path) -> None:
    venv = make_venv(tmp_path / "venv")
    install(venv, "botocore", {**BOTOCORE, **LARGE}, version="1.44.8")
    files: dict[str, str | bytes] = {"my_app/a.py": 'boto3.client("s3")'}
    install(venv, "my_app", {**files, "my_app/b.so": b"\0"})
    assert packaged(tmp_path, venv, "no-audit = true").aws_suggestion is None


def test_nothing_is_said_where_it_would_save_little(tmp_path: Path) -> None:
    venv = sdk(tmp_path, a='boto3.client("s3")')
    assert packaged(tmp_path, venv).aws_suggestion is None


UNKNOWN = """\
class UnknownServiceError(Exception):
    pass
def client(name):
    raise UnknownServiceError(f"Unknown service: '{name}'. Valid service names are: s3")
"""


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ('aws-services = ["s3"]', 'Write aws-services = ["s3", "sqs"] in'),
        ("", "Fix what the traceback shows."),
    ],
)
def test_a_handler_that_puts_a_name_together(
    tmp_path: Path, table: str, expected: str
) -> None:
    """Its import finds it, and the error has the line to write."""
    venv = make_venv(tmp_path / "venv", python=PYTHON)
    (venv / "bin").mkdir()
    (venv / "bin/python").symlink_to(sys.executable)
    install(venv, "botocore", BOTOCORE, version="1.44.8")
    install(venv, "boto3", {"boto3.py": UNKNOWN}, version="1.44.8")
    source = 'import boto3\nboto3.client("s" + "qs")\ndef handler(e, c): pass\n'
    install(venv, "my_app", {"my_app.py": source})
    with pytest.raises(VerifyError) as caught:
        packaged(tmp_path, venv, table, handler="my_app.handler")
    assert "Unknown service: 'sqs'" in caught.value.reason
    assert caught.value.hint.startswith(expected)
