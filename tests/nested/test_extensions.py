"""Extension modules with libraries of their own, which are extracted apart."""

from __future__ import annotations

import os

from typing import TYPE_CHECKING
from typing import Any

import pytest

from poetry_plugin_package_function.packaging.profiles.profile import Profile
from poetry_plugin_package_function.packaging.profiles.profile import Used
from tests.nested.function import Function
from tests.nested.function import Source
from tests.packaging.native import importable
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc


if TYPE_CHECKING:
    from pathlib import Path


pytestmark = needs_gcc

MODULE = "big/_large.so"
OWN = "big/libown.so.2"
SHARED = "big.libs/libcommon.so"
OPENED = """\
import ctypes
from importlib.util import find_spec
def maps():
    with open("/proc/self/maps") as file:
        return [line.split() for line in file]
def opened(name):
    # It has no code to import, but the dynamic linker looks for all that it needs.
    ctypes.CDLL(find_spec(name).origin)
    ours = ("package-function-", os.environ["LAMBDA_TASK_ROOT"])
    paths = {line[-1] for line in maps() if any(each in line[-1] for each in ours)}
    return sorted(map(os.path.basename, paths))
def present():
    names = {name.split("-")[-1] for name in os.listdir(os.environ["TMPDIR"])}
    return len([name for name in names if name.isdigit()])
import my_app
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """An extension module with 4 MiB of a library, and one that shares another one."""
    top = tmp_path_factory.mktemp("libraries")
    soname = "-Wl,-soname,"
    deep = linked(top / "big.libs/libdeep.so", f"{soname}libdeep.so")
    origin = "-Wl,-rpath,$ORIGIN"
    common = linked(top / SHARED, deep, f"{soname}libcommon.so", origin)
    beside = f"{origin}/../big.libs"
    own = linked(top / OWN, common, f"{soname}libown.so.2", beside)
    own.write_bytes(own.read_bytes() + bytes(4 << 20))
    linked(top / MODULE, own, common, origin, beside, importable("_large"))
    linked(top / "big/other.so", common, beside, importable("other"))
    files = {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*.so*")
    }
    code = {"big/__init__.py": "from pathlib import Path\nHERE = Path(__file__)\n"}
    return Source(
        {"my_app/__init__.py": "VALUE = 1\n"}, dependencies={"big": {**code, **files}}
    )


@pytest.fixture(params=["flat", "nested"], scope="module")
def packaged(
    request: pytest.FixtureRequest,
    source: Source,
    tmp_path_factory: pytest.TempPathFactory,
) -> Function:
    """With a package that is flat, and with one that is nested, too."""
    nest = () if request.param == "flat" else ("big",)
    directory = tmp_path_factory.mktemp(request.param)
    function = source.unpacked(directory, nest=nest, limit_bytes=3_000_000)
    assert function.report.nested is not None
    units = [(each.names, each.extension) for each in function.report.nested.units]
    whole = [(("big",), "")] if nest else []
    assert [*whole, (("big",), "big._large")] == units
    return function


@pytest.fixture
def function(packaged: Function, tmp_path: Path) -> Function:
    return Function(packaged.task_root, tmp_path, packaged.report)


def ask(function: Function, code: str, **options: Any) -> Any:
    return function.ask(f"{OPENED}{code}", **options)


def units_of(function: Function) -> int:
    assert function.report.nested is not None
    return len(function.report.nested.units)


def test_it_is_extracted_when_it_is_imported(function: Function) -> None:
    """Not with its package; and it finds what it shares with others."""
    before, libraries, after = ask(
        function,
        "import big\nbefore = present()\n"
        "show([before, opened('big._large'), present()])",
    )
    assert (units_of(function) - 1, units_of(function)) == (before, after)
    names = {"_large.so", "libown.so.2", "libcommon.so", "libdeep.so"}
    assert sorted(names) == libraries


def test_what_is_shared_is_loaded_once(function: Function) -> None:
    """Whoever needs it first: the same file, by whatever path."""
    for first, second in ("_large", "other"), ("other", "_large"):
        libraries = ask(
            function,
            f"import big\nopened('big.{first}'); opened('big.{second}')\n"
            "show(len({line[4] for line in maps() if 'libcommon' in line[-1]}))",
        )
        assert 1 == libraries


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (
            "sorted(m.name for m in pkgutil.iter_modules(big.__path__))",
            ["_large", "other"],
        ),
        ("find_spec('big._large').name", "big._large"),
        ("len([f for f in metadata.files('big') if '.so' in f.name])", 5),
    ],
    ids=["iter_modules", "find_spec", "files"],
)
def test_questions_that_extract_nothing(
    function: Function, question: str, expected: object
) -> None:
    """They are answered as in a flat result."""
    code = (
        "import pkgutil, big\nfrom importlib import metadata\nbefore = present()\n"
        f"answer = {question}\nshow([answer, present() - before])"
    )
    assert [expected, 0] == ask(function, code)


def test_all_files_are_located(function: Function) -> None:
    """Wherever they are."""
    found = ask(
        function,
        "from importlib.metadata import files\n"
        "show({str(f): f.locate().is_file() for f in files('big')})",
    )
    assert {MODULE, OWN, SHARED, "big/__init__.py", "big/other.so"} <= found.keys()
    assert all(found.values()), found


@pytest.mark.parametrize("start", ["import big", "import big._large"])
def test_a_subprocess_finds_it(function: Function, start: str) -> None:
    """By the stub in its place, or in its package's; it is an import all the same."""
    done = function.run("-c", f"{start}\nprint('there')", isolated=False)
    if start == "import big":
        assert "there\n" == done.stdout, done.stderr
    else:  # there is no code in it
        assert "does not define module export function" in done.stderr
        assert function.extracted("big", extension="big._large").is_dir()


