"""With a profile, what is needed stays flat as far as there is room."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.native import extensions
from poetry_plugin_package_function.packaging.nesting.costs import UNIT_BYTES
from poetry_plugin_package_function.packaging.nesting.units import need_of
from poetry_plugin_package_function.packaging.profiles.needs import Need
from poetry_plugin_package_function.packaging.profiles.needs import Needs
from poetry_plugin_package_function.packaging.profiles.profile import Profile
from poetry_plugin_package_function.packaging.profiles.profile import Used
from tests.packaging.native import importable
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc
from tests.packaging.nested_trees import SIX
from tests.packaging.nested_trees import Shipped
from tests.packaging.nested_trees import names_of
from tests.packaging.nested_trees import noise
from tests.packaging.nested_trees import shipped


if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from poetry_plugin_package_function.packaging.nesting.units import Unit
    from tests.packaging.nested_trees import Files


def needing(
    ready: Shipped, init: Mapping[str, str], event: Mapping[str, str] | None = None
) -> Shipped:
    """The same tree with a profile: a module of each distribution that is needed."""
    profile = Profile(
        {},
        {name: Used((module,)) for name, module in init.items()},
        {name: Used((module,)) for name, module in (event or {}).items()},
    )
    needs = Needs(profile, canonicalize_name("my-app"))
    return Shipped(ready.tree, replace(ready.wishes, needs=needs))


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    return shipped(tmp_path_factory.mktemp("six"), SIX)


def test_nothing_better_could_be_nested(six: Shipped) -> None:
    """Of all ways that fit, none extracts less in INIT, or as much there and less then.

    Tests that nobody needs are nested first, whether that would be better or not.
    """
    ready = needing(six, {"text": "text", "noise": "noise"}, {"half": "half"})
    needs = ready.wishes.needs
    assert needs is not None

    def cost(choice: frozenset[Unit]) -> tuple[int, int]:
        found = {Need.NOTHING: 0, Need.EVENT: 0, Need.INIT: 0}
        for unit in choice:
            found[need_of(unit, needs)] += unit.size_bytes + UNIT_BYTES
        return found[Need.INIT], found[Need.EVENT]

    totals = ready.totals
    flat_bytes = totals[frozenset()]
    for limit_bytes in range(min(totals.values()) + 1, flat_bytes, 9_000):
        found = ready.decide(limit_bytes)
        assert found is not None
        best = min(cost(each) for each, size in totals.items() if size < limit_bytes)
        assert best == cost(ready.choice(found)), limit_bytes


def test_what_nobody_asks_for_is_nested_first(six: Shipped) -> None:
    """A small distribution that INIT needs stays flat beside large ones."""
    ready = needing(six, {"tiny": "tiny"})
    flat_bytes = ready.totals[frozenset()]

    found = ready.decide(flat_bytes - 160_000)

    assert found is not None
    assert "tiny" not in names_of(found)
    whys = {each.why.partition(";")[0] for each in found if not each.tests}
    assert {"the profile has nothing that needs it"} == whys


def test_needed_tests_stay_with_their_package(six: Shipped) -> None:
    """They are nested no sooner than the package."""
    ready = needing(six, {"half": "half.tests.expected"})

    units = {unit.names[0]: unit for unit in ready.nester.parts.units}

    assert units["half"].tests is None
    assert units["text"].tests is not None


@needs_gcc
def test_extension_modules_that_nobody_has_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go apart from a package that is needed, with what only they need."""
    monkeypatch.setattr(extensions, "LEAST_BYTES", 20_000)
    top = tmp_path / "libraries"

    def library(name: str, *needed: str) -> None:
        stem = name.rpartition("/")[2].partition(".")[0]
        linked(
            top / name,
            *(top / each for each in needed),
            f"-Wl,-soname,{name.rpartition('/')[2]}",
            "-Wl,-rpath,$ORIGIN",
            *([importable(stem)] if stem[:3] != "lib" else []),
        )

    library("big/libbase.so")
    library("big/libown.so", "big/libbase.so")
    library("big/libnamed.so")
    library("big/used.so", "big/libbase.so")
    library("big/one.so", "big/libown.so", "big/libnamed.so")
    library("big/two.so", "big/libown.so")
    files: Files = {
        path.relative_to(top).as_posix(): path.read_bytes()
        + (noise(60_000, 1) if path.stem == "libown" else b"")
        for path in sorted(top.rglob("*.so"))
    }
    files |= {"big/__init__.py": b"from . import used", "big/x.py": b"x = 'libnamed'"}
    ready = shipped(tmp_path, {"big": files, "zeros": SIX["zeros"]})

    guided = needing(ready, {"big": "big.used"})
    (big,) = (each for each in guided.nester.parts.units if "big" in each.names)
    (apart,) = big.extensions
    assert ["big/libown.so", "big/one.so", "big/two.so"] == [
        entry.name for entry in apart.entries
    ]
    assert ["big.one", "big.two"] == [module.name for module in apart.modules]
    assert ("big/libbase.so", "big/libnamed.so") == apart.links

    flat_bytes = guided.totals[frozenset()]
    found = guided.decide(flat_bytes - 80_000)
    assert found is not None
    assert ["zeros"] == names_of(found)
    assert [] == [*needing(ready, {"zeros": "zeros"}).nester.parts.units[0].extensions]

    event = needing(ready, {"big": "big.used"}, {"big": "big.two"})
    (big,) = (each for each in event.nester.parts.units if "big" in each.names)
    (apart,) = big.extensions
    assert ["big.one", "big.two"] == [module.name for module in apart.modules]
    assert event.wishes.needs is not None
    assert Need.EVENT is need_of(apart, event.wishes.needs)
    nested = event.decide(min(event.totals.values()) + 1)
    assert nested is not None
    (why,) = {each.why for each in nested if each.extension}
    assert "only the event imports these extension modules" == why

    (big,) = (
        each
        for each in needing(ready, {}, {"big": "big.two"}).nester.parts.units
        if "big" in each.names
    )
    assert () == big.extensions
