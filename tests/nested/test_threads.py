"""Several importers in one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.nested.function import Source


if TYPE_CHECKING:
    from pathlib import Path


SLOW = """\
import time
FIRST = 1
time.sleep(0.2)
LAST = 2
"""
TOGETHER = """\
import importlib, threading
names = {names!r}
sys.setswitchinterval(1e-6)
barrier = threading.Barrier(len(names))
found = []
def work(name):
    barrier.wait()
    module = importlib.import_module(name)
    found.append([name, getattr(module, "LAST", None), module.__file__])
threads = [threading.Thread(target=work, args=(name,)) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
show([sorted(found), sys.path])
"""


@pytest.mark.parametrize(
    "names",
    [
        ("my_app",) * 8,
        ("my_app.api",) * 8,
        ("my_app", "single", "acme.fn") * 4,
    ],
    ids=["one module", "a submodule", "several entry modules"],
)
def test_all_threads_see_complete_modules(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    """Nobody gets a stub or half a module, and the tree is put on the path once."""
    source = Source(
        {
            "my_app/__init__.py": f"import padding\n{SLOW}",
            "my_app/api.py": f"import my_app\nassert my_app.LAST\n{SLOW}",
            "single.py": f"import padding\n{SLOW}",
            "acme/fn/__init__.py": f"import padding\n{SLOW}",
        }
    )
    function = source.unpacked(tmp_path)
    found, path = function.ask(TOGETHER.format(names=names))
    files = {
        "my_app": "my_app/__init__.py",
        "my_app.api": "my_app/api.py",
        "single": "single.py",
        "acme.fn": "acme/fn/__init__.py",
    }
    assert [
        [name, 2, str(function.task_root / files[name])] for name in sorted(names)
    ] == found
    assert 1 == path.count(str(function.extracted("padding")))


def test_a_module_is_marked_as_unfinished_from_the_start(tmp_path: Path) -> None:
    """Other threads wait only for modules with that mark, so it is always there."""
    function = Source({"my_app.py": "VALUE = 1\n"}).unpacked(tmp_path)
    states = function.ask(
        "states = []\n"
        "def trace(frame, event, argument):\n"
        "    module = sys.modules.get('my_app')\n"
        "    if module is not None:\n"
        "        done = hasattr(module, 'VALUE')\n"
        "        states.append([done, module.__spec__._initializing])\n"
        "    return trace\n"
        "sys.settrace(trace)\n"
        "import my_app\n"
        "sys.settrace(None)\n"
        "show(states)"
    )
    assert [False, True] in states
    assert [False, False] not in states


def test_circular_imports(tmp_path: Path) -> None:
    """A module that imports itself, or is imported by its parts, sees what it has."""
    source = Source(
        {
            "my_app/__init__.py": (
                "FIRST = 1\n"
                "import my_app\n"
                "ITSELF = my_app\n"
                "from my_app import sub\n"
                "LAST = sub.FIRST + 1\n"
            ),
            "my_app/sub.py": (
                "import my_app\n"
                "import other\n"
                "FIRST = my_app.FIRST\n"
                "HAS_LAST = hasattr(my_app, 'LAST')\n"
            ),
            "other.py": "import my_app.sub\nfrom my_app import FIRST\n",
        }
    )
    function = source.unpacked(tmp_path)
    assert [True, 2, False, 1] == function.ask(
        "import my_app, other\n"
        "show([my_app.ITSELF is my_app, my_app.LAST, my_app.sub.HAS_LAST, other.FIRST])"
    )


def test_two_stubs_share_one_loader(tmp_path: Path) -> None:
    """If another thread's stub has loaded the loader meanwhile, that one is used."""
    function = Source({"my_app.py": ""}).unpacked(tmp_path)
    assert ["my_app"] == function.ask(
        "sys.path.insert(0, os.getcwd())\n"
        "import importlib.util, types\n"
        "find, calls = importlib.util.spec_from_file_location, []\n"
        "other = types.SimpleNamespace(enter=lambda name, *_: calls.append(name))\n"
        "def meanwhile(name, path):\n"
        "    sys.modules[name] = other\n"
        "    return find(name, path)\n"
        "importlib.util.spec_from_file_location = meanwhile\n"
        "import my_app\n"
        "print(json.dumps(calls))",
        lambda_like=False,  # nothing has started the loader yet
    )
