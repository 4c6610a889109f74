"""Real SDKs of which only some services are packaged: these work, others are told."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import threading
import zipfile

from functools import partial
from http.server import BaseHTTPRequestHandler
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.aws.data import FOR_CREDENTIALS
from poetry_plugin_package_function.packaging.sources.wheel_directory import put
from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.result import Report


PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NEWEST = "boto3==1.44.8"
OLDER = ("boto3==1.26.0", "boto3==1.33.0", "boto3==1.38.46", "boto3==1.41.5")
"""botocore 1.29.0 has JSON, 1.33.0 compresses it, and 1.41 has `signin`."""

SERVICES = ("cloudwatch", "dynamodb", "ec2", "events", "lambda", "s3")

SURFACE = f"""
import json, sys
sys.path[:0] = sys.argv[1:]
import boto3
found = {{}}
for name in {SERVICES}:
    client = boto3.client(name)
    operations = sorted(client.meta.method_to_api_mapping)
    found[name] = {{
        "operations": operations,
        "pages": [each for each in operations if client.can_paginate(each)],
        "waiters": client.waiter_names,
        "versions": boto3.Session()._loader.list_api_versions(name, "service-2"),
        "endpoint": client.meta.endpoint_url,
        "regions": boto3.Session().get_available_regions(name),
    }}
    for each in client.waiter_names:
        client.get_waiter(each)
resources = boto3.Session().get_available_resources()
found["resources"] = [each for each in resources if each in {SERVICES}]
for each in found["resources"]:
    boto3.resource(each)
print(json.dumps(found))
"""

CALLS = """
import io, json, sys
archive, url = sys.argv[1:]
sys.path.insert(0, archive)
import boto3
from boto3.exceptions import ResourceNotExistsError
from botocore.exceptions import UnknownServiceError
client = boto3.client("s3", endpoint_url=url)
pages = client.get_paginator("list_objects_v2").paginate(Bucket="b")
keys = [each["Key"] for page in pages for each in page["Contents"]]
client.get_waiter("bucket_exists").wait(Bucket="b")
client.upload_fileobj(io.BytesIO(b"a" * 1000), "b", "new")
bucket = boto3.resource("s3", endpoint_url=url).Bucket("b")
listed = [each.key for each in bucket.objects.all()]
identity = boto3.client("sts", endpoint_url=url).get_caller_identity()["Account"]
boto3.client("sso"), boto3.client("sso-oidc")
errors = []
for ask in (boto3.client, boto3.resource):
    try:
        ask("sqs")
    except (UnknownServiceError, ResourceNotExistsError) as error:
        errors.append(str(error))
services = boto3.Session().get_available_services()
print(json.dumps([keys, listed, identity, services, errors]))
"""

ASYNCHRONOUS = """
import asyncio, json, sys
archive, url = sys.argv[1:]
sys.path.insert(0, archive)
from aiobotocore.session import get_session
from botocore.exceptions import UnknownServiceError
async def main():
    session = get_session()
    async with session.create_client("s3", endpoint_url=url) as client:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="b")
        keys = [each["Key"] async for page in pages for each in page["Contents"]]
        await client.get_waiter("bucket_exists").wait(Bucket="b")
    session.warm_up_loader_caches()
    try:
        async with session.create_client("sqs"):
            pass
    except UnknownServiceError as error:
        return keys, str(error)
print(json.dumps(asyncio.run(main())))
"""

XML = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
LIST = (
    f"<ListBucketResult {XML}>{{}}<Contents><Key>{{}}</Key></Contents>"
    "</ListBucketResult>"
)
MORE = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>42</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class Cloud(BaseHTTPRequestHandler):
    """Answers as S3 and STS do: a bucket of two pages, and who one is."""

    protocol_version = "HTTP/1.1"

    def answer(self, text: str = "") -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Content-Type", "text/xml")
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self) -> None:
        is_last = "continuation-token" in self.path or "list-type" not in self.path
        self.answer(LIST.format("" if is_last else MORE, "two" if is_last else "one"))

    def do_POST(self) -> None:
        self.answer(IDENTITY)

    def do_HEAD(self) -> None:
        self.answer()

    def do_PUT(self) -> None:
        self.answer()

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cloud)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def wheels_of(*pins: str) -> list[Path]:
    """Downloads distributions with what they require, or finds them."""
    digest = hashlib.sha256(repr((pins, PYTHON)).encode()).hexdigest()[:12]
    home = built_once(kept_directory("wheels") / f"aws-{digest}", partial(fetch, pins))
    return sorted(home.glob("*.whl"))


def fetch(pins: tuple[str, ...], directory: Path) -> None:
    done = run_apart(
        [
            *(sys.executable, "-m", "pip", "download", "--dest", str(directory)),
            *("--disable-pip-version-check", "--no-input", "--quiet"),
            *("--only-binary=:all:", *pins),
        ]
    )
    assert done.returncode == 0, tail(done.stdout)


def packaged(directory: Path, *pins: str, table: str) -> Report:
    venv = make_venv(directory / "venv", python=PYTHON)
    for wheel in wheels_of(*pins):
        put(venv, wheel, None)
    install(venv, "my_app", {"my_app.py": ""})
    pyproject = make_project(directory / "project", table=table)
    report = package_venv(venv, pyproject, directory / "f.zip")
    with zipfile.ZipFile(directory / "f.zip") as archive:
        archive.extractall(directory / "task")
    return report


def run(directory: Path, script: str, *arguments: str) -> Any:
    """What a script prints, with no settings of this machine's."""
    environment = {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "HOME": str(directory),
        "PATH": os.defpath,
    }
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-c", script, *arguments],
        env=environment,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


