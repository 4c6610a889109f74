"""Several functions of one project, each verified before the next is packaged."""

from __future__ import annotations

import platform
import sys

from typing import TYPE_CHECKING

from tests.e2e.projects import POETRY_CORE
from tests.e2e.projects import names_in
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


TABLE = "[tool.poetry-plugin-package-function"
PYPROJECT = f"""\
[project]
name = "shop"
version = "1.0"
requires-python = ">=3.10,<4.0"
dependencies = ["boto3 (>=1.40,<2)", "iniconfig (>=2,<3)"]

[tool.poetry]
packages = [{{ include = "shop" }}]

{TABLE}]
runtime = "python{sys.version_info.major}.{sys.version_info.minor}"
architecture = "{"arm64" if platform.machine() == "aarch64" else "x86_64"}"
exclude-provided = true
environment = {{ SEEN = "SEEN_FILE" }}

{TABLE}.functions.api]
handler = "shop.api.handler"

{TABLE}.functions.worker]
handler = "shop.worker.handler"

{POETRY_CORE}"""
HANDLER = """\
import boto3, iniconfig, os

root = os.environ["LAMBDA_TASK_ROOT"]
assert not boto3.__file__.startswith(root)
assert os.path.exists(os.path.dirname(boto3.__file__) + "/data")
assert iniconfig.__file__.startswith(root)
assert "stranger.py" not in os.listdir(root)
with open(os.environ["SEEN"], "a") as seen:
    print(iniconfig.__file__, os.stat(iniconfig.__file__).st_ino, file=seen)
os.chmod(root, 0o700)
open(root + "/stranger.py", "w").close()

def handler(event, context):
    return 1
"""


def test_what_was_unpacked_for_one_is_there_for_the_next(
    poetry: Poetry, tmp_path: Path
) -> None:
    """But for what the one has written; the SDK comes out of its wheels."""
    seen = tmp_path / "seen"
    files = {
        "pyproject.toml": PYPROJECT.replace("SEEN_FILE", str(seen)),
        "shop/__init__.py": "",
        "shop/api.py": HANDLER,
        "shop/worker.py": f"# Not the same.\n{HANDLER}",
    }
    shop = poetry.lock(write_files(tmp_path / "shop", files))
    out = tmp_path / "out"
    done = poetry.package(shop, "--output-dir", str(out)).well()

    assert "parsing" not in done.stdout
    first, second = seen.read_text().splitlines()
    assert first == second
    for name in ("api", "worker"):
        assert "iniconfig/__init__.py" in names_in(out / f"{name}.zip")
        assert "boto3/__init__.py" not in names_in(out / f"{name}.zip")
