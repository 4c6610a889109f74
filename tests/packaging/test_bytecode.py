"""Bytecode: what is compiled, that it is used, and that its bytes are the same."""

from __future__ import annotations

import hashlib
import io
import json
import marshal
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile

from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import Any

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.compression import MAX_LEVEL
from poetry_plugin_package_function.packaging.archive.compression import deflate
from poetry_plugin_package_function.packaging.bytecode import compilation as bytecode
from poetry_plugin_package_function.packaging.bytecode.compilation import Bytecode
from poetry_plugin_package_function.packaging.bytecode.compilation import Cache
from poetry_plugin_package_function.packaging.bytecode.compilation import Interpreter
from poetry_plugin_package_function.packaging.bytecode.compilation import compiled
from poetry_plugin_package_function.packaging.bytecode.compilation import (
    find_interpreter,
)
from poetry_plugin_package_function.packaging.progress import NoProgress
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.entry import Entry
from tests.machine import interpreter
from tests.packaging.test_compression import content_of
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from collections.abc import Sequence

    from poetry_plugin_package_function.packaging.result import Report


PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]
TAG = sys.implementation.cache_tag
HOST = f"{sys.version_info.major}.{sys.version_info.minor}"


def venv_of(directory: Path, python: str | Path = sys.executable) -> Path:
    """A venv whose interpreter is a link, as `python -m venv` makes it."""
    version = subprocess.run(
        [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    venv = make_venv(directory, python=version)
    (venv / "bin").mkdir()
    (venv / "bin" / "python").symlink_to(python)
    (venv / "pyvenv.cfg").write_text(f"home = {os.path.dirname(python)}\n")
    return venv


def entries_of(directory: Path, files: Mapping[str, str | bytes]) -> list[Entry]:
    write_files(directory, files)
    return [
        Entry(
            name,
            FileContent(str(directory / name)),
            (directory / name).stat().st_size,
        )
        for name in sorted(files)
    ]


def host(tmp_path: Path) -> Interpreter:
    return find_interpreter(venv_of(tmp_path / "host-venv") / "bin/python")


@contextmanager
def compiling(
    entries: Sequence[Entry], python: Interpreter, cache: Cache | None = None
) -> Iterator[Bytecode]:
    with TemporaryDirectory() as scratch:
        yield compiled(entries, python, cache, Path(scratch), NoProgress())


def contents(found: Bytecode) -> dict[str, bytes]:
    return {each.name: content_of(each) for each in deflate(found.entries)}


# -- what is compiled ---------------------------------------------------------------


def test_modules_are_compiled(tmp_path: Path) -> None:
    """All but those in `tests` directories, and what is no Python."""
    entries = entries_of(
        tmp_path / "tree",
        {
            "a.py": "a = 1\n",
            "b/__init__.py": "",
            "b/get-user.py": "x = 2\n" * 99,
            "b/tests/test_b.py": "y = 3\n",
            "b/template.py": "{{ name }} = 1 +\n",
            "b/old.py": "print 'two'\n",
            "b/data.txt": "text",
            "tests.py": "z = 4\n",
        },
    )
    entries.append(Entry("b/written.py", BytesContent(b"w = 5\n"), 6))

    with compiling(entries, host(tmp_path)) as found:
        names = [entry.name for entry in found.entries]

    assert [
        f"__pycache__/a.{TAG}.pyc",
        f"__pycache__/tests.{TAG}.pyc",
        f"b/__pycache__/__init__.{TAG}.pyc",
        f"b/__pycache__/get-user.{TAG}.pyc",
        f"b/__pycache__/written.{TAG}.pyc",
    ] == names
    assert ("b/old.py", "b/template.py") == found.skipped


@pytest.mark.parametrize(
    "source",
    [
        b"\x00",
        b"# coding: klingon\n",
        b"x = '\xff'\n",
        b"x = " + b"(" * 5000,
        b"x = " + b"-" * 100_000 + b"1",
        b"if 1:\n x\n\ty\n",
    ],
    ids=["a NUL", "a coding", "no UTF-8", "brackets", "minuses", "tabs"],
)
def test_what_does_not_compile(tmp_path: Path, source: bytes) -> None:
    """It is skipped, and what stands beside it is not."""
    entries = entries_of(tmp_path / "tree", {"a.py": "a = 1\n", "b.py": source})

    with compiling(entries, host(tmp_path)) as found:
        assert ["b.py"] == list(found.skipped)
        assert [f"__pycache__/a.{TAG}.pyc"] == [each.name for each in found.entries]


def test_warnings_of_the_compiler_are_not_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """They are somebody else's to fix."""
    entries = entries_of(tmp_path / "tree", {"a.py": "x = 'a\\d' is 'b'\n"})

    with compiling(entries, host(tmp_path)) as found:
        assert 1 == len(found.entries)

    assert ("", "") == capfd.readouterr()


def test_the_compiler_in_this_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a process of its own, but for what marshal makes of this one's objects."""
    entries = entries_of(tmp_path, {"a.py": "def f(): pass\n", "b.py": "1 +\n"})
    task = marshal.dumps([(read(each.content), each.name) for each in entries], 2)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(task)))
    result = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(result))

    runpy.run_path(str(bytecode.COMPILER), run_name="__main__")

    pyc, nothing = marshal.loads(result.getvalue())
    code = marshal.loads(pyc[16:])
    assert nothing is None
    assert "/var/task/a.py" == code.co_filename
    assert ("f",) == code.co_names


