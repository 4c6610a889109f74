"""Kills, threads and processes in the middle of what is extracted lazily."""

from __future__ import annotations

import os
import random
import subprocess

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.packaging.nesting.loader import loader
from tests.nested.function import PYTHON
from tests.nested.function import Function
from tests.nested.function import Source
from tests.nested.function import contents_of


if TYPE_CHECKING:
    from pathlib import Path


NAMES: Final = ("alpha", "beta", "gamma")
MODULES: Final = (*NAMES, "alpha.tests")
NUMBERS: Final = random.Random(20261123)


def files_of(name: str) -> dict[str, str | bytes]:
    numbers = random.Random(name)
    return {
        f"{name}/__init__.py": f"from {name}.last import VALUE\n",
        **{f"{name}/sub{n % 7}/{n}.bin": numbers.randbytes(n * 40) for n in range(150)},
        f"{name}/large.bin": numbers.randbytes(5000) * 1800,
        f"{name}/last.py": f"VALUE = {name!r}\n",
        f"{name}/tests/__init__.py": "VALUE = __name__\n",
        f"{name}/tests/data.txt": "text\n" * 999,
    }


SOURCE = Source(
    {"my_app.py": ""}, dependencies={name: files_of(name) for name in NAMES}
)


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Function:
    return SOURCE.unpacked(tmp_path_factory.mktemp("races"), limit_bytes=8 << 20)


@pytest.fixture
def function(packaged: Function, tmp_path: Path) -> Function:
    return Function(packaged.task_root, tmp_path, packaged.report)


def expected_in(function: Function, module: str) -> dict[str, bytes]:
    """What is extracted for a module; something stands for tests that are not."""
    name, _, tests = module.partition(".")
    root = str(function.task_root)
    stand_in = loader.stub(f"{name}.tests", root, root).encode()
    return {
        **({} if tests else {f"{name}/tests/__init__.py": stand_in}),
        **_packaged_in(module),
    }


def _packaged_in(module: str) -> dict[str, bytes]:
    name, _, tests = module.partition(".")
    return {
        path: content.encode() if isinstance(content, str) else content
        for path, content in SOURCE.dependencies[name].items()
        if ("/tests/" in path) is bool(tests)
    }


def place_of(function: Function, module: str) -> Path:
    name, _, tests = module.partition(".")
    return function.extracted(name, tests=bool(tests))


KILLED = """\
import signal
import my_app
loader = sys.modules["_package_function_loader"]
write, written = os.write, []
def killed(file, data):
    written.append(len(data))
    if len(written) > {count}:
        write(file, bytes(data)[:len(data) // 2])
        os.kill(os.getpid(), signal.SIGKILL)
    return write(file, data)
before = {before!r}
for name in before:
    __import__(name)
os.write = killed
import {module}
"""


@pytest.mark.parametrize("module", MODULES)
def test_killed_in_the_middle_of_each_extraction(
    function: Function, module: str
) -> None:
    """Whatever has been there before, the next start goes on, and all is right."""
    parent = module.partition(".")[0]
    before = [name for name in NAMES if name == parent and name != module]
    place = place_of(function, module)
    expected = expected_in(function, module)
    staging = place.with_name(f"{place.name}.partial")
    # Its parent has been imported before, or is what is extracted.
    pieces = 2 if "." in module else 152
    there: dict[str, bytes] = {}
    for wanted in (0, 1, *NUMBERS.choices(range(pieces // 2), k=4)):
        count = min(wanted, pieces - len(there) - 2)
        if count < 0:
            break
        code = KILLED.format(count=count, before=before, module=module)
        done = function.run("-c", f"import os, sys\nsys.path.insert(0, '')\n{code}")
        assert -9 == done.returncode, done.stderr
        assert not place.exists()
        found = contents_of(staging)
        assert there.items() <= found.items()
        there = {
            name: content
            for name, content in found.items()
            if content == expected[name]
        }
        assert all(
            len(found[name]) < len(expected[name])
            for name in found.keys() - there.keys()
        )
    assert function.ask(f"import my_app, {module}\nshow({module}.VALUE)") == module
    assert expected == contents_of(place)
    assert [] == list(function.tmp_dir.glob("*.partial"))


THREADS = """\
import importlib, threading
import my_app
sys.setswitchinterval(1e-6)
names = {names!r}
barrier = threading.Barrier(len(names))
found = []
def work(name):
    barrier.wait()
    found.append([name, importlib.import_module(name).VALUE])
threads = [threading.Thread(target=work, args=(name,)) for name in names]
for thread in threads: thread.start()
for thread in threads: thread.join()
ours = [entry for entry in sys.path if "package-function" in entry]
show([sorted(found), len(ours) == len(set(ours))])
"""


@pytest.mark.parametrize(
    "names",
    [("alpha",) * 2, ("alpha", "beta"), MODULES * 4],
    ids=["two and one", "two and two", "sixteen and four"],
)
def test_threads(function: Function, names: tuple[str, ...]) -> None:
    """Threads that import the same and others at once get complete modules."""
    found, is_once = function.ask(THREADS.format(names=names))
    assert [[name, name] for name in sorted(names)] == found
    assert is_once
    for name in set(names):
        assert expected_in(function, name) == contents_of(place_of(function, name))


PROCESS = """\
import importlib, os, sys
sys.path.insert(0, os.getcwd())
import my_app
sys.stdin.read()
print(importlib.import_module(sys.argv[1]).VALUE)
"""


def test_processes(function: Function) -> None:
    """Of 16 that start at once, one extracts each distribution; all get all of it."""
    held, holding = os.pipe()
    names = MODULES * 4
    try:
        processes = [
            subprocess.Popen(
                (PYTHON, "-I", "-BWerror", "-c", PROCESS, name),
                stdin=held,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=function.task_root,
                env={"TMPDIR": str(function.tmp_dir)},
            )
            for name in names
        ]
    finally:
        os.close(held)
        os.close(holding)  # all of them wait for this
    outcomes = [process.communicate() for process in processes]
    assert [(f"{name}\n", "") for name in names] == outcomes
    for name in MODULES:
        assert expected_in(function, name) == contents_of(place_of(function, name))
    assert {place_of(function, name).name for name in MODULES} == {
        path.name for path in function.tmp_dir.iterdir() if path.suffix != ".lock"
    }
