"""Isolates Poetry's build from the user's settings and temporary files."""

from __future__ import annotations

import os
import tempfile

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping


@contextmanager
def isolated_virtualenv_settings() -> Iterator[None]:
    """Sets what the user's own environments may do otherwise, and ours must not.

    `virtualenvs.create = false` is common in CI images and would install into the
    system's Python; a seeded pip would be shipped; a distribution of the system's
    site-packages would count as installed and be missing in the archive.
    """
    names = {
        "POETRY_VIRTUALENVS_CREATE": "true",
        "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "true",
        "POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES": "false",
    }
    before = {name: os.environ.get(name) for name in names}
    _set(names)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def isolated_temporary_files(directory: Path) -> Iterator[Path]:
    """Gives Poetry a place for its temporary files, and removes them.

    Poetry leaves behind what it builds: a `poetry-chef-*` for each path dependency, and
    a `*.whl` of a project without modules.
    """
    before = tempfile.tempdir
    variable = {"TMPDIR": os.environ.get("TMPDIR")}
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=directory) as own:
        tempfile.tempdir = own
        os.environ["TMPDIR"] = own
        try:
            yield Path(own)
        finally:
            tempfile.tempdir = before
            _set(variable)
