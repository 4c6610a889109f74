"""What is nested as a whole: nothing is in two places, and nothing is torn apart."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

import pytest

from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.nesting.splitting import split
from poetry_plugin_package_function.packaging.nesting.units import merged
from poetry_plugin_package_function.packaging.nesting.units import requirers
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.content import FileContent
from poetry_plugin_package_function.packaging.sources.distributions import (
    read_distributions,
)
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from poetry_plugin_package_function.packaging.tree.tree import Tree
from tests.packaging.native import linked
from tests.packaging.native import native_of
from tests.packaging.native import needs_gcc
from tests.trees import install
from tests.trees import make_venv
from tests.trees import site_packages_of


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.nesting.units import Unit


MY_APP: Final = EntryModule("my_app", is_package=True)


def parts_of(
    *entries: Entry, modules: tuple[EntryModule, ...] = (MY_APP,), apart: bool = True
) -> Parts:
    """Splits a tree of these entries and a project with one package."""
    project = files("my-app", "my_app/__init__.py")
    in_order = tuple(sorted((*project, *entries)))
    native = native_of(in_order)
    return split(Tree(in_order, (), (), modules), in_order, native, apart=apart)


def files(distribution: str | None, *names: str, included: bool = False) -> list[Entry]:
    """Makes entries of a distribution's files; what they hold is their names."""
    owner = None if distribution is None else canonicalize_name(distribution)
    return [
        Entry(name, BytesContent(name.encode()), len(name), False, owner, included)
        for name in names
    ]


def names_in(entries: Iterable[Entry]) -> list[str]:
    return [entry.name for entry in entries]


def all_names(parts: Parts) -> list[tuple[str, ...]]:
    return [unit.names for unit in parts.units]


def module_paths(unit: Unit | None) -> list[str]:
    return [] if unit is None else [module.path for module in unit.modules]


def only_unit(*entries: Entry, apart: bool = True) -> Unit:
    """Splits what has to be one unit."""
    (unit,) = parts_of(*entries, apart=apart).units
    return unit


# -- what belongs together ----------------------------------------------------------


def test_each_distribution_is_one_unit() -> None:
    """Units stand in the order of names; each has its files, modules and size."""
    parts = parts_of(
        *files("b", "b/__init__.py", "b/deep/c.py", "b_more.py"),
        *files("a", "a/data.bin", "a/__init__.py"),
    )

    assert [("a",), ("b",)] == all_names(parts)
    one, other = parts.units
    assert ["a/__init__.py", "a/data.bin"] == names_in(one.entries)
    assert ["b/__init__.py", "b/deep/c.py", "b_more.py"] == names_in(other.entries)
    assert (EntryModule("a", is_package=True),) == one.modules
    assert (
        EntryModule("b", is_package=True),
        EntryModule("b_more", is_package=False),
    ) == other.modules
    assert ((), False, False, None) == (
        other.together,
        other.has_pth,
        other.has_more,
        other.tests,
    )
    assert len("a/data.bin") + len("a/__init__.py") == one.size_bytes
    assert (["my_app/__init__.py"], ("my-app",)) == (
        names_in(parts.project.entries),
        parts.project.names,
    )
    assert () == parts.never_nested


@pytest.mark.parametrize("above", ["", "ns/", "ns/deep/"])
@pytest.mark.parametrize("init", ["__init__.py", "__init__.pyc", "__init__.abi3.so"])
def test_a_shared_package_couples(above: str, init: str) -> None:
    """A package is extracted into one directory, and the unit tells why."""
    unit = only_unit(
        *files("a", f"{above}shared/{init}", f"{above}shared/a.py"),
        *files("b", f"{above}shared/sub/b.py", "b/__init__.py"),
    )

    assert ("a", "b") == unit.names
    assert (f"a and b share {above}shared",) == unit.together
    assert sorted(["b", f"{above}shared"]) == module_paths(unit)


