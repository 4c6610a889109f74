"""What the command warns of, and what it warns of although it is to say nothing."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING

from tests.e2e.projects import SIX
from tests.e2e.projects import answer
from tests.e2e.projects import names_in
from tests.e2e.projects import pep621
from tests.e2e.wheels import make_wheel
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.running import Poetry


TABLE = "[tool.poetry-plugin-package-function]\n"
UUID = """\
import uuid

def handler(event, context):
    return uuid.UUID(int=event["n"]).hex
"""


def test_a_distribution_stands_before_the_standard_library(
    poetry: Poetry, tmp_path: Path, client_python: Path
) -> None:
    """`uuid` 1.30 is of Python 2.4: -q says so, and the line that it shows helps."""
    pyproject = pep621(dependencies=(SIX, "uuid (==1.30)"))
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app/__init__.py": UUID})
    poetry.lock(tmp_path)

    done = poetry.package(tmp_path, "-q").well()

    assert "" == done.stdout
    (warning,) = done.stderr.splitlines()
    assert warning.startswith(
        "Warning: uuid 1.30 has uuid.py, which Lambda finds before Python's own uuid:"
    )
    line = 'exclude = ["/uuid.py"]'
    assert f"{line} in [tool.poetry-plugin-package-function]." in warning

    (tmp_path / "pyproject.toml").write_text(f"{pyproject}\n{TABLE}{line}\n")
    assert "" == poetry.package(tmp_path, "-q").well().stderr
    archive = tmp_path / "dist/my_app.zip"
    assert "uuid.py" not in names_in(archive)
    assert f"{1:032x}" == answer(archive, "my_app.handler", client_python)


def test_two_distributions_with_different_files_of_one_name(
    poetry: Poetry, tmp_path: Path
) -> None:
    """Both are named, and which one is shipped; -q leaves it at that."""
    pyproject = pep621(
        dependencies=("one", "two"),
        more="[tool.poetry.dependencies]\n"
        'one = { path = "one-1.0-py3-none-any.whl" }\n'
        'two = { path = "two-2.0-py3-none-any.whl" }\n',
    )
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app.py": ""})
    shared = {"shared/same.py": ""}
    make_wheel(tmp_path, "one", {**shared, "shared/x.py": "x = 1\n"})
    make_wheel(tmp_path, "two", {**shared, "shared/x.py": "x = 22\n"}, "2.0")
    poetry.lock(tmp_path)

    done = poetry.package(tmp_path, "--format", "json").well()

    assert (
        "Warning: one 1.0 and two 2.0 have different files of one name, and that of two"
        " 2.0 is shipped: shared/x.py. Depend on one of them only.\n"
    ) in done.stderr
    assert [
        {
            "distributions": ["one 1.0", "two 2.0"],
            "shipped": "two 2.0",
            "files": ["shared/x.py"],
        }
    ] == json.loads(done.stdout)["overlaps"]
    assert "" == poetry.package(tmp_path, "-q").well().stderr
