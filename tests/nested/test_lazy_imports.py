"""Python 3.15's explicit lazy imports (PEP 810), in a flat and in a nested result."""

from __future__ import annotations

import json
import os
import subprocess

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from tests.machine import interpreter
from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path

    from tests.nested.function import Function


SOURCE: Final = Source(
    {
        "my_app/__init__.py": "lazy import first\nlazy from second import VALUE\n",
        "my_app/api.py": (
            "import my_app\n"
            "lazy import my_app.sub\n"
            "lazy from first import sub as other\n"
            "__lazy_modules__ = ['third']\n"
            "import third\n"
            "def use():\n"
            "    return [my_app.first.NAME, my_app.VALUE, my_app.sub.NAME,\n"
            "            other.__name__, third.VALUE]\n"
        ),
        "my_app/sub.py": "NAME = __name__\n",
        "my_app/broken.py": "lazy import broken\ndef use():\n    broken.VALUE\n",
    },
    dependencies={
        "first": {
            "first/__init__.py": "lazy from .sub import NAME\n",
            "first/sub.py": "NAME = __name__\n",
        },
        "second": {"second.py": "VALUE = 2\n"},
        "third": {"third.py": "VALUE = 3\n"},
        "broken": {"broken.py": "raise LookupError('on purpose')\n"},
    },
    python="3.15",
)

START: Final = """\
import json, os, site, sys
root = os.environ["LAMBDA_TASK_ROOT"]
sys.path.insert(0, root)
site.addsitedir(root)
NAMES = "first", "first.sub", "second", "third", "my_app.sub", "broken"
def there():
    extracted = [name for name in os.listdir(os.environ["TMPDIR"])
                 if not name.endswith(".lock")]
    return [name for name in NAMES if name in sys.modules], len(extracted)
"""


def ask(function: Function, code: str, mode: str = "normal") -> Any:
    """Runs code as Lambda would, with PYTHON_LAZY_IMPORTS set; what it prints as JSON.

    Bytecode is written by nobody, and warnings are errors.
    """
    done = subprocess.run(
        [interpreter("3.15"), "-sBWerror", "-c", START + code],
        capture_output=True,
        text=True,
        cwd=function.tmp_dir,
        env={
            "LAMBDA_TASK_ROOT": str(function.task_root),
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
            "PYTHON_LAZY_IMPORTS": mode,
            "TMPDIR": str(function.tmp_dir),
        },
        check=False,
    )
    assert (0, "") == (done.returncode, done.stderr), done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=["flat", "nested"])
def function(request: pytest.FixtureRequest, tmp_path: Path) -> Function:
    return SOURCE.unpacked(tmp_path / "f", nested=request.param == "nested")


def test_nothing_is_imported_or_extracted_before_it_is_used(function: Function) -> None:
    """Then it is what it is elsewhere, one after the other."""
    is_nested = function.report.nested is not None
    (at_start, extracted), (later, once), (at_end, most), found = ask(
        function,
        "import my_app.api\n"
        "shown = [there()]\n"
        "my_app.VALUE\n"
        "shown.append(there())\n"
        "found = my_app.api.use()\n"
        "print(json.dumps([*shown, there(), found]))\n",
    )
    assert ([], 0) == (at_start, extracted)
    assert (["second"], int(is_nested)) == (later, once)
    assert ["first", "first.sub", "second", "third", "my_app.sub"] == at_end
    assert most == (3 if is_nested else 0)
    assert ["first.sub", 2, "my_app.sub", "first.sub", 3] == found


def test_where_all_imports_are_lazy(function: Function) -> None:
    """PYTHON_LAZY_IMPORTS=all rules in both layouts."""
    before, found = ask(
        function,
        "import my_app.api\n"
        "my_app.api  # in this mode it has not been imported yet\n"
        "before = there()[0]\n"
        "print(json.dumps([before, my_app.api.use()]))\n",
        mode="all",
    )
    assert [] == before
    assert ["first.sub", 2, "my_app.sub", "first.sub", 3] == found


def test_an_error_comes_where_a_name_is_used(function: Function) -> None:
    """It is the module's own, with the line of the import as its cause."""
    found = ask(
        function,
        "import my_app.broken\n"
        "try:\n"
        "    my_app.broken.use()\n"
        "except LookupError as error:\n"
        "    cause = error.__cause__\n"
        "    place = cause.__traceback__.tb_frame.f_code.co_filename\n"
        "    print(json.dumps([str(error), str(cause), place]))\n",
    )
    assert "on purpose" == found[0]
    assert "lazy import of 'broken'" in found[1]
    assert str(function.task_root / "my_app/broken.py") == found[2]
