"""Somebody empties `/tmp` while the function is warm: what is gone is there again."""

from __future__ import annotations

import fcntl
import os

from typing import TYPE_CHECKING
from typing import Any

import pytest

from tests.nested.function import Function
from tests.nested.function import Source
from tests.nested.function import contents_of
from tests.nested.function import ended
from tests.nested.function import extracting
from tests.nested.function import write_home
from tests.nested.test_processes import needs_proc_locks
from tests.nested.test_processes import wait_until_blocked


if TYPE_CHECKING:
    from pathlib import Path


SOURCE = Source(
    {"my_app.py": ""},
    dependencies={
        "first": {
            "first/__init__.py": "VALUE = 1\n",
            "first/sub/__init__.py": "",
            "first/sub/late.py": "VALUE = 2\n",
            "first/data.txt": "data\n",
            "first/tests/__init__.py": "VALUE = 3\n",
        },
        "second": {"second.py": "VALUE = 4\n"},
        "hidden": {"hidden.py": "", "share/colours.txt": "red\n"},
    },
)
WAYS = {
    "all": "shutil.rmtree(tmp); os.mkdir(tmp)",
    "directories": (
        "for each in os.scandir(tmp):\n"
        "    if each.is_dir():\n"
        "        shutil.rmtree(each)"
    ),
    "files": (
        "for parent, _, names in os.walk(tmp):\n"
        "    for name in names:\n"
        "        os.unlink(os.path.join(parent, name))"
    ),
}
LATER = {
    "a submodule": "import first.sub.late; show(first.sub.late.VALUE)",
    "another one": "import second; show(second.VALUE)",
    "tests": "import first.tests; show(first.tests.VALUE)",
    "the module again": (
        "del sys.modules['first']; import first\n"
        "with open(first.__file__) as file: show(file.read())"
    ),
    "where it is": (
        "from importlib.util import find_spec\n"
        "with open(importlib.reload(first).__spec__.origin) as file: show(file.read())"
    ),
    "a located file": (
        "from importlib.metadata import distribution\n"
        "place = distribution('first').locate_file('first/data.txt')\n"
        "show(place.read_text())"
    ),
    "data that nobody imports": (
        "del sys.modules['my_app']; import my_app\n"
        "show([p for p in sys.path if os.path.exists(p + '/share/colours.txt')] != [])"
    ),
}


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Function:
    return SOURCE.unpacked(tmp_path_factory.mktemp("emptied"))


CASES = [(way, later) for way in WAYS for later in LATER]
# A directory that is there is taken for complete where nothing is imported.
CASES.remove(("files", "a located file"))
CASES.remove(("files", "data that nobody imports"))


@pytest.mark.parametrize(("way", "later"), CASES)
def test_what_is_gone_is_extracted_again(
    packaged: Function, tmp_path: Path, way: str, later: str
) -> None:
    """Whatever has been removed, and whoever asks for it."""
    function = Function(packaged.task_root, tmp_path, packaged.report)
    before = "import importlib, my_app, first.sub\n"
    expected: Any = function.ask(f"{before}{LATER[later]}")
    found = function.ask(
        f"{before}import shutil\ntmp = os.environ['TMPDIR']\n{WAYS[way]}\n"
        f"try:\n    import first.absent\nexcept ImportError: pass\n{LATER[later]}"
    )
    assert expected == found


@needs_proc_locks
def test_who_waits_for_a_lock_that_is_removed_takes_the_new_one(tmp_path: Path) -> None:
    """Two that hold locks of one name would write into one directory."""
    contents = {str(number): b"x" * number for number in range(9)}
    name = write_home(tmp_path / "home", contents)
    tmp_dir = tmp_path / "tmp"
    tmp_dir.mkdir()
    path = tmp_dir / f"{name}.lock"
    with path.open("w") as old:
        fcntl.flock(old, fcntl.LOCK_EX)
        process = extracting(tmp_path / "home", tmp_dir)
        wait_until_blocked(process)
        path.unlink()
        with path.open("w") as new:
            fcntl.flock(new, fcntl.LOCK_EX)
            fcntl.flock(old, fcntl.LOCK_UN)
            wait_until_blocked(process, os.fstat(new.fileno()).st_ino)
            assert not (tmp_dir / f"{name}.partial").exists()
    assert str(tmp_dir / name) == ended(process)
    assert contents == contents_of(tmp_dir / name)
