"""What is extracted when the function starts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.machine import mounted
from tests.nested.function import Function
from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


SOURCE = Source(
    {"my_app.py": ""},
    dependencies={
        "first": {
            "first/__init__.py": (
                "import os\n"
                "HERE = os.path.dirname(__file__)\n"
                "OTHER = os.path.join(HERE, '..', 'second', 'data.txt')\n"
                "TESTS = os.path.join(HERE, 'tests', 'data.txt')\n"
            ),
            "first/tests/__init__.py": "",
            "first/tests/data.txt": "tests\n",
        },
        "second": {"second/__init__.py": "", "second/data.txt": "second\n"},
    },
)
THERE = """\
import my_app
show(sorted(name for name in os.listdir(os.environ["TMPDIR"]) if "." not in name))
"""


def test_all_of_it_in_one_place(tmp_path: Path) -> None:
    """With `eager`, paths from one distribution to another lead to files."""
    function = replace(SOURCE, table="eager = true\n").unpacked(tmp_path)
    assert function.report.nested is not None
    (unit,) = function.report.nested.units
    assert ("first", "padding", "second") == unit.names
    assert unit.at_init
    assert [function.extracted("first").name] == function.ask(THERE)
    assert ["second\n", "tests\n"] == function.ask(
        "import my_app, first\n"
        "from pathlib import Path\n"
        "show([Path(first.OTHER).read_text(), Path(first.TESTS).read_text()])"
    )


def test_eager_does_not_change_what_is_imported(tmp_path: Path) -> None:
    """Each module is there, tests too, and metadata locates files."""
    function = replace(SOURCE, table="eager = true\n").unpacked(tmp_path)
    place = function.extracted("first")
    assert [str(place / "first/tests/__init__.py"), True] == function.ask(
        "import my_app, first.tests, second\n"
        "from importlib.metadata import files\n"
        "show([first.tests.__file__, all(f.locate().is_file()"
        " for f in files('first'))])"
    )


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Function:
    return SOURCE.unpacked(tmp_path_factory.mktemp("lazy"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (None, ()),
        ("on-demand", ()),
        ("snap-start", ("first", "padding", "second")),
        ("provisioned-concurrency", ("first", "padding", "second")),
        ("lambda-managed-instances", ("first", "padding", "second")),
    ],
)
def test_an_early_start_extracts_all_but_tests(
    packaged: Function, tmp_path: Path, kind: str | None, expected: tuple[str, ...]
) -> None:
    """It is paid where nobody waits; but for tests, which `/tmp` need not hold."""
    function = replace(packaged, tmp_dir=tmp_path)
    env = {"AWS_LAMBDA_INITIALIZATION_TYPE": kind} if kind else {}
    there = function.ask(THERE, env=env)
    assert sorted(function.extracted(name).name for name in expected) == there


def test_an_early_start_with_too_small_a_tmp(
    packaged: Function, tmp_path: Path
) -> None:
    """What does not fit is an error where it is imported, and not before."""
    with mounted(tmp_path / "small", "size=100k") as small:
        function = replace(packaged, tmp_dir=small)
        there, text = function.ask(
            "import my_app\n"
            "names = os.listdir(os.environ['TMPDIR'])\n"
            "there = sorted(name for name in names if '.' not in name)\n"
            "try:\n"
            "    import padding\n"
            "except ImportError as error:\n"
            "    show([there, str(error)])",
            env={"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"},
        )
        places = [function.extracted(name).name for name in ("first", "second")]
    assert places == there
    assert "EphemeralStorage" in text


DATA = {"share/colours.txt": "red\n"}
HIDDEN = {"hidden/__init__.py": "", **DATA}


@pytest.mark.parametrize(
    ("requirer", "nest", "at_start", "after"),
    [
        ("", ["hidden", "user"], True, True),
        ("hidden", ["hidden", "user"], False, True),
        ("Hidden (>=1); python_version > '3'", ["hidden", "user"], False, True),
        ("hidden; extra == 'more'", ["hidden", "user"], True, True),
        ("hidden", ["hidden"], True, True),
    ],
    ids=["nobody", "nested", "nested, in other words", "an extra", "flat"],
)
def test_data_that_nobody_imports(
    tmp_path: Path, requirer: str, nest: list[str], at_start: bool, after: bool
) -> None:
    """It comes with those that require it if these are nested, or else at once."""
    source = Source(
        {"my_app.py": ""},
        dependencies={"hidden": HIDDEN, "user": {"user.py": "VALUE = 1\n"}},
        metadata={"user": f"Requires-Dist: {requirer}\n" if requirer else ""},
    )
    function = source.unpacked(tmp_path, nest=nest)
    found = function.ask(
        "import my_app\n"
        "def there():\n"
        "    return any(os.path.exists(os.path.join(entry, 'share/colours.txt'))\n"
        "               for entry in sys.path)\n"
        "before = there()\n"
        "import user\n"
        "show([before, there()])"
    )
    assert [at_start, after] == found
