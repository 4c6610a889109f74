"""Small projects, and the archives that come out of them."""

from __future__ import annotations

import base64
import hashlib
import zipfile

from typing import TYPE_CHECKING
from typing import Any

from tests.lambda_runtime import run
from tests.lambda_runtime import unpack
from tests.lambda_runtime import workspace
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Sequence
    from pathlib import Path


POETRY_CORE = """\
[build-system]
requires = ["poetry-core"]
build-backend = "poetry.core.masonry.api"
"""
SIX = "six (==1.17.0)"
HANDLER = """\
import six

def handler(event, context):
    return {"six": six.__version__, "event": event}
"""
ANSWER = {"six": "1.17.0", "event": {"n": 1}}


def pep621(
    name: str = "my-app",
    dependencies: Sequence[str] = (SIX,),
    *,
    project: str = "",
    more: str = "",
) -> str:
    """A `pyproject.toml`: `project` goes into its first table, `more` to the end."""
    listed = "".join(f'    "{each}",\n' for each in dependencies)
    return (
        f'[project]\nname = "{name}"\nversion = "1.0"\n'
        f'requires-python = ">=3.10,<4.0"\ndependencies = [\n{listed}]\n{project}\n'
        f"{more}\n{POETRY_CORE}"
    )


def small_project(directory: Path, *, project: str = "", more: str = "") -> Path:
    """A package that needs six."""
    return write_files(
        directory,
        {
            "pyproject.toml": pep621(project=project, more=more),
            "my_app/__init__.py": HANDLER,
        },
    )


def sha256(path: Path) -> str:
    """The digest of a file as Lambda writes it."""
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def contents(archive: Path) -> list[tuple[str, bytes, int]]:
    """Names, contents and modes: what archives have in common that differ in bytes."""
    with zipfile.ZipFile(archive) as source:
        return [
            (info.filename, source.read(info), info.external_attr)
            for info in source.infolist()
        ]


def names_in(archive: Path) -> list[str]:
    """The names of all members."""
    with zipfile.ZipFile(archive) as source:
        return source.namelist()


def distributions_in(archive: Path) -> set[str]:
    """The names of all distributions of a flat archive, as their directories say."""
    return {
        name.partition("-")[0]
        for name in names_in(archive)
        if name.endswith(".dist-info/METADATA")
    }


def answer(
    archive: Path,
    handler: str,
    client_python: Path,
    event: object = None,
    env: Mapping[str, str] = {},
    layer: Path | None = None,
) -> Any:
    """What the function answers to an event, from a task directory that is read-only.

    The first answer is that of a cold start; a second one, of the same process, must be
    the same.
    """
    sent = {"n": 1} if event is None else event
    with workspace() as place:
        unpack(archive, place.task_root)
        if layer is not None:
            unpack(layer, place.layers_root)
        outcome = run(
            place.task_root,
            handler,
            [sent, sent],
            client_python=client_python,
            tmp_dir=place.tmp_dir,
            env=env,
            layers_root=place.layers_root if layer else None,
        )
    assert outcome.init_error is None, outcome
    assert [None, None] == [result.error for result in outcome.results], outcome
    first, second = (result.value for result in outcome.results)
    assert first == second
    return first