# -- that it is used ----------------------------------------------------------------

IMPORTS = """\
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
import pkg.module
print(json.dumps([pkg.module.__spec__.cached, pkg.module.where(), pkg.module.__file__]))
"""
MODULE = """\
def where():
    import sys
    return sys._getframe().f_code.co_filename
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_bytecode_is_used_in_place_of_the_source(tmp_path: Path, version: str) -> None:
    """Without a look at the source; paths are those where the files lie."""
    venv = venv_of(tmp_path / "venv", interpreter(version))
    install(venv, "pkg", {"pkg/__init__.py": "", "pkg/module.py": MODULE})
    output = tmp_path / "out.zip"
    report = package_venv(
        venv, make_project(tmp_path / "project"), output, compile=True
    )
    task_root = tmp_path / "task"
    shutil.unpack_archive(output, task_root)
    source = task_root / "pkg" / "module.py"
    source.write_text(source.read_text().replace("f_code.co_filename", "nothing"))

    done = subprocess.run(
        [venv / "bin" / "python", "-I", "-B", "-c", IMPORTS, task_root],
        capture_output=True,
        text=True,
        check=True,
    )

    cached, where, file = json.loads(done.stdout)
    assert file == where == str(source)
    assert Path(cached).is_file()
    assert report.bytecode is not None
    assert report.bytecode.python.startswith(f"{version}.")
    assert (2, ()) == (report.bytecode.files, report.bytecode.left_out)


def test_the_time_of_the_files_does_not_count(tmp_path: Path) -> None:
    """PEP 552: hash-based, and not checked."""
    entries = entries_of(tmp_path / "tree", {"a.py": "a = 1\n"})

    with compiling(entries, host(tmp_path)) as found:
        (pyc,) = contents(found).values()

    assert (1).to_bytes(4, "little") == pyc[4:8]


# -- the same bytes -----------------------------------------------------------------


def real_files(directory: Path, count: int) -> list[Entry]:
    """Real code: what is installed here, and the standard library."""
    found = []
    for top in (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib")):
        for path in sorted(Path(top).rglob("*.py")):
            name = f"{Path(top).name}/{path.relative_to(top).as_posix()}"
            if "/tests/" not in name and "lib2to3/tests" not in name:
                target = directory / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
                owner = canonicalize_name(name.split("/")[1].removesuffix(".py"))
                size_bytes = target.stat().st_size
                content = FileContent(str(target))
                found.append(Entry(name, content, size_bytes, distribution=owner))
            if len(found) == count:
                return sorted(found)
    raise AssertionError(f"only {len(found)} files")


def digest(found: Bytecode) -> str:
    each = [
        (name, hashlib.sha256(content).hexdigest())
        for name, content in contents(found).items()
    ]
    return hashlib.sha256(repr(each).encode()).hexdigest()


@pytest.mark.parametrize("count", [60, pytest.param(4000, marks=pytest.mark.large)])
@pytest.mark.parametrize(
    "version",
    ["3.11", *(pytest.param(each, marks=pytest.mark.slow) for each in PYTHONS[1:])],
)
def test_the_same_bytes_on_two_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, count: int
) -> None:
    """Other directories, seeds, environments, locales and numbers of cores."""
    python = find_interpreter(
        venv_of(tmp_path / "venv", interpreter(version)) / "bin/python"
    )
    first = real_files(tmp_path / "first", count)
    second = real_files(tmp_path / "a" / "deeper" / "sécond", count)
    monkeypatch.setattr(bytecode, "usable_cores", lambda: 1)
    with compiling(first, python) as found:
        expected = digest(found)
        assert len(found.entries) > 0.97 * count

    monkeypatch.setattr(bytecode, "usable_cores", lambda: 7)
    for name, value in {
        "PYTHONHASHSEED": "7",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONPATH": str(tmp_path),
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
        "A_VARIABLE": "x" * 5000,
    }.items():
        monkeypatch.setenv(name, value)
    with compiling(second, python) as found:
        assert expected == digest(found)


# -- the cache ----------------------------------------------------------------------


class Cached:
    """A distribution from a wheel, and a cache for it."""

    def __init__(self, tmp_path: Path) -> None:
        self.directory = tmp_path / "cache"
        self.interpreter = host(tmp_path)
        name = canonicalize_name("demo")
        self.hashes = {name: "sha256:1"}
        files = {"demo/a.py": "a = 1\n" * 99, "demo/b.py": "", "demo/c.py": "1 +"}
        self.entries = [
            each._replace(distribution=name)
            for each in entries_of(tmp_path / "tree", files)
        ]

    def compile(self) -> tuple[dict[str, bytes], tuple[str, ...]]:
        cache = Cache(self.directory, self.hashes)
        with compiling(self.entries, self.interpreter, cache) as found:
            return contents(found), found.skipped

    @property
    def archives(self) -> list[Path]:
        return sorted(self.directory.glob("*"))


@pytest.fixture
def cached(tmp_path: Path) -> Cached:
    return Cached(tmp_path)


def test_a_second_run_compiles_nothing(cached: Cached) -> None:
    """What the first one has kept is the same; there is no Python to compile with."""
    first = cached.compile()
    cached.interpreter = cached.interpreter._replace(path=Path("/nowhere/python"))

    assert first == cached.compile()
    assert ("demo/c.py",) == first[1]
    assert 1 == len(cached.archives)


@pytest.mark.parametrize("kept_bytes", [0, 1, 100])
def test_a_damaged_file_of_the_cache(cached: Cached, kept_bytes: int) -> None:
    """It is found out and made anew."""
    first = cached.compile()
    (archive,) = cached.archives
    before = archive.read_bytes()
    archive.write_bytes(before[:kept_bytes] + b"x" + before[kept_bytes + 1 :])

    assert first == cached.compile()
    assert before == archive.read_bytes()


def other_wheel(cached: Cached) -> None:
    cached.hashes[canonicalize_name("demo")] = "sha256:2"


def other_python(cached: Cached) -> None:
    cached.interpreter = cached.interpreter._replace(version="3.11.99")


def fewer_files(cached: Cached) -> None:
    del cached.entries[1]


@pytest.mark.parametrize("change", [other_wheel, other_python, fewer_files])
def test_what_the_cache_depends_on(cached: Cached, change: Any) -> None:
    """Each makes another file."""
    cached.compile()
    change(cached)
    cached.compile()

    assert 2 == len(cached.archives)


def test_a_distribution_without_a_wheel(cached: Cached) -> None:
    """Its code may change without its version: it is compiled each time."""
    cached.hashes.clear()
    cached.compile()

    assert [] == cached.archives


def test_a_cache_that_cannot_be_written(cached: Cached) -> None:
    """That is no reason not to compile."""
    cached.directory.write_text("a file")

    assert 2 == len(cached.compile()[0])


# -- the interpreter ----------------------------------------------------------------


def test_no_interpreter(tmp_path: Path) -> None:
    """A directory without one, as the CLI takes it, has no bytecode."""
    with pytest.raises(SourceError, match="cannot be run") as raised:
        find_interpreter(make_venv(tmp_path / "venv") / "bin/python")
    assert "leave out --compile" in raised.value.hint


def fake(tmp_path: Path, *answer: object) -> Path:
    venv = make_venv(tmp_path / "venv")
    program = venv / "bin" / "python"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    return venv


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (("pypy", (3, 11, 9, "final", 0), "pypy311", ""), "is pypy"),
        (("cpython", (3, 10, 13, "final", 0), "cpython-310", ""), "differs from run"),
        (("cpython", (3, 15, 0, "alpha", 2), "cpython-315", "3.15.0a2 x"), "3.15.0a2"),
        ((), "does not say which Python it is"),
    ],
)
def test_an_interpreter_that_will_not_do(
    tmp_path: Path, answer: tuple[object, ...], reason: str
) -> None:
    """Fakes, as these are not on each machine; Python 3.10 is real below."""
    with pytest.raises(SourceError, match=reason):
        find_interpreter(fake(tmp_path, *answer) / "bin/python")


def test_python_3_10_is_refused(tmp_path: Path) -> None:
    """With the reason; nothing is written."""
    venv = venv_of(tmp_path / "venv", interpreter("3.10"))
    install(venv, "my_app", {"my_app/__init__.py": ""})

    with pytest.raises(SourceError, match="bytecode differs from run to run"):
        package_venv(
            venv, make_project(tmp_path / "project"), tmp_path / "o.zip", compile=True
        )
    assert not (tmp_path / "o.zip").exists()


def test_an_interpreter_that_crashes(tmp_path: Path) -> None:
    """The files are named that it was at."""
    python = host(tmp_path)
    program = tmp_path / "crashing"
    program.write_text("#!/bin/sh\necho no memory >&2\nkill -SEGV $$\n")
    program.chmod(0o755)
    entries = entries_of(tmp_path / "tree", {"a.py": "", "b.py": ""})

    with (
        pytest.raises(SourceError, match=r"status -11 .*a\.py … b\.py.*no memory"),
        compiling(entries, python._replace(path=program)),
    ):
        pass


# -- in an archive ------------------------------------------------------------------

CODE = "".join(f"def f{number}(x): return x + {number}\n" for number in range(300))


def app(tmp_path: Path) -> Path:
    venv = venv_of(tmp_path / "venv")
    install(venv, "my_app", {"my_app/__init__.py": "x = 1\n"})
    install(venv, "small", {"small.py": CODE[:2000]})
    install(venv, "large", {"large.py": CODE * 20, "large.bin": os.urandom(200_000)})
    return venv


def packaged(tmp_path: Path, venv: Path, room: int | None = None) -> Report:
    """Packages a venv; `room` is what Lambda's limit leaves."""
    return package_venv(
        venv,
        make_project(tmp_path / "project"),
        tmp_path / "out.zip",
        layers_size=262_144_000 - room if room else 0,
        compile=True,
        report=str(tmp_path / "out.json"),
    )