def test_couples_of_couples() -> None:
    """Whoever shares with one of them belongs to all of them; others do not."""
    parts = parts_of(
        *files("c", "one/__init__.py", "one/c.py"),
        *files("z", "two/__init__.py", "one/z.py"),
        *files("a", "two/a.py"),
        *files("d", "three/__init__.py"),
        *files("e", "three/e.py"),
        *files("f", "f.py"),
    )

    assert [("a", "c", "z"), ("d", "e"), ("f",)] == all_names(parts)
    assert [
        ("c and z share one", "a and z share two"),
        ("d and e share three",),
        (),
    ] == [unit.together for unit in parts.units]


@pytest.mark.parametrize("above", ["", "deep/"])
def test_a_namespace_package_does_not_couple(above: str) -> None:
    """PEP 420: its parts may be in directories of their own, each with its modules."""
    parts = parts_of(
        *files("ns-a", f"{above}ns/a/__init__.py", f"{above}ns/a/more/x.py"),
        *files("ns-b", f"{above}ns/b/__init__.py", f"{above}ns/single.py"),
    )

    assert [("ns-a",), ("ns-b",)] == all_names(parts)
    assert [[f"{above}ns/a"], [f"{above}ns/b", f"{above}ns/single"]] == [
        module_paths(unit) for unit in parts.units
    ]
    assert [False, False] == [unit.has_more for unit in parts.units]


def test_a_namespace_of_pkgutil_couples() -> None:
    """Its shared `__init__` makes one package of it, which stands in one place."""
    unit = only_unit(
        *files("ns-a", "ns/__init__.py", "ns/a/__init__.py"),
        *files("ns-b", "ns/b/__init__.py"),
    )

    assert ("ns-a", "ns-b") == unit.names
    assert ["ns"] == module_paths(unit)


def test_a_namespace_with_a_package_inside_of_it() -> None:
    """The shallowest that is no namespace package is what couples, not all above."""
    parts = parts_of(
        *files("a", "ns/shared/__init__.py"),
        *files("b", "ns/shared/b/__init__.py"),
        *files("c", "ns/c/__init__.py"),
    )

    assert [("a", "b"), ("c",)] == all_names(parts)


def test_a_module_and_a_package_of_one_name() -> None:
    """They are imported by one name, whichever of them it is."""
    unit = only_unit(*files("a", "thing.py"), *files("b", "thing/__init__.py"))

    assert ("a", "b") == unit.names
    assert (EntryModule("thing", is_package=True),) == unit.modules


# -- shared libraries ---------------------------------------------------------------


def on_disk(top: Path, distribution: str, *names: str) -> Iterator[Entry]:
    """Makes entries of files that are there."""
    for entry in files(distribution, *names):
        path = top / entry.name
        content = FileContent(str(path))
        yield entry._replace(content=content, size_bytes=path.stat().st_size)


def two_libraries(top: Path, name: str, other: str, search: str) -> list[Entry]:
    """Links one distribution's library to another's of an own distribution."""
    needed = linked(top / other, f"-Wl,-soname,{Path(other).name}")
    linked(top / name, needed, f"-Wl,-rpath,{search}")
    return [*on_disk(top, "one", name), *on_disk(top, "other", other)]


@needs_gcc
@pytest.mark.parametrize(
    ("name", "other", "search"),
    [
        ("one/fast.so", "other.libs/libo.so", "$ORIGIN/../other.libs"),
        ("one/fast.so", "other/lib/libo.so.12", "${ORIGIN}/../other/lib"),
        ("one/deep/libd.so.1", "other/libo.so", "/opt:$ORIGIN/../../other"),
        ("one/tests/fast.so", "other/libo.so", "$ORIGIN/../../other"),
        ("one.so", "other/libo.so", "$ORIGIN/other"),
    ],
)
def test_linked_libraries_couple(
    tmp_path: Path, name: str, other: str, search: str
) -> None:
    """A path from a library to another one holds inside of one directory only."""
    unit = only_unit(*two_libraries(tmp_path, name, other, search))

    assert ("one", "other") == unit.names
    assert (f"{name} is linked to {other}",) == unit.together


