"""The extracted tree stands in front of the task root, wherever that stands."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING

import pytest

from tests.nested.function import Function
from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Function:
    source = Source(
        {"my_app/__init__.py": "import padding\nVALUE = 1\n", "second.py": ""}
    )
    return source.unpacked(tmp_path_factory.mktemp("function"))


ARRANGEMENTS = {
    "front": "sys.path = [ROOT, *rest]",
    "behind a wrapper's directory": "sys.path = ['/opt/wrapper', ROOT, *rest]",
    "last": "sys.path = [*rest, ROOT]",
    "with a slash at the end": "sys.path = ['/opt/wrapper', ROOT + '/', *rest]",
    "the current directory": "sys.path = ['/opt/wrapper', '', *rest]",
    "a dot": "sys.path = ['/opt/wrapper', '.', *rest]",
    "relative": "os.chdir('..'); sys.path = ['/opt/wrapper', 'task', *rest]",
    "by a link": "sys.path = ['/opt/wrapper', ROOT + '-link', *rest]",
    "twice": "sys.path = ['/opt/wrapper', ROOT, *rest, ROOT]",
    "something that is no path": "sys.path = [b'bytes', ROOT, *rest]",
}


@pytest.mark.parametrize("arrangement", ARRANGEMENTS.values(), ids=ARRANGEMENTS)
def test_in_front_of_the_task_root(function: Function, arrangement: str) -> None:
    """One entry is added in front of it; none is removed, changed or moved."""
    link = function.task_root.with_name("task-link")
    if not link.is_symlink():
        link.symlink_to(function.task_root)
    before, after, file = function.ask(
        f"ROOT = {str(function.task_root)!r}\n"
        "rest = list(sys.path)\n"
        f"{arrangement}\n"
        "before = list(sys.path)\n"
        "import my_app, second\n"
        "import padding\n"
        "print(json.dumps([before, sys.path, padding.__file__], default=repr))",
        lambda_like=False,
    )
    place = next(
        place
        for place, entry in enumerate(before)
        if entry in ("", ".", "task") or entry.startswith(str(function.task_root))
    )
    extracted = function.extracted("padding")
    assert [*before[:place], str(extracted), *before[place:]] == after
    assert str(extracted / "padding/__init__.py") == file


def test_in_front_of_everything_where_the_task_root_is_not_listed(
    function: Function,
) -> None:
    """A stub that was found in another way still brings its tree."""
    before, after = function.ask(
        "from importlib.util import spec_from_file_location, module_from_spec\n"
        "before = list(sys.path)\n"
        f"path = {str(function.task_root / 'my_app/__init__.py')!r}\n"
        "spec = spec_from_file_location('my_app', path)\n"
        "module = module_from_spec(spec)\n"
        "spec.loader.exec_module(module)\n"
        "assert module.VALUE == 1\n"
        "print(json.dumps([before, sys.path]))",
        lambda_like=False,
    )
    assert [str(function.extracted("padding")), *before] == after


@pytest.mark.parametrize("way", ["relative", "with a slash", "empty", "with dots"])
def test_any_spelling_of_the_temporary_directory(
    tmp_path: Path, function: Function, way: str
) -> None:
    """`TMPDIR` may be written in any way; `sys.path` gets one absolute entry."""
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    spelling = {
        "relative": os.path.relpath(tmp, function.task_root),
        "with a slash": f"{tmp}/",
        "empty": "",
        "with dots": f"{tmp}/../tmp/.",
    }[way]
    name = function.extracted("padding").name
    place = tmp / name
    code = (
        "root = os.getcwd()\n"
        "sys.path.insert(0, root)\n{}"
        "import my_app, second\n"
        "print(json.dumps([sys.path, my_app.padding.__file__]))"
    )
    elsewhere = ""
    if way == "empty":  # then it is /tmp, where others write, too
        elsewhere = (
            "import importlib.util\n"
            "name = '_package_function_loader'\n"
            "path = root + '/my_app/.dependencies/loader.py'\n"
            "spec = importlib.util.spec_from_file_location(name, path)\n"
            "loader = importlib.util.module_from_spec(spec)\n"
            "spec.loader.exec_module(loader)\n"
            "assert loader.TMP == '/tmp'\n"
            f"loader.TMP = {str(tmp)!r}\n"
            "sys.modules[spec.name] = loader\n"
        )
    path, file = function.ask(
        code.format(elsewhere), env={"TMPDIR": spelling}, lambda_like=False
    )
    assert [str(place)] == [entry for entry in path if name in entry]
    assert str(place / "padding/__init__.py") == file


def test_entries_of_pth_files_stand_behind(tmp_path: Path) -> None:
    """As those that Lambda obeys in the task root, they are appended."""
    source = Source(
        {"my_app.py": ""},
        dependencies={"helper": {"helper.pth": "more\n", "more/extra.py": ""}},
    )
    function = source.unpacked(tmp_path)
    before, after = function.ask(
        "import site\n"
        "sys.path.insert(0, os.getcwd())\n"
        "before = list(sys.path)\n"
        "site.addsitedir(os.getcwd())\n"
        "print(json.dumps([before, sys.path]))",
        lambda_like=False,
    )
    extracted = str(function.extracted("helper"))
    assert [extracted, *before, f"{extracted}/more"] == after
