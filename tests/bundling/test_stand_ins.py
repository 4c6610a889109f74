"""The lock's AWS SDK, added to an environment for the import of a handler."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field
from types import SimpleNamespace
from typing import TYPE_CHECKING
from typing import Any

import pytest

from packaging.markers import default_environment

from poetry_plugin_package_function.bundling.stand_ins import add_stand_ins
from poetry_plugin_package_function.packaging.sources.wheel_directory import wheels_in
from tests.bundling.projects import Locked
from tests.bundling.projects import bundle
from tests.bundling.projects import bundles
from tests.bundling.projects import locked
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.core.packages.package import Package


PYPROJECT = """\
[project]
name = "my-app"
version = "1.0"
requires-python = ">=3.10,<4.0"

[dependency-groups]
dev = ["boto3"]

[tool.poetry-plugin-package-function]
"""
BESIDE = ("jmespath", "s3transfer", "urllib3")
SDK = (
    *(Locked(name, groups=("dev",)) for name in ("boto3", "botocore", *BESIDE)),
    Locked("moto", groups=("dev",)),
)


@dataclass
class Executor:
    """Has a wheel of all that is asked for, but of what it cannot have.

    Attributes:
        directory: Where its wheels are.
        refused: What it has none of.
        asked: What it has been asked for.
        pins: The hashes of its wheels.
    """

    directory: Path
    refused: tuple[str, ...] = ()
    asked: list[str] = field(default_factory=list)
    pins: dict[Path, str] = field(default_factory=dict)

    def download_wheel(self, package: Package) -> Path | None:
        """See `CachedExecutor`."""
        self.asked.append(f"{package.name} {package.version}")
        if package.name in self.refused:
            raise OSError
        if package.name == "unpinned":
            return None
        name = f"{package.name}-{package.version}-py3-none-any.whl"
        wheel = write_files(self.directory, {name: package.name}) / name
        self.pins[wheel] = f"sha256:{package.name}"
        return wheel


def added(
    directory: Path, *packages: Locked, there: tuple[str, ...] = (), **options: Any
) -> tuple[set[str], list[str]]:
    """What is in an environment then, and what has been asked for."""
    write_files(directory, {"pyproject.toml": PYPROJECT})
    poetry = locked(directory, *packages)
    executor = Executor(directory / "cache", **options)
    env = SimpleNamespace(path=directory / "venv", marker_env=default_environment())
    listener = SimpleNamespace(phase=lambda _: None)
    arguments: Any = (poetry, executor, env, {*there}, listener)
    names = add_stand_ins(*arguments)
    found = {each.path.name.partition("-")[0] for each in wheels_in(env.path)}
    assert names == found
    return found, executor.asked


def test_what_is_not_there_is_added(tmp_path: Path) -> None:
    """The SDK, and nothing else of its group."""
    found, _ = added(tmp_path, *SDK, there=("urllib3", "requests"))
    assert {"boto3", "botocore", "jmespath", "s3transfer"} == found


@pytest.mark.parametrize(
    ("packages", "there"),
    [
        ((), ()),
        (SDK, tuple(each.name for each in SDK)),
        ((Locked("urllib3", groups=("dev",)), Locked("six")), ()),
    ],
    ids=["no lock", "all is there", "no SDK"],
)
def test_what_needs_nothing_downloads_nothing(
    tmp_path: Path, packages: tuple[Locked, ...], there: tuple[str, ...]
) -> None:
    """Other users of the SDK's own dependencies are no reason."""
    assert (set(), []) == added(tmp_path, *packages, there=there)


def test_what_cannot_be_had_is_no_error(tmp_path: Path) -> None:
    """All else is there."""
    found, asked = added(tmp_path, *SDK, refused=("botocore", "urllib3"))
    assert {"boto3", "jmespath", "s3transfer"} == found
    assert 5 == len(asked)


def test_of_several_versions_the_newest_is_taken(tmp_path: Path) -> None:
    """As one for older Pythons may be there, too."""
    other = Locked("urllib3", "2.0", groups=("dev",))
    _, asked = added(tmp_path, *SDK, other)
    assert "urllib3 2.0" in asked
    assert "urllib3 1.0" not in asked


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), False),
        (("--handler", "a.b", "--platform", "host"), True),
        (("--handler", "a.b", "--target", "agentcore"), False),
        (("--handler", "a.b", "--platform", "manylinux_2_99_x86_64"), False),
    ],
)
def test_who_imports_a_handler_has_them(
    tmp_path: Path, arguments: tuple[str, ...], expected: bool
) -> None:
    """Of Lambda's, and on this machine."""
    write_files(tmp_path, {"pyproject.toml": PYPROJECT})
    poetry = locked(tmp_path, *SDK)
    assert expected is bundle(poetry, *arguments).stand_ins


def test_each_function_says_so_for_itself(tmp_path: Path) -> None:
    """They share an environment all the same."""
    table = "[tool.poetry-plugin-package-function.functions"
    text = f'{PYPROJECT}platform = "host"\n{table}.a]\nhandler = "a.b"\n{table}.b]\n'
    write_files(tmp_path, {"pyproject.toml": text})
    assert [True, False] == [each.stand_ins for each in bundles(locked(tmp_path, *SDK))]
