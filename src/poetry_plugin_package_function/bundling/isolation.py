"""Isolates Poetry's build from the user's settings and temporary files."""

from __future__ import annotations

import os
import tempfile
import warnings

from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


def isolated_virtualenv_settings() -> AbstractContextManager[None]:
    """Sets what the user's own environments may do otherwise, and ours must not.

    `virtualenvs.create = false` is common in CI images and would install into the
    system's Python; a seeded pip would be shipped; a distribution of the system's
    site-packages would count as installed and be missing in the archive.
    """
    return _variables(
        POETRY_VIRTUALENVS_CREATE="true",
        POETRY_VIRTUALENVS_OPTIONS_NO_PIP="true",
        POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES="false",
    )


@contextmanager
def isolated_temporary_files(directory: Path) -> Iterator[Path]:
    """Gives Poetry a place for its temporary files, and removes them.

    Poetry leaves behind what it builds: a `poetry-chef-*` for each path dependency, and
    a `*.whl` of a project without modules.
    """
    before = tempfile.tempdir
    with (
        tempfile.TemporaryDirectory(prefix="tmp-", dir=directory) as own,
        _variables(TMPDIR=own),
    ):
        tempfile.tempdir = own
        try:
            yield Path(own)
        finally:
            tempfile.tempdir = before


@contextmanager
def quiet_backends() -> Iterator[None]:
    """Passes over what build backends warn of, as over all else that they print.

    pyproject_hooks gives their warnings again, with paths in environments of ours.
    """
    with warnings.catch_warnings():
        with suppress(ImportError):  # an older one leaves them to the backend's process
            from pyproject_hooks import BuildBackendWarning

            warnings.simplefilter("ignore", BuildBackendWarning)
        yield


@contextmanager
def _variables(**values: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