@needs_gcc
@pytest.mark.parametrize(
    ("name", "other", "search"),
    [
        ("one/fast.so", "other/libo.so", "/opt/other"),
        ("one/fast.so", "other/libo.so", "$ORIGIN/../another"),
        ("one/fast.so", "lib/libo.so", "$ORIGIN/../lib"),
        ("one/fast.so", "libo.so", "$ORIGIN/.."),
        ("one/fast.dat", "other/libo.so", "$ORIGIN/../other"),
    ],
)
def test_libraries_that_do_not_couple(
    tmp_path: Path, name: str, other: str, search: str
) -> None:
    """What is found without a path between them, or stays, keeps nobody together."""
    parts = parts_of(*two_libraries(tmp_path, name, other, search))

    assert ("one",) in all_names(parts)
    assert () == parts.units[0].together


@needs_gcc
def test_a_library_of_the_own_distribution(tmp_path: Path) -> None:
    """It is in the same unit already, and needs no reason for it."""
    entries = two_libraries(tmp_path, "a/a.so", "a.libs/b.so", "$ORIGIN/../a.libs")

    unit = only_unit(
        *(each._replace(distribution=canonicalize_name("a")) for each in entries)
    )

    assert (("a",), ()) == (unit.names, unit.together)


@needs_gcc
def test_a_library_linked_to_the_projects(tmp_path: Path) -> None:
    """It stays where the project stays, and the project's unit tells why."""
    parts = parts_of(
        *two_libraries(tmp_path, "one/a.so", "my_app/b.so", "$ORIGIN/../my_app"),
    )

    assert ("my-app", "one", "other") == parts.project.names
    assert "one/a.so is linked to my_app/b.so" in parts.project.together
    assert () == parts.units


def test_what_is_only_called_a_library(tmp_path: Path) -> None:
    """What is no library is no error here."""
    (text,) = files("a", "a/text.so")
    (tmp_path / "text.so").write_text("no library\n")

    unit = only_unit(text._replace(content=FileContent(str(tmp_path / "text.so"))))

    assert ["a/text.so"] == names_in(unit.entries)


# -- the project --------------------------------------------------------------------


def test_what_shares_the_projects_package_is_the_projects() -> None:
    """A distribution with files in the entry module's package stays with it."""
    parts = parts_of(*files("plugin", "my_app/plugin.py", "plugin/__init__.py"))

    assert () == parts.units
    assert ("my-app", "plugin") == parts.project.names
    assert ("my-app and plugin share my_app",) == parts.project.together
    assert ["my_app/__init__.py", "my_app/plugin.py", "plugin/__init__.py"] == names_in(
        parts.project.entries
    )


def test_what_shares_the_projects_namespace_is_not_the_projects() -> None:
    """`acme.fn` is the entry module; `acme.lib` is another's."""
    parts = parts_of(
        *files("acme-fn", "acme/fn/__init__.py"),
        *files("acme-lib", "acme/lib/__init__.py"),
        modules=(EntryModule("acme/fn", is_package=True),),
    )

    assert ("acme-fn",) == parts.project.names
    assert [("acme-lib",), ("my-app",)] == all_names(parts)


def test_all_entry_modules_are_one_unit() -> None:
    """A project may have several, packages and single files, with and without owner."""
    parts = parts_of(
        *files("my-app", "handler.py", "my_app/more/__init__.py", "my_data/x.txt"),
        *files(None, "other_app/__init__.py", "other_app/api.py"),
        modules=(
            EntryModule("handler", is_package=False),
            MY_APP,
            EntryModule("other_app", is_package=True),
        ),
    )

    assert () == parts.units
    assert ("my-app", "other-app") == parts.project.names
    assert ["handler", "my_app", "other_app"] == module_paths(parts.project)


