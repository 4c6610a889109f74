"""A profile of real libraries is the same file, whatever it is written from."""

from __future__ import annotations

import json
import sys

from pathlib import Path
from typing import Any

from poetry_plugin_package_function.cli import main
from tests.compatibility.environment import libraries
from tests.compatibility.environment import pins
from tests.trees import make_project
from tests.trees import write_files


CODE = """\
import boto3
import cryptography.fernet
import pandas
import pydantic


def handler(event, context):
    return event
"""


def test_flat_nested_and_guided(in_directory: Path) -> None:
    """Another cloud's archive is flat, Lambda's nested; bytecode makes no difference.

    With the profile, INIT extracts less, and never what it does not need.
    """
    venv = libraries(pins()).parents[2]
    make_project(in_directory, "my-app", 'handler = "my_app.api.handler"')
    write_files(in_directory, {"my_app/__init__.py": "", "my_app/api.py": CODE})
    common = (str(venv), "--python", sys.executable, "--no-audit")

    def package(name: str, *options: str) -> Any:
        files = ("--report", f"{name}.json", "--output", f"{name}.zip")
        assert 0 == main([*common, *files, *options])
        found = json.loads(Path(f"{name}.json").read_text())
        return {"tmp_bytes": found["verified"]["tmp_bytes"], **found}

    package("flat", "--platform", "manylinux_2_28_x86_64", "--profile", "flat.profile")
    before = package("nested", "--compile", "--profile", "nested.profile")
    with Path("pyproject.toml").open("a") as file:
        file.write('profile = "flat.profile"\n')
    after = package("guided", "--compile", "--profile", "guided.profile")

    text = Path("flat.profile").read_text()
    profile = json.loads(text)
    assert "pandas.core.frame" in profile["init"]["pandas"]["modules"]
    assert {"numpy", "pydantic-core", "botocore"} <= profile["init"].keys()
    assert not {"opencv-python-headless", "matplotlib"} & profile["init"].keys()
    assert len(text) < 100_000
    assert text == Path("nested.profile").read_text()
    assert text == Path("guided.profile").read_text()
    assert before["spared_bytes"] > 0
    assert after["tmp_bytes"] < before["tmp_bytes"]