def test_an_extraction_that_was_killed_after_links_were_made(
    function: Function,
) -> None:
    """They are there already when it is resumed."""
    staging = function.extracted("big", extension="big._large")
    staging = staging.with_name(f"{staging.name}.partial")
    is_flat = units_of(function) == 1
    package = function.task_root if is_flat else function.extracted("big")
    for place in "big.libs/libcommon.so", "big.libs/libdeep.so":
        (staging / place).parent.mkdir(parents=True, exist_ok=True)
        os.symlink(package / place, staging / place)
    assert 4 == len(ask(function, "import big\nshow(opened('big._large'))"))


def test_a_package_shows_no_file_that_is_not_there(function: Function) -> None:
    """Whoever copies it, or opens all libraries that it lists, can do so."""
    copied = ask(
        function,
        "import big, shutil, glob\n"
        "place = os.path.dirname(big.__file__)\n"
        "shutil.copytree(place, os.environ['TMPDIR'] + '/copy')\n"
        "for path in glob.glob(place + '/*.so*'): open(path).close()\n"
        "show(sorted(os.listdir(os.environ['TMPDIR'] + '/copy')))",
    )
    assert ["__init__.py", "_large.py", "other.so"] == copied


def test_a_child_that_takes_over_the_path_finds_it(function: Function) -> None:
    """It meets no stub, as its parent has the package's place on `sys.path`."""
    path = ask(function, "import big\nshow(sys.path)")
    code = f"import sys; sys.path[:0] = {path}; import big._large"
    done = function.run("-c", code, cwd=function.tmp_dir)
    # It is the right file: there is no code in it.
    assert "does not define module export function" in done.stderr
    assert function.extracted("big", extension="big._large").is_dir()


def test_where_init_comes_long_before(function: Function) -> None:
    """It is extracted with all the others."""
    env = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
    assert units_of(function) == ask(function, "show(present())", env=env)


