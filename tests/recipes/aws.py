"""AWS's command line, and a server on this machine that answers it (moto).

Its Lambda stores functions and layers, computes their hashes and says what Lambda says
of them. It is not asked to run one: that would take Docker. It does not check
signatures, so that tests ask it without a client, in a moment.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
import urllib.parse
import urllib.request

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

from tests.e2e.environments import cached_environment
from tests.recipes.pages import RUNTIME


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path


EMPTY_ZIP = b"PK\5\6" + bytes(18)
BUCKET = "my-deployments"
ROLE = "greeter"
REGION = "us-east-1"
_LIMIT_S = 60
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
# Those that AWS itself has, such as AWSLambdaBasicExecutionRole.
_POLICIES = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def aws_commands() -> Path:
    """The directory of `aws` and `moto_server`."""
    python = cached_environment(
        "recipes-aws-cli",
        "awscli>=1.40,<2",
        "moto[awslambda,iam,s3,server]>=5.1,<6",
    )
    return python.parent


@dataclass(frozen=True)
class Account:
    """An account on that server.

    Attributes:
        address: The server's.
        env: The variables that send AWS's tools there.
    """

    address: str
    env: Mapping[str, str]

    def ask(
        self, service: str, method: str, path: str, body: bytes | None = None
    ) -> bytes:
        """Sends a request to a service; the body of the answer."""
        scope = f"20260101/{REGION}/{service}/aws4_request"
        request = urllib.request.Request(
            f"{self.address}{path}",
            data=body,
            method=method,
            headers={
                "Authorization": f"AWS4-HMAC-SHA256 Credential=testing/{scope},"
                " SignedHeaders=host, Signature=0",
                "Content-Type": "application/x-www-form-urlencoded"
                if service == "iam"
                else "application/json",
            },
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=_LIMIT_S) as answer:
            content: bytes = answer.read()
        return content

    def of_lambda(self, path: str) -> Any:
        """What Lambda answers to a GET, such as `functions/greeter/configuration`."""
        return self._lambda("GET", path)

    def create_function(self, name: str, archive: bytes) -> None:
        """Makes a function that has this code and is otherwise like any."""
        self._lambda(
            "POST",
            "functions",
            FunctionName=name,
            Runtime=RUNTIME,
            Role=f"arn:aws:iam::123456789012:role/{ROLE}",
            Handler="greeter.handler.handler",
            Code={"ZipFile": base64.b64encode(archive).decode()},
        )

    def change_code(self, name: str, archive: bytes) -> None:
        """Gives a function another code."""
        content = base64.b64encode(archive).decode()
        self._lambda("PUT", f"functions/{name}/code", ZipFile=content)

    def _lambda(self, method: str, path: str, **body: object) -> Any:
        # The API for layers came later.
        version = "2018-10-31" if path.startswith("layers/") else "2015-03-31"
        content = json.dumps(body).encode() if body else None
        return json.loads(self.ask("lambda", method, f"/{version}/{path}", content))


@contextmanager
def serving(directory: Path) -> Iterator[Account]:
    """Serves an account with the role and the bucket of the pages.

    Args:
        directory: Where what it says goes.
    """
    log = directory / "moto.log"
    with log.open("wb") as stream:
        server = subprocess.Popen(
            [aws_commands() / "moto_server", "-H", "127.0.0.1", "-p", "0"],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**_account(directory), **_POLICIES},
        )
    try:
        address = _address(server, log)
        env = {**_account(directory), "AWS_ENDPOINT_URL": address}
        account = Account(address, env)
        role = {"RoleName": ROLE, "AssumeRolePolicyDocument": json.dumps(_TRUST)}
        query = {"Action": "CreateRole", "Version": "2010-05-08", **role}
        account.ask("iam", "POST", "/", urllib.parse.urlencode(query).encode())
        account.ask("s3", "PUT", f"/{BUCKET}")
        yield account
    finally:
        server.terminate()
        server.wait(_LIMIT_S)


def _account(directory: Path) -> dict[str, str]:
    """Nothing of what the machine has configured for AWS."""
    nowhere = str(directory / "none")
    return {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": nowhere,
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
        "NO_PROXY": "127.0.0.1",
        "LC_ALL": "C.UTF-8",
    }


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    end_s = time.monotonic() + _LIMIT_S
    while time.monotonic() < end_s and server.poll() is None:
        found = _ADDRESS.search(log.read_text())
        if found is not None:
            return found.group()
        time.sleep(0.05)
    raise AssertionError(log.read_text())
