"""Extension modules that go apart: only those that nothing can miss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.native import extensions
from poetry_plugin_package_function.packaging.native.libraries import Native
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.content import read
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.machine_code import machine_code_of
from tests.packaging.native import importable
from tests.packaging.native import linked
from tests.packaging.native import native_of
from tests.packaging.native import needs_gcc
from tests.trees import write_files


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterable
    from pathlib import Path

    from poetry_plugin_package_function.packaging.native.extensions import Extension
    from poetry_plugin_package_function.packaging.sources.content import Content


pytestmark = needs_gcc

LARGE = "big/_large.cpython-311-x86_64-linux-gnu.so"
OTHER = "big/other.abi3.so"
OWN = "big/libown.so.2"
COMMON = "big.libs/libcommon-1a2b.so"
ALL_SHARED = {COMMON, "big.libs/libdeep.so.1"}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "LEAST_BYTES", 20_000)


def library(top: Path, name: str, *needed: str, soname: str = "") -> str:
    """Links a library to others, which it finds by paths from itself."""
    path = top / name
    stem = path.name.partition(".")[0]
    module = [importable(stem)] if name.endswith(".so") and stem[:3] != "lib" else []
    searched = sorted({_relative(name, other) for other in needed})
    linked(
        path,
        *(top / other for other in needed),
        f"-Wl,-soname,{soname or path.name}",
        *(f"-Wl,-rpath,{each}" for each in searched),
        *module,
    )
    return name


def _relative(name: str, other: str) -> str:
    up = "/".join([".."] * name.count("/"))
    return f"$ORIGIN/{up}/{other.rpartition('/')[0]}"


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """Two extension modules with common libraries; one has a large one of its own."""
    library(tmp_path, "big.libs/libdeep.so.1")
    library(tmp_path, COMMON, "big.libs/libdeep.so.1")
    library(tmp_path, OWN, COMMON)
    library(tmp_path, LARGE, OWN, COMMON)
    library(tmp_path, OTHER, COMMON)
    (tmp_path / OWN).write_bytes((tmp_path / OWN).read_bytes() + bytes(20_000))
    files = {"big/__init__.py": "from big import other\n", "big/more.py": "import os\n"}
    return write_files(tmp_path, files)


def entries(top: Path, owner: str = "big") -> Iterable[Entry]:
    for path in sorted(top.rglob("*")):
        if path.is_file():
            name = path.relative_to(top).as_posix()
            size_bytes = path.stat().st_size
            is_program = "." not in path.name
            whose = canonicalize_name(owner)
            yield Entry(name, FileContent(str(path)), size_bytes, is_program, whose)


def found(top: Path, beside: Iterable[Entry] = ()) -> list[Extension]:
    own = [*entries(top)]
    return [*extensions.extensions_of(native_of([*own, *beside]), own)]


def test_a_library_that_only_one_needs(top: Path) -> None:
    """It goes with the module; what others need as well is linked to."""
    (extension,) = found(top)

    assert LARGE == extension.file
    assert {LARGE, OWN} == extension.files
    assert ALL_SHARED == extension.links


def test_libraries_of_its_library(top: Path) -> None:
    """Whatever only they need goes with them, however deep."""
    library(top, "big/libleaf.so")
    library(top, "big/libnext.so.1", "big/libleaf.so")
    library(top, OWN, COMMON, "big/libnext.so.1")
    (top / OWN).write_bytes((top / OWN).read_bytes() + bytes(20_000))

    (extension,) = found(top)

    assert {LARGE, OWN, "big/libnext.so.1", "big/libleaf.so"} == extension.files
    assert ALL_SHARED == extension.links


def test_copies_for_linkers(top: Path) -> None:
    """A wheel's copy of a library under the name that linkers use needs what it needs.

    Nobody loads it, so it hinders nothing, and goes with the library.
    """
    library(top, "big/libleaf.so.1", COMMON)
    library(top, "big/libown.so", "big/libleaf.so.1", soname="libown.so.2")
    library(top, OWN, COMMON, "big/libleaf.so.1")
    (top / OWN).write_bytes((top / OWN).read_bytes() + bytes(20_000))

    (extension,) = found(top)

    assert {LARGE, OWN, "big/libown.so", "big/libleaf.so.1"} == extension.files


@pytest.mark.parametrize("shared", [False, True])
def test_libraries_that_are_found_by_what_loads_them(
    top: Path, *, shared: bool
) -> None:
    """The module's DT_RPATH is for all that it loads: that goes along, or is linked to.

    None of the libraries has a search path of its own, as in many wheels.
    """
    deep = linked(top / "big.libs/libdeep.so.1", "-Wl,-soname,libdeep.so.1")
    common = linked(top / COMMON, deep, "-Wl,-soname,libcommon-1a2b.so")
    own = linked(top / "big.libs/libown.so.2", common, "-Wl,-soname,libown.so.2")
    own.write_bytes(own.read_bytes() + bytes(20_000))
    (top / OWN).unlink()
    inherited = "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../big.libs"
    linked(top / LARGE, own, inherited, importable("_large"))
    needed = [common] if shared else []
    linked(top / OTHER, *needed, inherited, importable("other"))

    (extension,) = found(top)

    assert {LARGE, "big.libs/libown.so.2"} <= extension.files
    everything = {LARGE, "big.libs/libown.so.2", *ALL_SHARED}
    assert everything == extension.files | extension.links
    assert (ALL_SHARED if shared else set()) == extension.links


def second_extension(top: Path) -> None:
    library(top, OTHER, COMMON, OWN)


def other_library(top: Path) -> None:
    library(top, "big/libplugin.so", OWN)


def program(top: Path) -> None:
    library(top, "big/bin/tool", OWN)
    (top / "big/bin/tool").chmod(0o755)


def by_name(top: Path) -> None:
    """Without a search path, what is loaded already is found."""
    linked(top / OTHER, top / OWN, top / COMMON, importable("other"))


def mentioned_in_init(top: Path) -> None:
    write_files(top, {"big/__init__.py": "from . import more, _large\n"})


def mentioned_above(top: Path) -> None:
    for name in (LARGE, OWN):
        (top / "big/sub").mkdir(exist_ok=True)
        (top / name).rename(top / name.replace("big/", "big/sub/"))
    library(top, LARGE.replace("big/", "big/sub/"), "big/sub/libown.so.2", COMMON)
    write_files(
        top,
        {"big/sub/__init__.py": "", "big/__init__.py": "from big.sub._large import x"},
    )


def imported_by_what_init_imports(top: Path) -> None:
    more = "import sys\nif sys.maxsize > 1:\n    from big.last import thing\n"
    last = "try:\n    from . import _large\nexcept ImportError as error:\n    raise\n"
    write_files(
        top,
        {
            "big/__init__.py": "import big.more as m\n",
            "big/more.py": more,
            "big/last.py": last,
        },
    )


def imported_by_most(top: Path) -> None:
    """The package can be imported without it, and that is all."""
    plugins = {f"big/plugin{each}.py": "from . import image\n" for each in range(3)}
    image = {"big/image.py": "class A:\n    from . import _large as core\n"}
    write_files(top, {**plugins, **image})


def loaded_by_a_path(top: Path) -> None:
    write_files(top, {"big/more.py": "ctypes.CDLL(HERE + '/libown.so.2')\n"})


def module_of_that_name(top: Path) -> None:
    write_files(top, {"big/_large.py": "from big._fallback import *\n"})


def in_a_namespace(top: Path) -> None:
    (top / "big/__init__.py").unlink()


def small(top: Path) -> None:
    library(top, OWN, COMMON)


def without_a_library(top: Path) -> None:
    library(top, LARGE, COMMON)
    (top / LARGE).write_bytes((top / LARGE).read_bytes() + bytes(20_000))


def without_a_path(top: Path) -> None:
    linked(top / LARGE, top / OWN, top / COMMON, importable("_large"))


def no_module(top: Path) -> None:
    """It is called like one, and opened by its path."""
    linked(top / LARGE, top / OWN, top / COMMON, f"-Wl,-rpath,{_relative(LARGE, OWN)}")


def a_library_that_is_a_module(top: Path) -> None:
    """It is imported by its own name, too."""
    (top / OWN).rename(top / "big/own.so")
    beside = f"-Wl,-rpath,{_relative(LARGE, OWN)}"
    content = (top / "big/own.so").read_bytes()
    linked(top / "big/own.so", importable("own"), "-Wl,-soname,own.so")
    linked(top / LARGE, top / "big/own.so", beside, importable("_large"))
    own = (top / "big/own.so").read_bytes()
    (top / "big/own.so").write_bytes(own + bytes(len(content)))


@pytest.mark.parametrize(
    "change",
    [
        *(second_extension, other_library, program, by_name),
        *(mentioned_in_init, imported_by_what_init_imports, imported_by_most),
        *(mentioned_above, loaded_by_a_path, module_of_that_name, in_a_namespace),
        *(small, without_a_library, without_a_path, no_module),
        a_library_that_is_a_module,
    ],
    ids=lambda change: change.__name__,
)
def test_what_could_be_missed_stays(top: Path, change: Callable[[Path], None]) -> None:
    """Whatever else may need it, by whatever way, keeps it with its package."""
    change(top)
    assert [] == found(top)


def test_a_package_of_its_own(top: Path) -> None:
    """The same one deeper, where nobody mentions it."""
    mentioned_above(top)
    write_files(top, {"big/__init__.py": "from big import other\n"})

    (extension,) = found(top)

    assert LARGE.replace("big/", "big/sub/") == extension.file
    assert ALL_SHARED == extension.links


def test_imports_that_need_not_be_run(top: Path) -> None:
    """Those of functions, of type checkers, and of sources that are for another Python.

    Nor does it matter that some sources import it, if most do not.
    """
    lazy = (
        "import typing\nif typing.TYPE_CHECKING:\n    from . import _large\n"
        "def use():\n    from big import _large\n    return _large\n"
    )
    files = {f"big/lazy{each}.py": lazy for each in range(4)}
    other = {"big/old.py": "print _large\n", "big/uses.py": "import big._large\n"}
    init = {"big/__init__.py": "from . import lazy1, old\n"}
    write_files(top, {**files, **other, **init})

    (extension,) = found(top)

    assert LARGE == extension.file


def test_a_library_that_another_distribution_needs(top: Path, tmp_path: Path) -> None:
    """By its name: who loads it first is not known."""
    elsewhere = tmp_path / "elsewhere"
    linked(elsewhere / "other/fast.so", top / OWN)

    assert [] == found(top, [*entries(elsewhere, "other")])


def test_what_is_damaged(top: Path) -> None:
    """Damaged libraries are nobody's, and no error here."""
    write_files(top, {"big/broken.so": b"\x7fELF\2\1\1", "big/text.so": "INPUT(x)"})
    ready = Entry("big/ready.py", BytesContent(b"import os\n"), 10)
    own = [*entries(top), ready]

    (extension,) = extensions.extensions_of(native_of(own), own)

    assert {LARGE, OWN} == extension.files


