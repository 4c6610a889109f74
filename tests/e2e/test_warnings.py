"""What the command warns of, and what it warns of although it is to say nothing."""

from __future__ import annotations

import json
import re

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


UUID = """\
import uuid

def handler(event, context):
    return uuid.UUID(int=event["n"]).hex
"""


def test_a_distribution_has_a_module_of_pythons_own(
    poetry: Poetry, tmp_path: Path, client_python: Path
) -> None:
    """`uuid` 1.30 is of Python 2.4, and left out: nothing would be right with it."""
    pyproject = pep621(dependencies=(SIX, "uuid (==1.30)"))
    write_files(tmp_path, {"pyproject.toml": pyproject, "my_app/__init__.py": UUID})
    poetry.lock(tmp_path)

    done = poetry.package(tmp_path, "--handler", "my_app.handler").well()

    assert "Warning" not in done.said
    assert re.search(
        r"Left out +uuid\.py of uuid 1\.30: Python 3\.\d+ has its own", done.said
    )
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
