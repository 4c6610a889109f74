"""Wheels of well-known libraries for several platforms, downloaded once and kept."""

from __future__ import annotations

import hashlib
import sys

from functools import partial
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from tests.lambda_runtime.building import built_once
from tests.lambda_runtime.building import kept_directory
from tests.lambda_runtime.building import run_apart
from tests.lambda_runtime.building import tail


if TYPE_CHECKING:
    from pathlib import Path


class Download(NamedTuple):
    """What is asked for at once.

    Attributes:
        platforms: The tags of wheels that will do.
        pins: Exact versions.
    """

    platforms: tuple[str, ...]
    pins: tuple[str, ...]


_COMMON: Final = (
    *("cryptography==44.0.3", "grpcio==1.71.0", "lxml==5.4.0", "numpy==2.2.6"),
    *("orjson==3.10.18", "pandas==2.2.3", "psycopg-binary==3.2.9"),
    "pydantic-core==2.33.2",
)


def glibc(machine: str, *pins: str) -> Download:
    """Wheels for Amazon Linux 2023."""
    names = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_17", "manylinux2014")
    platforms = tuple(f"{name}_{machine}" for name in names)
    return Download(platforms, pins or (*_COMMON, "opencv-python-headless==4.11.0.86"))


def musl(machine: str) -> Download:
    """Wheels for Alpine Linux."""
    names = ("musllinux_1_2", "musllinux_1_1")
    return Download(tuple(f"{name}_{machine}" for name in names), _COMMON)


class DownloadError(RuntimeError):
    """The wheels could not be had."""


def real_wheels(download: Download) -> list[Path]:
    """Downloads wheels for CPython 3.13, or finds them; nobody may change them."""
    digest = hashlib.sha256(repr(download).encode()).hexdigest()[:12]
    home = built_once(kept_directory("wheels") / digest, partial(_fetch, download))
    return sorted(home.glob("*.whl"))


def _fetch(download: Download, directory: Path) -> None:
    platforms = [f"--platform={each}" for each in download.platforms]
    done = run_apart(
        [
            *(sys.executable, "-m", "pip", "download", "--dest", str(directory)),
            *("--disable-pip-version-check", "--no-input", "--quiet", "--no-deps"),
            *("--only-binary=:all:", "--python-version=3.13", *platforms),
            *download.pins,
        ]
    )
    if done.returncode != 0:
        raise DownloadError(tail(done.stdout))
