"""What the stubs call, in this process."""

from __future__ import annotations

import ast
import os
import sys
import threading
import time
import types

from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.nesting.loader import extraction
from poetry_plugin_package_function.packaging.nesting.loader import loader
from poetry_plugin_package_function.packaging.verify import raised
from poetry_plugin_package_function.services import LAMBDA
from tests.nested.function import Source
from tests.nested.function import contents_of
from tests.nested.function import write_home
from tests.nested.in_process import extracted


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where a nested ZIP is, with a package in it."""
    write_home(
        tmp_path / "task",
        {
            "ppf_package/__init__.py": b"VALUE = 1\nfrom ppf_package import sub\n",
            "ppf_package/sub.py": b"",
            "ppf_space/module.py": b"VALUE = 2\n",
            "ppf_failing.py": b"raise LookupError('its own')\n",
            "ppf.pth": b"import ppf_hook\n",
            "ppf_hook.py": b"import sys\nsys.ppf_hooked = True\n",
            "bin/tool.sh": b"#!/bin/sh\n",
        },
        ("ppf_package", "ppf_space.module", "ppf_failing", "ppf_hook", "ppf_missing"),
        at_init=True,
    )
    return tmp_path / "task"


def test_what_is_known_in_processes_of_their_own_is_the_same() -> None:
    """What runs in Lambda, and what verifies, can import nothing of one another."""
    assert LAMBDA.max_ephemeral_storage_bytes == extraction.MAX_EPHEMERAL_STORAGE
    assert loader.STUB == raised.STUB
    assert {f"/{each}" for each in loader.FILES} == {*raised.LOADER}


def test_it_runs_on_the_oldest_runtime_without_any_dependency() -> None:
    """The syntax is that of Python 3.10, and it imports the standard library only."""
    directory = Path(loader.__file__).parent
    sources = [directory / Path(each).name for each in loader.FILES]
    trees = [
        ast.parse(each.read_text(encoding="utf-8"), feature_version=(3, 10))
        for each in sources
    ]
    imported = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert 0 == node.level
            imported.add(str(node.module).split(".")[0])
    assert imported
    assert set() == imported - sys.stdlib_module_names


def enter(name: str, home: Path) -> Any:
    """Does what the stub of a module does while the module is imported."""
    stub = types.ModuleType(name)
    stub.__file__ = str(home / f"{name}.py")
    stub.__spec__ = ModuleSpec(name, None)
    sys.modules[name] = stub
    loader.enter(name, str(home), str(home), vars(stub))
    return sys.modules[name]


def test_a_nested_module_takes_the_place_of_its_stub(home: Path, tmp_dir: Path) -> None:
    """It is the same object, complete, with a spec that says where the module is."""
    sys.path.insert(0, str(home))
    module = enter("ppf_package", home)
    assert 1 == module.VALUE
    assert module.__spec__.origin == module.__file__
    assert [str(Path(module.__file__).parent)] == list(module.__path__)
    assert sys.path[0] == str(Path(module.__file__).parent.parent)
    assert sys.path[1] == str(home)
    assert sys.ppf_hooked is True  # type: ignore[attr-defined]


def test_a_nested_module_in_a_namespace(home: Path, tmp_dir: Path) -> None:
    """The parents are directories of the extracted tree."""
    module = enter("ppf_space.module", home)
    assert 2 == module.VALUE
    assert module.__file__.endswith("/ppf_space/module.py")


def test_the_users_exception_passes(home: Path, tmp_dir: Path) -> None:
    """It is not taken for one of the loader's."""
    with pytest.raises(LookupError, match="its own"):
        enter("ppf_failing", home)


@pytest.mark.parametrize("name", ["ppf_missing", "ppf_space"])
def test_a_module_that_is_not_there(home: Path, tmp_dir: Path, name: str) -> None:
    """The error names the module and the archive."""
    with pytest.raises(ImportError, match=f"{name} is not in {home}/") as raised:
        enter(name, home)
    assert name == raised.value.name


def test_a_module_that_had_to_make_room(home: Path, tmp_dir: Path) -> None:
    """It runs in the stub's place: the module object and its attributes stay."""
    originals = home / loader.MOVED / "ppf_moved"
    originals.mkdir(parents=True)
    (originals / "__init__.py").write_text('"""Doc."""\nVALUE = __file__\n')
    stub = types.ModuleType("ppf_moved")
    stub.__file__ = str(home / "ppf_moved" / "__init__.py")
    stub._package_function = None  # type: ignore[attr-defined]
    loader.enter("ppf_moved", str(home), str(home), vars(stub))
    assert "Doc." == stub.__doc__
    assert stub.__file__ == stub.VALUE
    assert not hasattr(stub, "_package_function")


def test_prepare_does_its_work_once(home: Path, tmp_dir: Path) -> None:
    """The second time, the path stays as it is and nothing is written."""
    finder = loader.prepare(str(home), str(home))
    directory = finder.extract(0)
    path = list(sys.path)
    status = os.stat(directory)
    assert finder is loader.prepare(str(home), str(home))
    assert path == sys.path
    assert 1 == path.count(directory)
    assert 1 == sys.meta_path.count(finder)
    assert status.st_mtime_ns == os.stat(directory).st_mtime_ns


def test_threads_that_prepare_at_once(
    home: Path, tmp_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree is put on the path once, and its .pth files are obeyed once."""
    barrier = threading.Barrier(4)
    realpath, obeyed = os.path.realpath, list[str]()
    loaded = loader.beside("extraction")
    extract = loaded.extract

    def together(*arguments: Any) -> None:
        barrier.wait()
        extract(*arguments)

    def slow(path: str) -> str:
        time.sleep(0.001)
        return realpath(path)

    monkeypatch.setattr(loaded, "extract", together)
    monkeypatch.setattr(os.path, "realpath", slow)
    monkeypatch.setattr("site.addsitedir", obeyed.append)
    threads = [
        threading.Thread(target=loader.prepare, args=(str(home), str(home)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    directory = loader.prepare(str(home), str(home)).extract(0)
    assert 1 == sys.path.count(directory)
    assert [directory] == obeyed


def test_prepare_says_where_an_unusable_directory_is(
    home: Path, tmp_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `/tmp` that is not there is an ImportError that names it."""
    monkeypatch.setenv("TMPDIR", str(tmp_dir / "missing"))
    with pytest.raises(ImportError, match=f"nested ZIP .*{tmp_dir}/missing/"):
        loader.prepare(str(home), str(home))


def test_threads_that_extract_at_once(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One does it, the others wait for it; `flock` tells threads apart, too."""
    (tmp_path / "tmp").mkdir()
    # Each thread puts back what it has found, which may be another one's.
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    barrier = threading.Barrier(6)
    found = []

    def work() -> None:
        barrier.wait()
        found.append(extracted(home, tmp_path / "tmp"))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 6 == len(found)
    assert 1 == len(set(found))
    assert 7 == len(contents_of(found[0]))


def test_no_bytecode_is_written_into_tmp(tmp_path: Path) -> None:
    """It would take time and space, for a single start."""
    files = {"my_app/__init__.py": "import my_app.sub\n", "my_app/sub.py": ""}
    function = Source(files).unpacked(tmp_path)

    told = function.ask(
        "sys.dont_write_bytecode = False\nimport my_app, padding\n"
        "show(sys.dont_write_bytecode)"
    )

    assert told is True
    assert [] == list(function.tmp_dir.rglob("__pycache__"))
