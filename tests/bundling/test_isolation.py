"""What surrounds Poetry while it builds is as before when it has."""

from __future__ import annotations

import os
import tempfile
import warnings

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from pyproject_hooks import BuildBackendWarning

from poetry_plugin_package_function.bundling.isolation import isolated_temporary_files
from poetry_plugin_package_function.bundling.isolation import (
    isolated_virtualenv_settings,
)
from poetry_plugin_package_function.bundling.isolation import quiet_backends


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.config.config import Config


USERS = {
    "POETRY_VIRTUALENVS_CREATE": "false",
    "POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES": "true",
    "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "false",
    "VIRTUAL_ENV": "/mine",
    "CONDA_PREFIX": "/mine/too",
}


@pytest.mark.parametrize("given", [USERS, {}])
@pytest.mark.parametrize("fails", [False, True])
def test_the_users_settings_are_not_the_environments(
    given: dict[str, str], fails: bool, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Poetry sees ours meanwhile; afterwards those are there that were."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)

    with suppress(RuntimeError), isolated_virtualenv_settings():
        assert config.get("virtualenvs.create") is True
        assert config.get("virtualenvs.options.system-site-packages") is False
        assert config.get("virtualenvs.options.no-pip") is True
        # The interpreter of an active environment is no base for one: Poetry has to
        # know of it.
        assert given.get("VIRTUAL_ENV") == os.environ.get("VIRTUAL_ENV")
        if fails:
            raise RuntimeError

    assert before == dict(os.environ)


@pytest.mark.parametrize("variable", ["/somewhere", None])
def test_temporary_files_do_not_outlive_the_build(
    variable: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of this process and those of the ones that it starts."""
    if variable is None:
        monkeypatch.delenv("TMPDIR", raising=False)
    else:
        monkeypatch.setenv("TMPDIR", variable)
    before = tempfile.gettempdir()

    with suppress(RuntimeError), isolated_temporary_files(tmp_path):
        own = tempfile.mkdtemp()
        assert own.startswith(f"{tmp_path}{os.sep}")
        assert os.environ["TMPDIR"] == os.path.dirname(own)
        raise RuntimeError

    assert [] == list(tmp_path.iterdir())
    assert before == tempfile.gettempdir()
    assert variable == os.environ.get("TMPDIR")


def test_what_backends_warn_of_is_not_shown() -> None:
    """All other warnings are."""
    with quiet_backends():
        warnings.warn("of setuptools", BuildBackendWarning, stacklevel=1)
        with pytest.warns(UserWarning, match="of ours"):
            warnings.warn("of ours", UserWarning, stacklevel=1)


def test_older_hooks_do_not_give_warnings_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """There is nothing to pass over."""
    monkeypatch.delattr("pyproject_hooks.BuildBackendWarning")
    with quiet_backends(), pytest.warns(UserWarning, match="of ours"):
        warnings.warn("of ours", UserWarning, stacklevel=1)