@pytest.mark.parametrize("nest", [(), ("big",)], ids=["flat", "nested"])
def test_libraries_without_a_search_path(tmp_path: Path, nest: tuple[str, ...]) -> None:
    """They are found by the DT_RPATH of the module that has loaded them.

    So are what only this module needs, which goes with it, and what others share.
    """
    top = tmp_path / "libraries"
    deep = linked(top / "big.libs/libdeep.so", "-Wl,-soname,libdeep.so")
    common = linked(top / SHARED, deep, "-Wl,-soname,libcommon.so")
    leaf = linked(top / "big.libs/libleaf.so", common, "-Wl,-soname,libleaf.so")
    own = linked(top / "big.libs/libown.so.2", leaf, "-Wl,-soname,libown.so.2")
    own.write_bytes(own.read_bytes() + bytes(4 << 20))
    inherited = "-Wl,--disable-new-dtags,-rpath,$ORIGIN/../big.libs"
    linked(top / MODULE, own, inherited, importable("_large"))
    linked(top / "big/other.so", common, inherited, importable("other"))
    files = {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*.so*")
    }
    function = Source(
        {"my_app/__init__.py": "VALUE = 1\n"},
        dependencies={"big": {"big/__init__.py": "", **files}},
    ).unpacked(tmp_path / "function", nest=nest, limit_bytes=3_000_000)
    assert function.report.nested is not None
    assert "big._large" == function.report.nested.units[-1].extension

    found = ask(function, "import big\nshow(opened('big._large'))")

    libraries = ["libcommon.so", "libdeep.so", "libleaf.so", "libown.so.2"]
    assert sorted(["_large.so", *libraries]) == found


def test_eager_has_no_parts(source: Source, tmp_path: Path) -> None:
    """All is in one directory then, as it is installed."""
    eager = Source(
        source.files, dependencies=source.dependencies, table="eager = true"
    ).unpacked(tmp_path, nest=("big",))
    assert eager.report.nested is not None
    assert [""] == [each.extension for each in eager.report.nested.units]
    assert 4 == len(eager.ask(f"{OPENED}import big\nshow(opened('big._large'))"))


def test_those_that_nobody_has_imported_are_one_unit(tmp_path: Path) -> None:
    """It is extracted with the first of them, and has what only they need."""
    top = tmp_path / "libraries"
    origin = "-Wl,-rpath,$ORIGIN"
    common = linked(top / "big/libcommon.so", "-Wl,-soname,libcommon.so")
    own = linked(top / "big/libown.so", common, "-Wl,-soname,libown.so", origin)
    own.write_bytes(own.read_bytes() + bytes(4 << 20))
    linked(top / "big/used.so", common, origin, importable("used"))
    for name in ("_one", "_two"):
        linked(top / f"big/{name}.so", own, common, origin, importable(name))
    files = {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in top.rglob("*.so")
    }
    profile = Profile({"big": "1.0"}, {"big": Used(("big", "big.used"))}, {})
    function = Source(
        {"my_app/__init__.py": "VALUE = 1\n"},
        dependencies={"big": {"big/__init__.py": "", **files}},
        table='profile = "profile.json"',
        beside={"profile.json": profile.text()},
    ).unpacked(tmp_path / "function", nest=(), limit_bytes=3_000_000)
    assert function.report.nested is not None
    units = [each.extension for each in function.report.nested.units]
    assert ["big._one and 1 more"] == units

    before, used, one, two, after = ask(
        function,
        "import big\nused = opened('big.used')\nbefore = present()\n"
        "show([before, used, opened('big._one'), opened('big._two'), present()])",
    )

    assert (0, 1) == (before, after)
    assert ["libcommon.so", "used.so"] == used
    assert {"_one.so", "libown.so"} <= set(one)
    assert {"_one.so", "_two.so", "libown.so"} <= set(two)
    listed = function.ask(
        "import big, pkgutil\n"
        "show([each.name for each in pkgutil.iter_modules(big.__path__)])"
    )
    assert {"_one", "_two", "used"} <= set(listed)
