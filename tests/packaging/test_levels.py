"""What does not fit nested at the usual level is compressed more, if that can help."""

from __future__ import annotations

import json
import random
import zipfile

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.configuration.resolution import resolve
from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.packaging.plan import is_worth_compressing_more
from poetry_plugin_package_function.project import read_project
from poetry_plugin_package_function.services import LAMBDA
from tests.trees import finished
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv


if TYPE_CHECKING:
    from pathlib import Path


class Heard:
    """Remembers phases."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """A phase begins."""
        assert files > 0
        assert size_bytes > 0
        self.phases.append(what)

    def advance(self, files: int, size_bytes: int) -> None:
        """It goes on."""


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A venv with text that levels differ over."""
    words = [f"word{number}" for number in range(2000)]
    text = " ".join(random.Random(1).choices(words, k=60_000))
    made = make_venv(tmp_path / "venv")
    install(made, "my_app", {"my_app/__init__.py": "", "my_app/text.txt": text})
    make_project(tmp_path, "my-app")
    return made


def packaged(venv: Path, limit_bytes: int, heard: Heard) -> dict[str, Any]:
    """Packages with what layers leave of the limit; the report."""
    project = read_project(venv.parent / "pyproject.toml")
    report = venv.parent / "report.json"
    flags = {
        "output": str(venv.parent / "f.zip"),
        "report": str(report),
        "layers-size": str(LAMBDA.unzipped_limit_bytes - limit_bytes),
    }
    (settings,) = resolve(flags, project, None, default_output_dir=venv)
    finished(venv, project, settings, progress=heard)
    document: dict[str, Any] = json.loads(report.read_bytes())
    return document


def test_level_12_where_level_5_does_not_fit(venv: Path) -> None:
    """Then all is compressed again; the report says so, and the files are the same."""
    usual = packaged(venv, 300_000, Heard())
    assert (5, True) == (usual["compression_level"], usual["nested_zip"])
    heard = Heard()

    more = packaged(venv, usual["unzipped_bytes"], heard)

    slowly = "Too large: compressing more (slow)"
    assert ["Compressing", slowly, "Packaging"] == heard.phases[:1] + heard.phases[-2:]
    assert 12 == more["compression_level"]
    assert usual["unzipped_bytes"] > more["unzipped_bytes"]
    assert usual["uncompressed_bytes"] == more["uncompressed_bytes"]
    with zipfile.ZipFile(venv.parent / "f.zip") as outer:
        assert outer.testzip() is None
        size_bytes = sum(info.file_size for info in outer.infolist())
        assert more["unzipped_bytes"] == size_bytes
        with (
            outer.open("my_app/.dependencies.zip") as file,
            zipfile.ZipFile(file) as inner,
        ):
            assert inner.testzip() is None


def test_too_large_at_every_level(venv: Path) -> None:
    """Where level 12 can help it is tried; where it cannot, nobody waits for it."""
    smallest = packaged(venv, 300_000, Heard())["unzipped_bytes"]
    for limit_bytes, phases in ((smallest * 4 // 5, 2), (smallest // 2, 1)):
        before = (venv.parent / "f.zip").read_bytes()
        heard = Heard()
        with pytest.raises(PackageTooLargeError):
            packaged(venv, limit_bytes, heard)
        assert phases == len(heard.phases)
        assert before == (venv.parent / "f.zip").read_bytes()


@pytest.mark.parametrize(
    ("nested_bytes", "expected"),
    [(74, False), (75, True), (99, True), (100, False), (1000, False)],
)
def test_when_level_12_is_worth_the_time(nested_bytes: int, expected: bool) -> None:
    """It saves 25 % at the very most; equality with the limit is too large."""
    assert expected == is_worth_compressing_more(nested_bytes, 75)