VERSIONS = [NEWEST, *(pytest.param(each, marks=pytest.mark.large) for each in OLDER)]


@pytest.mark.slow
@pytest.mark.parametrize("pin", VERSIONS)
def test_what_is_packaged_works(tmp_path: Path, cloud: str, pin: str) -> None:
    """Calls, pages, waiters, uploads and resources; for the rest botocore's error."""
    packaged(tmp_path, pin, table='aws-services = ["s3"]')
    keys, listed, identity, services, errors = run(
        tmp_path, CALLS, str(tmp_path / "task"), cloud
    )
    assert ["one", "two"] == keys
    assert ["two"] == listed[-1:]
    assert "42" == identity
    assert "s3" in services
    assert {"s3", *FOR_CREDENTIALS} >= {*services}
    assert errors[0].startswith("Unknown service: 'sqs'. Valid service names are:")
    assert errors[1].startswith("The 'sqs' resource does not exist.")


@pytest.mark.slow
@pytest.mark.parametrize("pin", VERSIONS)
def test_services_are_what_they_are_among_all(tmp_path: Path, pin: str) -> None:
    """The same operations, pages, waiters, endpoints, regions and resources."""
    table = f"aws-services = {json.dumps(SERVICES)}"
    report = packaged(tmp_path, pin, table=table)
    found = run(tmp_path, SURFACE, str(tmp_path / "task"))
    others = [str(each) for each in wheels_of(pin)]
    for wheel in others:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "all")
    assert run(tmp_path, SURFACE, str(tmp_path / "all")) == found
    assert {"dynamodb", "ec2", "s3"} <= {*found["resources"]}
    assert report.aws_services is not None
    assert len(report.aws_services.left_out) > 300
    assert report.aws_services.left_out_bytes > 10_000_000


CREATES = {"create_client", "create_nested_client", "_client_creator"}


def literals(source: bytes) -> set[str]:
    """The texts that what creates clients is given by place."""
    return {
        argument.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", "")) in CREATES
        for argument in node.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


@pytest.mark.slow
@pytest.mark.parametrize("pin", VERSIONS)
def test_botocore_asks_for_no_others_itself(pin: str) -> None:
    """The services for credentials are all that its sources, and boto3's, name."""
    names: set[str] = set()
    for wheel in wheels_of(pin):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.startswith("boto") and name.endswith(".py"):
                    names |= literals(archive.read(name))
    assert FOR_CREDENTIALS - {"signin"} <= names <= FOR_CREDENTIALS


@pytest.mark.slow
def test_aiobotocore(tmp_path: Path, cloud: str) -> None:
    packaged(tmp_path, "aiobotocore==3.10.0", table='aws-services = ["s3"]')
    keys, error = run(tmp_path, ASYNCHRONOUS, str(tmp_path / "task"), cloud)
    assert ["one", "two"] == keys
    assert error.startswith("Unknown service: 'sqs'. Valid service names are: s3, s")


@pytest.mark.slow
def test_it_is_worth_it(tmp_path: Path) -> None:
    """A function of boto3 alone: a third of the ZIP at most, for S3."""
    (tmp_path / "all").mkdir()
    all_of_it = packaged(tmp_path / "all", NEWEST, table="")
    some = packaged(tmp_path, NEWEST, table='aws-services = ["s3"]')
    assert some.output_bytes < 0.35 * all_of_it.output_bytes
