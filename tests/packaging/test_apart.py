"""Whatever is nested, each library is given what it is given in a flat result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.native import extensions
from poetry_plugin_package_function.packaging.nesting.loadable import check_loadable
from tests.packaging.native import importable
from tests.packaging.native import linked
from tests.packaging.native import native_of
from tests.packaging.native import needs_gcc
from tests.packaging.nested_trees import Shipped
from tests.packaging.nested_trees import names_of
from tests.packaging.nested_trees import noise
from tests.packaging.nested_trees import shipped


if TYPE_CHECKING:
    from pathlib import Path

    from poetry_plugin_package_function.packaging.nesting.layout import NestedLayout
    from tests.packaging.nested_trees import Files


pytestmark = needs_gcc

TEXT: Files = {"text.py": "a = 1\n" * 60_000}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extensions, "LEAST_BYTES", 20_000)


def library(
    top: Path, name: str, *needed: str, search: str = "", old: bool = False
) -> str:
    """Links a library that has one search path to others."""
    path = top / name
    stem = path.name.partition(".")[0]
    linked(
        path,
        *(top / each for each in needed),
        f"-Wl,-soname,{path.name}",
        *([f"-Wl,-rpath,{search}"] if search else []),
        *(["-Wl,--disable-new-dtags"] if old else []),
        *([importable(stem)] if stem[:3] != "lib" else []),
    )
    return name


def files_in(top: Path, *, padded: str = "") -> Files:
    """Reads what is in a directory; one of the files gets 60,000 bytes more."""
    return {
        name: path.read_bytes() + noise(60_000, 1) * (name == padded)
        for path in sorted(top.rglob("*"))
        if path.is_file()
        for name in [path.relative_to(top).as_posix()]
    }


def nested(ready: Shipped) -> NestedLayout:
    """What is nested where as little as possible can stay flat."""
    for limit_bytes in range(0, sum(map(len, TEXT.values())), 1000):
        found = ready.nester.plan(ready.zipped_bytes, limit_bytes, with_project=False)
        if found is not None:
            return found
    pytest.fail("text.py does not fit")


# -- what would be missed -----------------------------------------------------------


def test_what_a_staying_library_needs_by_a_path_stays(tmp_path: Path) -> None:
    """A module at the root that is called as a library is never nested.

    Its libraries are in a directory beside it, as auditwheel has them.
    """
    top = tmp_path / "libraries"
    library(top, "libtor.libs/libdeep.so")
    library(top, "libtor.libs/libbase.so", "libtor.libs/libdeep.so", search="$ORIGIN")
    library(top, "libtor.so", "libtor.libs/libbase.so", search="$ORIGIN/libtor.libs")
    libraries = files_in(top, padded="libtor.libs/libbase.so")

    ready = shipped(tmp_path, {"libtor": libraries, "text": TEXT})

    assert ["text"] == names_of(nested(ready).units)
    with pytest.raises(SourceError, match=r"nest: libtor cannot be nested: libtor\.so"):
        _ = ready.wishing(["libtor"]).nester


def test_what_names_a_staying_library_by_its_path_stays(tmp_path: Path) -> None:
    """A path from itself leads there only from where it is."""
    top = tmp_path / "libraries"
    named = linked(top / "lib/libbase.so", "-Wl,-soname,$ORIGIN/../lib/libbase.so")
    linked(top / "one/fast.so", named, importable("fast"))
    libraries = files_in(top, padded="one/fast.so")

    ready = shipped(tmp_path, {"one": libraries, "text": TEXT})

    assert ["text"] == names_of(nested(ready).units)


def test_tests_that_are_linked_to_their_package_stay_in_it(tmp_path: Path) -> None:
    """Their machine code finds its libraries in the package's directory only."""
    top = tmp_path / "libraries"
    library(top, "one.libs/libone.so")
    library(
        top, "one/tests/fast.so", "one.libs/libone.so", search="$ORIGIN/../../one.libs"
    )
    code = dict.fromkeys(("one/__init__.py", "one/tests/__init__.py"), "a = 1\n")
    libraries = {**files_in(top, padded="one/tests/fast.so"), **code}

    ready = shipped(tmp_path, {"one": libraries, "text": TEXT})

    found = nested(ready).units
    assert (["one", "text"], []) == (names_of(found), names_of(found, tests=True))
    assert "one/tests/fast.so" in {each.name for each in found[0].entries}