@pytest.mark.parametrize(
    "name", ["config/settings.toml", "tool.py", "data/tests/__init__.py", "a.libs/x.so"]
)
def test_included_files_are_the_projects(name: str) -> None:
    """Whatever they are called, they go where the project goes, and name nobody."""
    parts = parts_of(
        *files(None, name, included=True), *files("data", "data_of/__init__.py")
    )

    assert name in names_in(parts.project.entries)
    assert ("my-app",) == parts.project.names
    assert [("data",)] == all_names(parts)


def test_a_file_included_into_a_package_couples() -> None:
    """A package that has been added to stays with what has been added."""
    parts = parts_of(
        *files("lib", "lib_of/__init__.py", "lib_of/data.txt"),
        *files(None, "lib_of/mine.txt", included=True),
    )

    assert () == parts.units
    assert ("lib", "my-app") == parts.project.names


def test_why_a_file_included_into_a_package_couples() -> None:
    """Errors show the reason: it has to be a sentence."""
    parts = parts_of(
        *files("lib", "lib_of/__init__.py"),
        *files(None, "lib_of/mine.txt", included=True),
    )

    assert ("lib and the project share lib_of",) == parts.project.together


# -- files of no distribution -------------------------------------------------------


def test_files_of_no_distribution() -> None:
    """They are units by what their top-level names begin with."""
    parts = parts_of(
        *files(None, "loose.py", "__pycache__/loose.cpython-311.pyc"),
        *files(None, "Other_Thing/__init__.py", "Other_Thing.libs/libo.so"),
    )

    assert [("loose",), ("other-thing",)] == all_names(parts)
    loose, other = parts.units
    assert ["__pycache__/loose.cpython-311.pyc", "loose.py"] == names_in(loose.entries)
    assert ["Other_Thing.libs/libo.so", "Other_Thing/__init__.py"] == names_in(
        other.entries
    )
    assert ((), ()) == (loose.together, other.together)


def test_files_of_no_distribution_in_a_package() -> None:
    """What somebody has put into a distribution's package belongs to it."""
    unit = only_unit(*files("a", "pkg/__init__.py"), *files(None, "pkg/put_there.py"))

    assert ["pkg/__init__.py", "pkg/put_there.py"] == names_in(unit.entries)
    assert ("a and pkg share pkg",) == unit.together


# -- what stays ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "a-1.0.dist-info/METADATA",
        "a-1.0.dist-info/licenses/tests/LICENSE",
        "a.egg-info/PKG-INFO",
        "liba.so",
        "libtorch-0a1b.so.1.2",
        "lib/liba.so",
        "lib/plugin.so",
        "lib/liba.so.1",
        "my_app/.dependencies/__pycache__/loader.cpython-311.pyc",
        ".dependencies/__pycache__/loader.cpython-311.pyc",
    ],
)
def test_what_stays(name: str) -> None:
    """It is found without being imported: by a name, or by the dynamic linker."""
    parts = parts_of(*files("a", name, "a/__init__.py"))

    assert [name] == names_in(parts.never_nested)
    (unit,) = parts.units
    assert ["a/__init__.py"] == names_in(unit.entries)
    assert not unit.has_more


@pytest.mark.parametrize(
    "name",
    [
        "a/b-1.0.dist-info/METADATA",
        "a/liba.so",
        "a/lib/liba.so",
        "a.libs/liba.so",
        "lib/deep/liba.so",
        "lib/data.txt",
        "liba/data.so",
        "liba.py",
        "liba.sound",
        "liba.so.txt",
        "aliba.so",
        "a/dependencies/x",
        "a/.dependencies/x",
        "a/.dependencies/loader.py",
    ],
)
def test_what_only_looks_as_if_it_stayed(name: str) -> None:
    """Deeper directories are not on `LD_LIBRARY_PATH`, and metadata is at the top.

    Of what is ours, only bytecode is in the tree.
    """
    parts = parts_of(*files("a", name))

    assert () == parts.never_nested
    assert [name] == names_in(parts.units[0].entries)


