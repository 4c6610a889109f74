"""Well-known libraries, installed once and kept, for handlers that import them."""

from __future__ import annotations

import hashlib
import sys

from typing import TYPE_CHECKING
from typing import Final

from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail


if TYPE_CHECKING:
    from pathlib import Path


_REQUIREMENTS: Final = (
    *("boto3>=1.40,<2", "pydantic-settings>=2.10,<3", "environs>=14,<16"),
    *("requests>=2.32,<3", "httpx>=0.28,<1", "starlette>=0.47,<2"),
    *("pymysql>=1.1,<2", "psycopg[binary]>=3.2,<4", "redis>=6,<8"),
)


class InstallError(RuntimeError):
    """The libraries could not be had."""


def libraries() -> Path:
    """A directory with them, for this interpreter; nobody may change it."""
    what = (sys.version, sys.platform, _REQUIREMENTS)
    digest = hashlib.sha256(repr(what).encode()).hexdigest()[:12]
    return built_once(kept_directory("libraries") / digest, _install)


def _install(directory: Path) -> None:
    done = run_apart(
        [
            *(sys.executable, "-m", "pip", "install", "--target", str(directory)),
            *("--disable-pip-version-check", "--no-input", "--quiet"),
            *("--only-binary=:all:", *_REQUIREMENTS),
        ]
    )
    if done.returncode != 0:
        raise InstallError(tail(done.stdout))
