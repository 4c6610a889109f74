"""The SDK that the runtime has: the whole of it is left out, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.tree.sdk import provided_by
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.tree.sdk import Provided


S3 = "boto3>=1.9;extra=='s3'"
SDK = {
    "boto3": "botocore jmespath s3transfer",
    "botocore": "jmespath python-dateutil urllib3",
    "s3transfer": "botocore",
    "jmespath": "",
    "python_dateutil": "six",
    "urllib3": "",
    "six": "",
}
NAMES = {canonicalize_name(name) for name in SDK}


def installed(directory: Path, **more: str) -> Path:
    """A venv with the SDK, a project that needs it, and others."""
    venv = make_venv(directory / "venv", python="3.13")
    for name, required in {"my_app": "boto3", **SDK, **more}.items():
        lines = "".join(f"Requires-Dist: {each}\n" for each in required.split())
        version = "1.44.5" if name in ("boto3", "botocore") else "1.0"
        install(venv, name, {f"{name}.py": ""}, metadata=lines, version=version)
    return venv


def provided(venv: Path, version: str | None = None) -> Provided:
    distributions = read_distributions([site_packages_of(venv)])
    return provided_by(canonicalize_name("my-app"), version, distributions)


@pytest.mark.parametrize("version", [None, "1.44.5", "1.50.0"])
def test_the_whole_set(tmp_path: Path, version: str | None) -> None:
    """Whatever else is there that needs none of it."""
    found = provided(installed(tmp_path, other="idna"), version)
    assert NAMES == found.names
    assert "" == found.why_not


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"requests": "idna urllib3"}, "requests requires urllib3 as the lock has it"),
        ({"aioboto": "boto3"}, "aioboto requires boto3 as the lock has it"),
        ({"my_app": "boto3 six"}, "the project requires six as the lock has it"),
        (
            {"my_app": "boto3 smart-open[s3]", "smart_open": S3},
            "smart-open requires boto3 as the lock has it",
        ),
    ],
)
def test_a_set_that_something_else_needs_a_part_of(
    tmp_path: Path, more: dict[str, str], why: str
) -> None:
    """The project may need the SDK, and not what the SDK needs."""
    found = provided(installed(tmp_path, **more))
    assert frozenset() == found.names
    assert found.why_not.startswith(f"The AWS SDK is shipped: {why}")


def test_an_extra_that_nobody_asks_for(tmp_path: Path) -> None:
    """What it requires is there for other reasons."""
    found = provided(installed(tmp_path, my_app="boto3 smart-open", smart_open=S3))
    assert NAMES == found.names


@pytest.mark.parametrize("version", ["1.44.4", "1.9.99", "1.44"])
def test_a_newer_one_is_shipped(tmp_path: Path, version: str) -> None:
    """Its newest services are what it is locked for."""
    found = provided(installed(tmp_path), version)
    assert frozenset() == found.names
    assert f"boto3 1.44.5 is newer than the runtime's {version}" in found.why_not


def test_a_version_that_is_none(tmp_path: Path) -> None:
    """What cannot be compared is shipped."""
    venv = make_venv(tmp_path / "venv", python="3.13")
    install(venv, "boto3", {"boto3.py": ""}, version="main")
    assert "boto3 main is newer" in provided(venv, "1.44.5").why_not


def test_what_the_sdk_needs_is_no_sdk(tmp_path: Path) -> None:
    """Without boto3 there is nothing to be left out, and nothing to tell."""
    venv = make_venv(tmp_path / "venv", python="3.13")
    install(venv, "urllib3", {"urllib3.py": ""})
    assert (frozenset(), "") == provided(venv)


def test_what_is_left_to_the_runtime_is_not_in_the_archive(tmp_path: Path) -> None:
    """Nor is its metadata; the report names it."""
    venv = installed(tmp_path, other="idna")
    table = 'runtime = "python3.13"\nexclude-provided = true'
    pyproject = make_project(tmp_path / "project", "my-app", table)
    report = package_venv(venv, pyproject, tmp_path / "function.zip")

    assert NAMES == report.provided.names
    assert {"my-app", "other"} == {each.name for each in report.distributions}


def test_it_is_shipped_unless_asked(tmp_path: Path) -> None:
    pyproject = make_project(tmp_path / "project", "my-app", 'runtime = "python3.13"')
    report = package_venv(installed(tmp_path), pyproject, tmp_path / "function.zip")

    assert NAMES < {each.name for each in report.distributions}
    assert frozenset() == report.provided.names