def test_metadata_in_one_file_stays() -> None:
    """Distutils wrote `.egg-info` files, and `importlib.metadata` finds them."""
    parts = parts_of(*files("a", "a-1.0.egg-info", "a/__init__.py"))

    assert ["a-1.0.egg-info"] == names_in(parts.never_nested)
    assert not parts.units[0].has_more


@pytest.mark.parametrize("name", ["lib/a.source.txt", "lib/a.so.py", "lib/x.sock/y"])
def test_what_is_no_library_does_not_stay(name: str) -> None:
    """A library ends in `.so` and numbers in `lib`, too."""
    assert () == parts_of(*files("a", name)).never_nested


# -- tests --------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["a/tests", "a/b/tests", "ns/a/tests"])
@pytest.mark.parametrize("init", ["__init__.py", "__init__.pyc", "__init__.abi3.so"])
def test_tests_are_apart(place: str, init: str) -> None:
    """Packages called `tests` in other packages go with all that is below them."""
    package = f"{place.rpartition('/')[0]}/__init__.py"
    inside = [f"{place}/{each}" for each in (init, "data.csv", "sub/x.py")]
    unit = only_unit(
        *files("a", package, *inside, f"{place}/sub/tests/__init__.py", f"{place}.py")
    )

    assert unit.tests is not None
    assert sorted([*inside, f"{place}/sub/tests/__init__.py"]) == names_in(
        unit.tests.entries
    )
    assert (EntryModule(place, is_package=True),) == unit.tests.modules
    assert (unit.names, None) == (unit.tests.names, unit.tests.tests)
    assert sorted([package, f"{place}.py"]) == names_in(unit.entries)
    assert len(package) + len(f"{place}.py") == unit.size_bytes
    assert not unit.has_more
    assert not unit.tests.has_more


@pytest.mark.parametrize(
    "names",
    [
        ("a/__init__.py", "a/tests/test_a.py"),
        ("a/__init__.py", "a/tests/data.csv"),
        ("a/__init__.py", "a/tests.py"),
        ("a/__init__.py", "a/test/__init__.py"),
        ("a/__init__.py", "a/my_tests/__init__.py"),
        ("a/__init__.py", "a/tests/deep/__init__.py"),
        ("a/__init__.py", "a/directory/tests/__init__.py"),
        ("tests/__init__.py", "tests/test_a.py"),
        ("ns/tests/__init__.py",),
    ],
)
def test_what_is_no_tests_package(names: tuple[str, ...]) -> None:
    """A namespace package, another name, or what is not in a package: all of it is one.

    `import a.tests` of a namespace package would find only one of its places, and one
    that only tests are in would be gone.
    """
    unit = only_unit(*files("a", *names))

    assert unit.tests is None
    assert sorted(names) == names_in(unit.entries)


def test_tests_of_several() -> None:
    """Those of all of a unit's distributions are one unit, each with its module."""
    unit = only_unit(
        *files("a", "a/__init__.py", "a/tests/__init__.py"),
        *files("a", "a/b/__init__.py", "a/b/tests/__init__.pyc"),
        *files("b", "a/c/b.py", "b/__init__.py", "b/tests/__init__.py"),
    )

    assert unit.tests is not None
    assert ["a/b/tests", "a/tests", "b/tests"] == module_paths(unit.tests)
    assert ("a", "b") == unit.tests.names


def test_tests_are_not_apart_if_all_is_extracted_at_once() -> None:
    """Then they are a part of their unit."""
    unit = only_unit(*files("a", "a/__init__.py", "a/tests/__init__.py"), apart=False)

    assert unit.tests is None
    assert ["a/__init__.py", "a/tests/__init__.py"] == names_in(unit.entries)
    assert ["a"] == module_paths(unit)