def test_a_ready_source_that_mentions_it(top: Path) -> None:
    """What is not on the disk is looked into as well."""
    ready = Entry("big/ready.py", BytesContent(b"load('libown.so.2')\n"), 20)
    own = [*entries(top), ready]

    assert [] == [*extensions.extensions_of(native_of(own), own)]


def test_what_is_known_of_a_library(top: Path) -> None:
    """Whether it is a module is not looked up in its content where it is known."""
    own = [*entries(top)]
    known = machine_code_of(own)
    for name, code in known.items():
        init = name in (LARGE, OTHER)
        known[name] = code._replace(defines_init=init)
    (top / LARGE).unlink()

    (extension,) = extensions.extensions_of(Native(own, known), own)

    assert LARGE == extension.file
    none = {name: code._replace(defines_init=False) for name, code in known.items()}
    assert [] == [*extensions.extensions_of(Native(own, none), own)]


def test_sources_of_wheels_are_looked_into_once(
    top: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For all functions of a run; another content is another answer."""
    looked_into: list[Content] = []

    def listening(content: Content) -> bytes:
        looked_into.append(content)
        return read(content)

    def is_apart(more: str) -> bool:
        own = [
            each._replace(content=BytesContent(read(each.content)))
            if each.name.endswith(".py")
            else each
            for each in entries(write_files(top, {"big/more.py": more}))
        ]
        looked_into.clear()
        return [] != [*extensions.extensions_of(native_of(own), own)]

    monkeypatch.setattr(extensions, "read", listening)
    assert is_apart("import os\n# 1\n")
    assert BytesContent(b"import os\n# 1\n") in looked_into
    assert is_apart("import os\n# 1\n")
    assert not any(isinstance(each, BytesContent) for each in looked_into)
    assert not is_apart("load('libown.so.2')\n")
