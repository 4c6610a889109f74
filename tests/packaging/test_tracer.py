"""The tracer of imports: it sees what Python says of itself, and nobody sees it."""

from __future__ import annotations

import re
import sys
import threading

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.verify import tracer
from tests.machine import interpreter
from tests.packaging.tracing import traced
from tests.trees import write_files


if TYPE_CHECKING:
    from pathlib import Path


VERSIONS: Final = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")

FILES: Final = {
    "works.py": "import works_too\n",
    "works_too.py": "",
    "fails.py": "import fails_inside\n",
    "fails_inside.py": "def f():\n    1 / 0\nf()\n",
    "broken.py": "def f(:\n",
    "lacks.py": "import nothing_here\n",
    "goes_on.py": (
        "try:\n    import nothing_here\nexcept ImportError as error:\n"
        "    raise ValueError('no') from error\n"
    ),
    "circular.py": "import circular_too\nx = 1\n",
    "circular_too.py": "import circular\nassert not hasattr(circular, 'x')\n",
    "warns.py": "import warnings\nwarnings.warn('old', DeprecationWarning, 2)\n",
    "recursive.py": "def f():\n    f()\nf()\n",
    "replaced.py": "import sys\nsys.modules[__name__] = 5\n",
    "package/__init__.py": "",
    "package/inside.py": "",
}

SEEN: Final = """
import sys, traceback, warnings
before = {*sys.modules}
warnings.simplefilter("always")
warnings.showwarning = lambda *shown: print("WARNED", shown[0], shown[2], shown[3])
def statement(name):
    exec(f"import {name}")
for name in ("works", "fails", "broken", "lacks", "goes_on", "circular", "warns",
             "recursive", "replaced", "package.inside", "package.nothing"):
    for do in STYLES:
        try:
            do(name)
        except BaseException as error:
            text = traceback.format_exc()
            print(name, "FAILED", text[:3000], text[-300:])
            names = [frame.f_code.co_name for frame, _ in
                     traceback.walk_tb(error.__traceback__)][:30]
            print(names)
from package import inside, __init__
try:
    from package import gone
except ImportError as error:
    print(error, error.__traceback__.tb_next)
print(sorted({*sys.modules} - before))
"""


@pytest.fixture(params=VERSIONS)
def python(request: pytest.FixtureRequest) -> Path:
    """An interpreter of each version that a function may have."""
    return interpreter(request.param)


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """Modules that work, and that fail in all ways."""
    return write_files(tmp_path / "modules", FILES)


def test_what_code_sees_is_the_same(python: Path, modules: Path) -> None:
    """Tracebacks, warnings and `sys.modules`, whatever becomes of an import.

    A frame of importlib's stays in Python 3.10 if `import_module` fails.
    """
    is_old = "3.10" in str(python)
    styles = (
        "statement," if is_old else "statement, __import__('importlib').import_module"
    )
    code = SEEN.replace("STYLES", f"({styles})")
    without = traced(python, modules, code, is_traced=False).output
    assert "WARNED old" in without
    assert "RecursionError" in without
    # Our frame counts, where there is no end.
    count = re.compile(r"repeated \d+ more times")
    shown = traced(python, modules, code).output
    assert count.sub("", without) == count.sub("", shown)


def test_it_sees_what_python_says(python: Path, modules: Path) -> None:
    """The same modules as `-X importtime`, and times that are no longer."""
    code = """
import email.message, xml.dom.minidom, decimal, works, package.inside
try:
    import lacks
except ImportError:
    pass
"""
    rows, _, imported = traced(python, modules, code)
    own = [row for row in rows if row.module]
    assert sorted(name for name, _ in imported) == sorted(row.module for row in own)
    taken = dict(imported)
    for row in own:
        # What is in between is our own, and one of the two is rounded.
        assert row.elapsed_s * 1e6 <= taken[row.module] + 2
    roots_us = sum(row.elapsed_s * 1e6 for row in rows if row.parent == -1)
    assert roots_us > 0


def test_nothing_is_imported_for_it(python: Path, tmp_path: Path) -> None:
    """What is there already, a module of the user's cannot replace."""
    code = f"""
with open({tracer.__file__!r}) as file:
    code = compile(file.read(), "tracer", "exec")
for name in [*sys.modules]:
    if name not in ("_frozen_importlib", "os", "sys", "time", "__future__"):
        sys.modules.pop(name)
before = {{*sys.modules}}
exec(code, {{"__name__": "tracer"}})
print({{*sys.modules}} - before <= {{"_thread"}})
"""
    assert "True\n" == traced(python, tmp_path, code, is_traced=False).output


def test_imports_are_a_tree(modules: Path) -> None:
    """Also those of `import_module`, which `-X importtime` does not see."""
    code = "import importlib\nimportlib.import_module('works')\n"
    rows, _, imported = traced(sys.executable, modules, code)
    assert ["works", "works_too"] == [row.module for row in rows[-2:]]
    assert [-1, len(rows) - 2] == [row.parent for row in rows[-2:]]
    assert "works" not in [name for name, _ in imported]
    assert str(modules / "works_too.py") == rows[-1].file
    assert [str(modules / "works.py"), 1] == rows[-1].frames
    assert rows[-2].elapsed_s >= rows[-1].elapsed_s > 0