def test_libraries_of_three_distributions_are_one_unit(tmp_path: Path) -> None:
    """What finds others by the DT_RPATH of whatever loads it goes with all of them."""
    top = tmp_path / "libraries"
    library(top, "third/libthird.so")
    library(top, "second/libsecond.so", "third/libthird.so")
    search = "$ORIGIN/../second:$ORIGIN/../third"
    library(top, "first/fast.so", "second/libsecond.so", search=search, old=True)
    distributions = {
        name: {each: text for each, text in files_in(top).items() if name in each}
        for name in ("first", "second", "third")
    }

    ready = shipped(tmp_path, {**distributions, "text": TEXT})

    names = [unit.names for unit in ready.nester.parts.units]
    assert [("first", "second", "third"), ("text",)] == names


# -- the last check -----------------------------------------------------------------


@pytest.fixture
def ready(tmp_path: Path) -> Shipped:
    """An extension module with a library of its own, and one that it shares."""
    top = tmp_path / "libraries"
    library(top, "big.libs/libdeep.so")
    library(top, "big.libs/libcommon.so", "big.libs/libdeep.so")
    library(top, "big.libs/libown.so", "big.libs/libcommon.so")
    search = "$ORIGIN/../big.libs"
    library(top, "big/_large.so", "big.libs/libown.so", search=search, old=True)
    library(top, "big/other.so", "big.libs/libcommon.so", search=search, old=True)
    libraries = files_in(top, padded="big.libs/libown.so")
    big = {**libraries, "big/__init__.py": "a = 1\n" * 20_000}
    return shipped(tmp_path, {"big": big, "text": TEXT})


def test_a_library_that_is_not_linked_to(ready: Shipped) -> None:
    """What names no place for a library that is needed is refused, however deep."""
    found = nested(ready)
    assert ["", "", "big._large"] == [unit.extension for unit in found.units]
    links = ("big.libs/libcommon.so", "big.libs/libdeep.so")
    assert links == found.units[2].links
    libraries = native_of(ready.tree.entries)
    check_loadable(found, libraries)

    without = replace(found.units[2], links=links[:1])
    broken = replace(found, units=(*found.units[:2], without))

    with pytest.raises(SourceError, match=r"libcommon\.so needs libdeep\.so") as caught:
        check_loadable(broken, libraries)
    assert caught.value.hint == 'Keep it flat: keep-flat = ["big"].'


def test_a_package_without_one_of_its_libraries(ready: Shipped) -> None:
    """What has been taken from a package may be needed there."""
    found = nested(ready)
    big = found.units[0]
    left = tuple(each for each in big.entries if "libcommon" not in each.name)
    broken = replace(found, units=(replace(big, entries=left), *found.units[1:]))

    with pytest.raises(SourceError, match="libcommon"):
        check_loadable(broken, native_of(ready.tree.entries))


def test_a_module_that_makes_room_for_a_stub(tmp_path: Path) -> None:
    """An extension module in no package is moved, and its libraries are not."""
    top = tmp_path / "libraries"
    library(top, "my_app.libs/libown.so")
    library(top, "my_app.so", "my_app.libs/libown.so", search="$ORIGIN/my_app.libs")
    ready = shipped(tmp_path, {"text": TEXT}, files_in(top))

    with pytest.raises(SourceError, match=r"my_app\.so needs libown\.so") as caught:
        nested(ready)
    assert str(caught.value.hint).startswith("Let my_app.so be in a package")