# -- what nobody imports ------------------------------------------------------------


def test_lines_for_the_start() -> None:
    """`.pth` files are obeyed at the top only."""
    parts = parts_of(
        *files("a", "a.pth", "a/__init__.py"), *files("b", "b/__init__.py", "b/b.pth")
    )

    assert [(True, False), (False, False)] == [
        (unit.has_pth, unit.has_more) for unit in parts.units
    ]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["data/x.csv"], True),
        (["a/__init__.py", "data/x.csv"], True),
        (["a/__init__.py", "LICENSE"], True),
        (["ns/a/__init__.py", "ns/data.txt"], True),
        (["a-stubs/__init__.pyi", "a-stubs/py.typed"], False),
        (["a.py", "a.pyi"], False),
        (["a/__init__.py", "a/data/x.csv"], False),
        (["ns/a/__init__.py", "ns/a/data/x.csv"], False),
        (["a/__init__.py", "a.libs/liba.so", "a.libs/deep/x"], False),
        (["a.py", "__pycache__/a.cpython-311.pyc"], False),
        (["a/__init__.py", "a/__pycache__/__init__.cpython-311.pyc"], False),
        (["ns/a.py", "ns/__pycache__/a.cpython-311.pyc"], False),
    ],
)
def test_files_beside_the_modules(names: list[str], expected: bool) -> None:
    """Nobody is seen to need them; but for bytecode, libraries and types they may."""
    assert expected is only_unit(*files("a", *names)).has_more


@pytest.mark.parametrize(
    ("name", "path", "is_package"),
    [
        ("fast.cpython-311-x86_64-linux-gnu.so", "fast", False),
        ("fast.abi3.so", "fast", False),
        ("fast.so", "fast", False),
        ("fast.pyd", "fast", False),
        ("fast.pyc", "fast", False),
        ("ns/fast.abi3.so", "ns/fast", False),
        ("fast/__init__.abi3.so", "fast", True),
        ("fast/__init__.pyc", "fast", True),
        ("my-func.py", "my-func", False),
        ("größe.py", "größe", False),
    ],
)
def test_modules(name: str, path: str, is_package: bool) -> None:
    """Whatever Python imports is one, not source files only."""
    unit = only_unit(*files("a", name))

    assert (EntryModule(path, is_package=is_package),) == unit.modules
    assert not unit.has_more


@pytest.mark.parametrize(
    "name",
    ["my.pkg/__init__.py", "a.b.py", "a.b/c.py", "x.y.z/fast.so", "__main__.py"],
)
def test_what_no_import_can_name(name: str) -> None:
    """A dot in a name leads into another package: such a file is no module."""
    unit = only_unit(*files("a", name))

    assert () == unit.modules
    assert unit.has_more


def test_dots_inside_of_a_package() -> None:
    """They make no difference there: it is the package's."""
    unit = only_unit(
        *files("a", "a/__init__.py", "a/data.v1/__init__.py", "a/data.v1/tests/x.py"),
        *files("a", "a/data.v1/tests/__init__.py"),
    )

    assert ["a"] == module_paths(unit)
    assert not unit.has_more
    assert unit.tests is None


# -- any tree -----------------------------------------------------------------------


DIRECTORIES: Final = st.lists(
    st.sampled_from(
        [
            *("a", "b", "ns", "tests", "lib", "a.libs", "a.b", "__pycache__"),
            *("my_app", "x-1.0.dist-info", ".dependencies"),
        ]
    ),
    max_size=4,
)
FILES: Final = st.sampled_from(
    [
        *("__init__.py", "__init__.pyc", "__init__.abi3.so", "a.py", "b.py"),
        *("tests.py", "m.cpython-311.pyc", "fast.so", "liba.so.1", "x.pth"),
        *("data.txt", ".hidden"),
    ]
)
NAMES: Final = st.builds(
    lambda above, name: "/".join([*above, name]), DIRECTORIES, FILES
)
OWNERS: Final = st.tuples(
    st.sampled_from([None, "a", "b", "c", "my-app"]),
    st.sampled_from([False] * 5 + [True]),
)