def test_what_fails_is_marked(modules: Path) -> None:
    """It has taken its time all the same."""
    code = "try:\n    import fails\nexcept ZeroDivisionError:\n    pass\n"
    rows, *_ = traced(sys.executable, modules, code)
    assert ["fails", "fails_inside"] == [row.module for row in rows]
    assert [True, True] == [row.failed for row in rows]
    assert ["", ""] == [row.file for row in rows]


def test_threads_are_apart(modules: Path) -> None:
    """What a thread imports is no part of what the main one waits in."""
    files = {
        "starts.py": "import threading\nt = threading.Thread(target=__import__, "
        "args=('works',))\nt.start()\nt.join()\n",
    }
    write_files(modules, files)
    rows, *_ = traced(sys.executable, modules, "import threading\nimport starts\n")
    found = {row.module: row for row in rows}
    assert found["starts"].is_main
    assert (False, -1) == (found["works"].is_main, found["works"].parent)
    assert not found["works_too"].is_main
    assert "works" == rows[found["works_too"].parent].module


def test_what_has_not_ended_has_taken_its_time_until_now(modules: Path) -> None:
    """And no memory, as nobody knows what it will."""
    files = {
        "waits.py": "import threading\nthreading.Event().wait()\n",
        "starts.py": "import threading, time\nthreading.Thread(target=__import__, "
        "args=('waits',), daemon=True).start()\ntime.sleep(0.1)\n",
    }
    write_files(modules, files)
    rows, *_ = traced(sys.executable, modules, "import threading\nimport starts\n")
    found = {row.module: row for row in rows}
    assert 0.05 < found["waits"].elapsed_s < 60
    assert 0 == found["waits"].memory_bytes


def test_two_threads_may_want_the_same(modules: Path) -> None:
    """Whoever waits for the other's import has it then, and the locks are as ever."""
    code = """
import threading, time
errors = []
def work(names):
    try:
        for name in names:
            __import__(name)
    except BaseException as error:
        errors.append(error)
orders = [["works", "circular", "package.inside"], ["circular_too", "works_too"]]
threads = [threading.Thread(target=work, args=(orders[n % 2],)) for n in range(16)]
[each.start() for each in threads]
[each.join() for each in threads]
print(errors, "works_too" in sys.modules)
"""
    slow = {"works_too.py": "import time\ntime.sleep(0.05)\n"}
    write_files(modules, slow)
    write_files(modules, {"circular_too.py": "import circular\n"})
    rows, output, _ = traced(sys.executable, modules, code)
    assert "[] True\n" == output
    assert all(row.elapsed_s >= 0 for row in rows)


def test_the_user_may_close_what_is_open(modules: Path) -> None:
    """Then the memory does not grow any more; before, it does."""
    code = """
import os
x = bytearray(1)
import grows
os.closerange(3, 100)
with open(os.devnull) as other:
    import works
"""
    write_files(modules, {"grows.py": "x = b'x' * 50_000_000\n"})
    rows, *_ = traced(sys.executable, modules, code)
    found = {row.module: row.memory_bytes for row in rows}
    assert 0 == found["works"]
    if sys.platform == "linux":
        assert 45_000_000 < found["grows"] < 60_000_000


def test_there_may_be_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: then nothing is known of memory."""
    monkeypatch.setattr(tracer, "STATM", "/proc/none")
    assert 0 == tracer.resident_memory()()


def test_stacks_may_be_switched(modules: Path) -> None:
    """As greenlets do it: what began first need not end last."""
    trace = object.__new__(tracer.Trace)
    trace._records, trace._current = [], {}
    trace._main, trace._memory = threading.get_ident(), lambda: 0
    frame = sys._getframe()
    first = trace._begin("first", frame)
    second = trace._begin("second", frame)
    trace._end(first)
    trace._end(second)
    third = trace._begin("third", frame)
    trace._end(third)
    assert [False] * 3 == [row[6] for row in trace.rows()]


def test_frames_are_those_between_two_imports(modules: Path) -> None:
    """The innermost first; recursion has no end, the list has."""
    files = {
        "calls.py": "def f(n):\n    if n:\n        f(n - 1)\n    else:\n"
        "        import works\n\n\nf(2)\n",
        "deep.py": "from calls import f\nimport sys\nsys.modules.pop('works')\nf(99)\n",
    }
    write_files(modules, files)
    rows, *_ = traced(sys.executable, modules, "import calls\nimport deep\n")
    first, second = (row.frames for row in rows if row.module == "works")
    assert [5, 3, 3, 8] == first[1::2]
    assert 2 * tracer.MOST_FRAMES == len(second)
