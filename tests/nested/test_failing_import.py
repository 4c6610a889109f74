"""An error in the user's module is the user's own, and can be got over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.nested.function import Function
from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


FAILING = """\
import os

class NotReady(Exception):
    pass

if "READY" not in os.environ:
    raise NotReady("the table is missing")
VALUE = 1
"""
TWICE = """\
import importlib, traceback
errors = []
for attempt in range(2):
    try:
        importlib.import_module({name!r})
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        errors.append([
            type(error).__module__, type(error).__qualname__, str(error),
            repr(error.__cause__), repr(error.__context__),
            frames[-1].filename, frames[-1].lineno, frames[-1].line,
            {name!r} in sys.modules,
        ])
os.environ["READY"] = "1"
module = importlib.import_module({name!r})
show([errors, module.VALUE, module.__file__, list(vars(module)), sys.path])
"""


@pytest.mark.parametrize(
    "file", ["my_app/__init__.py", "my_app.py", "acme/fn/__init__.py", "acme/fn.py"]
)
def test_the_users_exception_shows_and_the_next_import_tries_again(
    tmp_path: Path, file: str
) -> None:
    """Its type, message, file and line are the user's; later the import succeeds."""
    function = Source({file: FAILING}).unpacked(tmp_path)
    name = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    errors, value, found, names, path = function.ask(TWICE.format(name=name))
    place = str(function.task_root / file)
    line = FAILING.splitlines().index('    raise NotReady("the table is missing")')
    expected = [
        *(name, "NotReady", "the table is missing", "None", "None"),
        *(place, line + 1, 'raise NotReady("the table is missing")', False),
    ]
    assert [expected, expected] == errors
    assert 1 == value
    assert place == found
    assert "_package_function" not in names
    assert 1 == path.count(str(function.task_root))


def test_a_syntax_error_names_the_file_and_the_line(tmp_path: Path) -> None:
    """It is raised as such, again each time, and is gone when the file is fixed."""
    function = Source({"my_app/__init__.py": "VALUE = 1\nbroken =\n"}).unpacked(
        tmp_path
    )
    original = function.task_root / "my_app/.dependencies/moved/my_app/__init__.py"
    errors, value = function.ask(
        "import importlib\n"
        "errors = []\n"
        "for attempt in range(2):\n"
        "    try:\n"
        "        import my_app\n"
        "    except SyntaxError as error:\n"
        "        errors.append([error.filename, error.lineno, error.text])\n"
        f"with open({str(original)!r}, 'w') as file:\n"
        "    file.write('VALUE = 2\\n')\n"
        "importlib.invalidate_caches()\n"
        "import my_app\n"
        "show([errors, my_app.VALUE])"
    )
    place = str(function.task_root / "my_app/__init__.py")
    assert [[place, 2, "broken =\n"]] * 2 == errors
    assert 2 == value


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import not_there", ["ModuleNotFoundError", "not_there"]),
        ("from os import not_there", ["ImportError", "os"]),
        ("from my_app import not_there", ["ImportError", "my_app"]),
    ],
)
def test_an_import_error_of_the_user_stays_as_it_is(
    tmp_path: Path, statement: str, expected: list[str]
) -> None:
    """It is not mistaken for one of the loader's."""
    function = Source({"my_app/__init__.py": f"{statement}\n"}).unpacked(tmp_path)
    assert expected == function.ask(
        "try:\n"
        "    import my_app\n"
        "except ImportError as error:\n"
        "    show([type(error).__name__, error.name])"
    )


@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "BaseException"])
def test_exceptions_that_are_no_errors(tmp_path: Path, kind: str) -> None:
    """They pass, and leave no module behind."""
    function = Source({"my_app.py": f"raise {kind}('stop')\n"}).unpacked(tmp_path)
    assert [kind, False] == function.ask(
        "try:\n"
        "    import my_app\n"
        "except BaseException as error:\n"
        "    show([type(error).__name__, 'my_app' in sys.modules])"
    )


def test_an_extraction_that_failed_is_tried_again(tmp_path: Path) -> None:
    """In the same process too: the second import finds what was fixed."""
    function = Source({"my_app/__init__.py": "import padding\n"}).unpacked(tmp_path)
    elsewhere: Function = replace(function, tmp_dir=function.tmp_dir / "later")
    text, left, file = elsewhere.ask(
        "try:\n"
        "    import my_app\n"
        "except ImportError as error:\n"
        "    text = str(error)\n"
        "names = 'my_app', 'padding'\n"
        "left = [name for name in sys.modules if name.startswith(names)]\n"
        "os.mkdir(os.environ['TMPDIR'])\n"
        "import my_app\n"
        "show([text, left, my_app.padding.__file__])"
    )
    assert "The function's nested ZIP could not be extracted" in text
    assert str(elsewhere.tmp_dir) in text
    assert [] == left
    assert str(elsewhere.extracted("padding") / "padding/__init__.py") == file