@given(st.dictionaries(NAMES, OWNERS, max_size=25), st.booleans())
@example({"a/tests/__init__.py": ("a", True), "a/__init__.py": ("b", False)}, True)
@example({"my_app/tests/__init__.py": ("my-app", False)}, True)
def test_each_entry_is_in_one_place(
    tree: dict[str, tuple[str | None, bool]], apart: bool
) -> None:
    """It stays, or is the project's, or one unit's; or in the tests of one of them.

    What is below a module's directory is in the module's unit, or in its tests.
    """
    tree.pop("my_app/__init__.py", None)
    entries = [
        entry
        for name, (owner, included) in tree.items()
        for entry in files(None if included else owner, name, included=included)
    ]

    parts = parts_of(*entries, apart=apart)

    units = [parts.project, *parts.units]
    tests = [unit.tests for unit in units if unit.tests]
    places = [parts.never_nested, *(each.entries for each in (*units, *tests))]
    found = Counter(entry.name for place in places for entry in place)
    assert Counter(["my_app/__init__.py", *tree]) == found
    for place in places:
        assert sorted(names_in(place)) == names_in(place)
    assert apart or not tests
    modules = [module for each in (*units, *tests) for module in each.modules]
    assert len({module.path for module in modules}) == len(modules)
    staying = set(names_in(parts.never_nested))
    for unit in units:
        own = set(names_in(unit.entries))
        of_tests = set(names_in(unit.tests.entries if unit.tests else ()))
        assert own or of_tests
        for module in filter(lambda module: module.is_package, unit.modules):
            below = {name for name in found if name.startswith(f"{module.path}/")}
            assert below <= own | of_tests | staying
        for module in unit.tests.modules if unit.tests else ():
            below = {name for name in found if name.startswith(f"{module.path}/")}
            assert below <= of_tests | staying


# -- several units ------------------------------------------------------------------


def test_one_unit_of_several() -> None:
    """It has all that each of them has, in order."""
    parts = parts_of(
        *files("b", "b/__init__.py", "a.pth"),
        *files("a", "a/__init__.py", "z/data.txt"),
        *files("c", "c/__init__.py"),
        *files("d", "c/d.py"),
        apart=False,
    )

    whole = merged(parts.units[::-1])

    assert ("a", "b", "c", "d") == whole.names
    assert ["a.pth", "a/__init__.py", "b/__init__.py"] == names_in(whole.entries)[:3]
    assert sum(len(unit.entries) for unit in parts.units) == len(whole.entries)
    assert ["a", "b", "c"] == module_paths(whole)
    assert (True, True, None) == (whole.has_pth, whole.has_more, whole.tests)
    assert ("c and d share c",) == whole.together
    assert (False, False) == (
        merged(parts.units[2:]).has_pth,
        merged(parts.units[2:]).has_more,
    )


def test_who_requires_what(tmp_path: Path) -> None:
    """Names are normalized; what only an extra asks for is not required."""
    venv = make_venv(tmp_path / "venv")
    lines = {
        "one": "Requires-Dist: My_Data>=1\nRequires-Dist: plain",
        "two": 'Requires-Dist: my.data; python_version < "3"',
        "three": 'Requires-Dist: plain; extra == "more"',
    }
    for name, metadata in lines.items():
        install(venv, name, {f"{name}.py": ""}, metadata=f"{metadata}\n")

    found = requirers(read_distributions((site_packages_of(venv),)))

    assert {"my-data": {"one", "two"}, "plain": {"one"}} == dict(found)
