"""Python for Windows, with Poetry and this project."""

from __future__ import annotations

import zipfile

from typing import TYPE_CHECKING

import pytest

from tests.e2e.windows.building import VERSION
from tests.e2e.windows.building import compiled
from tests.e2e.windows.building import windows_prefix
from tests.e2e.windows.building import windows_python
from tests.e2e.windows.building import windows_site_packages
from tests.e2e.windows.building import wine_environment
from tests.e2e.windows.running import Windows
from tests.e2e.windows.running import running
from tests.e2e.windows.running import windows_path
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir
from tests.machine import interpreter
from tests.package_index import index_url


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def windows(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    """Python for Windows; each test finds its temporary directory empty."""
    home, prefix = windows_python(), windows_prefix()
    base = tmp_path_factory.mktemp("windows")
    own, temporary = base / "own", base / "temporary"
    temporary.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(own)
    path = compiled(own), windows_site_packages()
    variables = {
        **wine_environment(prefix),
        "PYTHONPATH": ";".join(map(windows_path, path)),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "POETRY_PYPI_MIRROR_URL": index_url(),
        "TEMP": windows_path(temporary),
        "TMP": windows_path(temporary),
    }
    python = home / "python.exe"
    with running(prefix, python):
        yield Windows(python, variables, temporary)


@pytest.fixture(scope="session")
def client_python() -> Path:
    """An interpreter of the version that is packaged for, with AWS's runtime client."""
    return client_environment(interpreter(VERSION), default_cache_dir())