def test_flat_with_bytecode(tmp_path: Path) -> None:
    """It is a part of its distribution, and counts."""
    report = packaged(tmp_path, app(tmp_path))

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = archive.namelist()
        assert archive.testzip() is None
        pycs = [each for each in archive.infolist() if each.filename.endswith(".pyc")]
    assert sorted(names) == names
    assert report.bytecode is not None
    assert 3 == report.bytecode.files == len(pycs)
    assert sum(each.file_size for each in pycs) == report.bytecode.size_bytes
    assert len(names) == report.files
    assert report.unzipped_bytes == report.uncompressed_bytes
    assert 5 == {each.name: each.files for each in report.distributions}["small"]


def test_bytecode_does_not_make_it_nested(tmp_path: Path) -> None:
    """Flat without bytecode starts faster than nested with it."""
    venv = app(tmp_path)
    without = package_venv(venv, make_project(tmp_path / "p"), tmp_path / "o.zip")

    report = packaged(tmp_path, venv, without.unzipped_bytes + 1)

    assert "flat" == report.layout
    assert without.sha256 == report.sha256
    assert report.bytecode is not None
    assert 0 == report.bytecode.files
    assert ("large", "my-app", "small") == report.bytecode.left_out


def test_nested_with_as_much_bytecode_as_fits(tmp_path: Path) -> None:
    """More is nested for it, as long as that helps; then the largest is left out."""
    venv = app(tmp_path)
    install(venv, "text", {"text.txt": "x" * 400_000})
    report = packaged(tmp_path, venv, 400_000)
    assert "nested" == report.layout
    assert report.bytecode is not None
    assert 6 == report.bytecode.files  # those of the loader, too
    before = report

    while not report.bytecode.left_out:
        before, report = report, packaged(tmp_path, venv, report.unzipped_bytes)
        assert report.bytecode is not None

    assert report.bytecode is not None
    assert ("large",) == report.bytecode.left_out
    assert 5 == report.bytecode.files
    assert report.unzipped_bytes < before.unzipped_bytes
    written = json.loads((tmp_path / "out.json").read_bytes())
    assert ["large"] == written["bytecode"]["left_out"]


def test_bytecode_that_is_compressed_once_more(tmp_path: Path) -> None:
    """At the slowest level nothing is copied."""
    entries = entries_of(tmp_path / "tree", {"a.py": CODE})

    with compiling(entries, host(tmp_path)) as found:
        (usual,) = deflate(found.entries)
        (smallest,) = deflate(found.entries, level=MAX_LEVEL)

    assert content_of(usual) == content_of(smallest)
    assert len(smallest.data) < len(usual.data)


def test_what_is_said_of_it(tmp_path: Path) -> None:
    """The report has the full version, and what does not compile."""
    venv = venv_of(tmp_path / "venv")
    install(venv, "my_app", {"my_app/__init__.py": "", "my_app/old.py": "print 1\n"})

    report = packaged(tmp_path, venv)

    assert report.bytecode is not None
    assert ".".join(map(str, sys.version_info[:3])) == report.bytecode.python
    assert ("my_app/old.py",) == report.bytecode.skipped
