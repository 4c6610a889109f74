"""What all end-to-end tests share."""

from __future__ import annotations

import sys

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.environments import cached_environment
from tests.e2e.environments import own_requirements
from tests.e2e.environments import own_wheel
from tests.e2e.environments import pip
from tests.e2e.forking import fork_server_of
from tests.e2e.projects import small_project
from tests.e2e.running import BIN
from tests.e2e.running import Poetry
from tests.e2e.running import clean_environment
from tests.lambda_runtime import client_environment
from tests.lambda_runtime import default_cache_dir


if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def poetry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Poetry]:
    """The Poetry of the environment that runs the tests, imported once."""
    base = tmp_path_factory.mktemp("poetry")
    scratch = base / "tmp"
    scratch.mkdir()
    command = str(BIN / "poetry")
    env = clean_environment(base)
    with fork_server_of(command, env) as forks:
        yield Poetry((command,), env, scratch, forks)


@pytest.fixture
def isolated(poetry: Poetry, tmp_path: Path) -> Poetry:
    """Poetry with a cache of its own.

    For sources that exist in one test only: Poetry's cache knows them by name.
    """
    return poetry.having(POETRY_CACHE_DIR=str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def small(poetry: Poetry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that is locked; tests write their results elsewhere."""
    return poetry.lock(small_project(tmp_path_factory.mktemp("small")))


@pytest.fixture(scope="session")
def ordinary(
    poetry: Poetry, small: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The archive of the small project that an ordinary run makes."""
    archive = tmp_path_factory.mktemp("ordinary") / "my_app.zip"
    poetry.package(small, "--output", str(archive)).well()
    return archive


@pytest.fixture(scope="session")
def client_python() -> Path:
    """The interpreter that has AWS's runtime client."""
    return client_environment(Path(sys.executable), default_cache_dir())


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this project."""
    return own_wheel(tmp_path_factory.mktemp("own"))


@pytest.fixture(scope="session")
def poetry_2_1(
    poetry: Poetry, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Poetry:
    """The oldest Poetry that is supported, with this project beside it."""
    python = cached_environment("poetry-2.1", "poetry==2.1.*", *own_requirements())
    ours = tmp_path_factory.mktemp("ours")
    pip("install", "--no-deps", "--target", str(ours), str(wheel))
    old = replace(poetry, command=(str(python.parent / "poetry"),))
    return old.having(PYTHONPATH=str(ours))
