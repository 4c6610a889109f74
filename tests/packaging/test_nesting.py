"""What is nested: as much as has to be, and of that what costs the least."""

from __future__ import annotations

import io
import os
import random
import zipfile

from typing import TYPE_CHECKING
from typing import Any
from typing import Final

import pytest

from poetry_plugin_package_function.errors import PackageTooLargeError
from poetry_plugin_package_function.packaging.native import extensions
from poetry_plugin_package_function.packaging.nesting import costs
from poetry_plugin_package_function.packaging.nesting.stubs import STARTER
from poetry_plugin_package_function.packaging.nesting.sums import Sums
from poetry_plugin_package_function.packaging.sources.entry import Entry
from tests.packaging.native import importable
from tests.packaging.native import linked
from tests.packaging.native import needs_gcc
from tests.packaging.nested_trees import PROJECT
from tests.packaging.nested_trees import SIX
from tests.packaging.nested_trees import Files
from tests.packaging.nested_trees import Shipped
from tests.packaging.nested_trees import lines
from tests.packaging.nested_trees import made
from tests.packaging.nested_trees import names_of
from tests.packaging.nested_trees import noise
from tests.packaging.nested_trees import owned
from tests.packaging.nested_trees import shipped
from tests.packaging.nested_trees import write_archive
from tests.trees import site_packages_of
from tests.trees import tree_of


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry_plugin_package_function.packaging.sources.entry import Entry


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A tree of six units; see `SIX`."""
    return shipped(tmp_path_factory.mktemp("six"), SIX)


# -- no more than has to be, against all ways to nest -------------------------------


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.large)])
@pytest.mark.parametrize("unit_bytes", [3000, 1 << 18])
def test_the_least_for_each_limit(
    six: Shipped, unit_bytes: int, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the limit that all of it just fits below to where nothing must be nested.

    Whatever limit: the result is below it; without any one of what is nested it would
    not be; and no other choice has fewer bytes to be extracted. Limits are those where
    another choice begins to fit, those one byte lower, and some between them.
    """
    monkeypatch.setattr(costs, "UNIT_BYTES", unit_bytes)

    assert 6 == len(six.nester.parts.units)
    assert 216 == len(six.totals)
    is_the_least(six, every)


def is_the_least(ready: Shipped, every: int = 1) -> None:
    """Compares what is decided with all that could have been, for many limits."""
    totals = ready.totals
    least = min(totals.values())
    most = totals[frozenset()]
    limits = {total + more for total in totals.values() for more in (0, 1)}
    assert ready.decide(least) is None
    tests = {unit.tests for unit in ready.nester.parts.units if unit.tests}
    limits |= {*range(least, most, 4999)}
    for limit_bytes in sorted(limits - {least})[::every]:
        found = ready.decide(limit_bytes)
        assert found is not None, limit_bytes
        choice = ready.choice(found)
        fitting = [each for each, total in totals.items() if total < limit_bytes]
        assert choice in fitting, limit_bytes
        assert min(map(ready.cost, fitting)) == ready.cost(choice), limit_bytes
        for other in fitting:
            if choice >= other - tests:
                assert choice - tests == other - tests, limit_bytes
                assert not other < choice, limit_bytes


@needs_gcc
@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.large)])
def test_the_least_with_extension_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """They are nested with their package, or without it, or neither is."""
    monkeypatch.setattr(costs, "UNIT_BYTES", 3000)
    monkeypatch.setattr(extensions, "LEAST_BYTES", 20_000)
    top = tmp_path / "libraries"
    files: dict[str, Files] = {}
    for name, size_bytes, count in ("one", 60_000, 2), ("two", 90_000, 1):
        files[name] = {f"{name}/__init__.py": lines(4000)}
        for number in range(count):
            module, library = f"{name}/_m{number}.so", f"{name}/lib{name}{number}.so"
            soname = f"-Wl,-soname,{library.rpartition('/')[2]}"
            needed = linked(top / library, soname, "-Wl,--build-id=none")
            linked(
                *(top / module, needed, "-Wl,-rpath,$ORIGIN", "-Wl,--build-id=none"),
                importable(f"_m{number}"),
            )
            content = noise(size_bytes // 3, number) + bytes(size_bytes // (number + 1))
            files[name][library] = (top / library).read_bytes() + content
            files[name][module] = (top / module).read_bytes()
    files["two"]["two/tests/__init__.py"] = "a = 1\n" * 5000
    files["text"] = {"text.py": lines(9000)}
    ready = shipped(tmp_path, files)

    assert [2, 0, 1] == [len(unit.extensions) for unit in ready.nester.parts.units]
    assert 2 * 5 * (2 + 2 * 2 - 1) <= len(ready.totals)
    is_the_least(ready, every)


@pytest.mark.parametrize(
    ("count", "eager", "expected"),
    [(4000, False, "rare"), (8000, False, "often"), (4000, True, "often")],
)
def test_what_others_require_is_nested_later(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    eager: bool,
    expected: str,
) -> None:
    """It is extracted with each of them, so it costs more than its bytes.

    It is not kept flat at any price; and with `eager` all is extracted in any case.
    """
    monkeypatch.setattr(costs, "UNIT_BYTES", 0)
    direct, by_others = "Requires-Dist: often (>=1)", "Requires-Dist: one\n"
    ready = shipped(
        tmp_path,
        {
            "often": {"often.py": lines(3000)},
            "rare": {"rare.py": lines(count)},
            **{name: {f"{name}.py": ""} for name in ("one", "two")},
        },
        metadata={
            "one": direct,
            "two": by_others,
            "often": "Requires-Dist: rare ; extra == 'x'\n",
            "my-app": "Requires-Dist: rare\n",
        },
    ).wishing(eager=eager)
    found = ready.decide(ready.totals[frozenset()] - 5000)

    assert found is not None
    assert [expected] == names_of(found)


@pytest.mark.parametrize(
    ("users", "expected"), [(0, 250_000), (1, 437_500), (2, 578_125), (99, 1_000_000)]
)
def test_how_much_is_extracted_on_the_average(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users: int, expected: int
) -> None:
    """One handler in four imports it, and one in four each that requires it."""
    monkeypatch.setattr(costs, "UNIT_BYTES", 0)
    requiring = [f"user-{number}" for number in range(users)]
    ready = shipped(
        tmp_path,
        {
            "often": {"often.py": "#" * 1_000_000},
            **{name: {f"{name}.py": ""} for name in requiring},
        },
        metadata=dict.fromkeys(requiring, "Requires-Dist: Often\n"),
    )
    unit = ready.nester.parts.units[0]

    assert ("often",) == unit.names
    assert abs(expected - ready.nester.costs.expected_bytes(unit)) < 5


def test_the_least_that_can_be(six: Shipped) -> None:
    """What an error tells of what does not fit is what would just have been written."""
    least = six.nester.least_bytes(six.zipped_bytes)

    assert six.decide(least, with_project=True) is None
    assert six.decide(least + 1, with_project=True) is not None
    assert least < min(six.totals.values())


def test_what_is_not_worth_it_is_never_nested(six: Shipped) -> None:
    """What hardly compresses stays flat, even where every byte counts."""
    found = six.decide(min(six.totals.values()) + 1)

    assert found is not None
    assert "noise" not in names_of(found)
    assert "tiny" not in names_of(found)


def test_tests_are_nested_first(six: Shipped) -> None:
    """Those of the largest saving first, and before any whole distribution."""
    most = six.totals[frozenset()]
    nested = []
    for limit_bytes in range(most, min(six.totals.values()), -1000):
        found = six.decide(limit_bytes)
        assert found is not None
        if names_of(found):
            break
        nested.append(names_of(found, tests=True))

    assert ["text"] in nested
    assert ["coupled", "coupled-too", "text"] in nested
    assert ["coupled", "coupled-too", "half", "text"] == nested[-1]
    assert {4, 3, 1} >= {*map(len, nested)} - {0}


def test_tests_of_what_is_nested_are_nested_apart(six: Shipped) -> None:
    """They are in no directory that an import of the others extracts."""
    found = six.wishing(nest=["text"]).decide(1 << 20)

    assert found is not None
    assert [(("text",), False), (("text",), True)] == [
        (each.names, each.tests) for each in found
    ]
    unit, tests = found
    assert {"text/__init__.py", "text/data.txt"} == {each.name for each in unit.entries}
    assert ["text.tests"] == [module.name for module in tests.modules]
    assert (False, ()) == (tests.at_init, tests.needs)


def one_with_tests(*, own_bytes: int, others_bytes: int) -> Shipped:
    """One distribution with tests worth nesting, and four whose tests are empty."""
    sizes_bytes = {"big/__init__.py": own_bytes, "big/tests/__init__.py": 4000}
    entries = owned("big", sizes_bytes)
    for number in range(4):
        entries += owned(f"e{number}", {f"e{number}/__init__.py": others_bytes})
        entries += owned(f"e{number}", {f"e{number}/tests/__init__.py": 0})
    return made(*entries)


def test_what_nesting_tests_would_cost_is_not_held_against_others() -> None:
    """A package of tests that is too small to be nested makes no others nested."""
    ready = one_with_tests(own_bytes=0, others_bytes=9000)
    zipped_bytes = {each.name: each.size_bytes // 9 for each in ready.tree.entries}
    units = ready.nester.parts.units
    tests = frozenset(unit.tests for unit in units[:1] if unit.tests)
    sums = Sums(ready.nester.placement, units, zipped_bytes)

    found = ready.nester.plan(zipped_bytes, sums.total(tests) + 1, with_project=False)

    assert found is not None
    assert [(("big",), True)] == [(each.names, each.tests) for each in found.units]


def test_small_tests_make_nothing_too_large() -> None:
    """What fits without nesting them is not refused because of them."""
    ready = one_with_tests(own_bytes=9000, others_bytes=50)
    zipped_bytes = {each.name: each.size_bytes // 9 for each in ready.tree.entries}
    least_bytes = ready.nester.least_bytes(zipped_bytes)

    found = ready.nester.plan(zipped_bytes, least_bytes + 1, with_project=True)

    assert found is not None


@pytest.mark.parametrize("seed", [0, 1, 2, 2654])
def test_of_many_none_is_in_vain(seed: int) -> None:
    """However many there are: without any one of them the result would not fit."""
    numbers = random.Random(seed)
    entries: list[Entry] = []
    zipped_bytes = {}
    for number in range(90):
        size_bytes = numbers.randrange(2000, 10 ** numbers.randrange(4, 9))
        name = f"p{number:02}/__init__.py"
        entries += owned(f"p{number:02}", {name: size_bytes})
        zipped_bytes[name] = int(size_bytes * numbers.choice([0.1, 0.3, 0.5, 0.7, 0.9]))
    ready = made(*entries)
    units = ready.nester.parts.units
    sums = Sums(ready.nester.placement, units, zipped_bytes)
    least_bytes = sums.total(frozenset(units))
    limit_bytes = numbers.randrange(least_bytes + 1, ready.tree.size_bytes)

    found = ready.nester.plan(zipped_bytes, limit_bytes, with_project=False)

    assert found is not None
    chosen = ready.choice(found.units)
    assert sums.total(chosen) < limit_bytes
    assert [] == [each for each in chosen if sums.total(chosen - {each}) < limit_bytes]


# -- to the byte --------------------------------------------------------------------


NAMES: Final[dict[str, Files]] = {
    "größe": {"größe/__init__.py": lines(9000), "größe/tests/__init__.py": lines(900)},
    "long": {f"long/{'x' * 200}.py": lines(5000), "long/__init__.py": ""},
    "ns-a": {"ns/a/__init__.py": lines(5000), "ns/a.libs/data": lines(500)},
    "ns-b": {"ns/b.py": lines(500), "ns/more.txt": lines(500)},
    "fast": {"fast.cpython-311-x86_64-linux-gnu.so": bytes(5000)},
    "lines": {"lines.pth": "# nothing\n" * 500, "lines_of.py": ""},
    "gz": {"gz/__init__.py": "", "gz/data.gz": b"\x1f\x8b\x08" + bytes(5000)},
    "empty": {f"empty/{number}.py": "" for number in range(20)},
    **{f"m{number}": {f"m{number}.py": lines(1500)} for number in range(9)},
}

INCLUDED: Final[Files] = {"data/words.txt": lines(200), "data/tool.py": "A = 1\n" * 99}

PROJECTS: Final[dict[str, Files]] = {
    "package": PROJECT,
    "module": {"handler.py": lines(500)},
    "namespace": {"acme/fn/__init__.py": "", "acme/fn/api.py": lines(500), "b.py": ""},
    "large": {"my_app/__init__.py": lines(3000), "my_app/tests/__init__.py": lines(9)},
}


@pytest.mark.parametrize(
    ("project", "eager"),
    [
        pytest.param("package", False, marks=pytest.mark.slow),
        pytest.param("package", True, marks=pytest.mark.slow),
        pytest.param("namespace", False, marks=pytest.mark.slow),
        *(
            pytest.param(project, eager, marks=pytest.mark.large)
            for project in PROJECTS
            for eager in (False, True)
            if (project, eager) != ("namespace", False) and project != "package"
        ),
    ],
)
def test_each_result_has_what_was_expected(
    tmp_path: Path, project: str, eager: bool
) -> None:
    """One byte more than a result has is a limit that gives the same result again.

    Its own size as the limit gives a smaller one. So it goes from what just is too
    large for a flat result to what just fits, with all in it.
    """
    ready = shipped(
        tmp_path, NAMES, PROJECTS[project], include=("data/*",), beside=INCLUDED
    ).wishing(eager=eager)
    most, least = ready.tree.size_bytes, ready.nester.least_bytes(ready.zipped_bytes)
    found: set[int] = set()
    for limit_bytes in (*range(most, least, (least - most) // 4), least + 1):
        measured, archive = write_archive(ready, limit_bytes)
        size_bytes = measured.unzipped_bytes
        same, again = write_archive(ready, size_bytes + 1)
        assert (size_bytes, archive) == (same.unzipped_bytes, again)
        if limit_bytes > least + 1:
            assert size_bytes > write_archive(ready, size_bytes)[0].unzipped_bytes
        assert measured.nested is not None
        units = measured.nested.units
        assert not eager or 1 == len(units)
        found.add(sum(unit.size_bytes for unit in units))
    assert len(found) >= 4
    assert least == size_bytes
    assert "my-app" in names_of(units)


def test_all_files_are_in_the_result(six: Shipped) -> None:
    """Whatever is nested, each file is there once, in one of the two ZIPs."""
    least = min(six.totals.values())
    expected = {each.name for each in six.tree.entries}
    for limit_bytes in range(least + 1, six.tree.size_bytes, 50_000):
        measured, archive = write_archive(six, limit_bytes)
        assert measured.nested is not None
        with zipfile.ZipFile(io.BytesIO(archive)) as outer:
            names = outer.namelist()
            inner = io.BytesIO(outer.read(measured.nested.archive))
        with zipfile.ZipFile(inner) as dependencies:
            inside = dependencies.namelist()
            assert dependencies.testzip() is None
        stubs = {
            module.file for unit in measured.nested.units for module in unit.modules
        }
        home = "my_app/.dependencies"
        moved = f"{home}/moved/my_app/__init__.py"
        files = ("loader.py", "extraction.py", "located.py", "settings.json")
        ours = {STARTER, f"{home}.zip", *(f"{home}/{each}" for each in files), moved}
        assert len(names) == len({*names})
        assert len(inside) == len({*inside})
        assert expected == ({*names} - ours - (stubs - expected)) | {*inside}
        assert stubs & expected == {*names} & {*inside}


# -- the project --------------------------------------------------------------------

FOUR: Final = {name: SIX[name] for name in ("zeros", "text", "noise", "half")}


def test_the_project_is_nested_last(tmp_path: Path) -> None:
    """As long as anything else will do, it stays flat, tests and all."""
    project: Files = {
        **PROJECT,
        "my_app/large.py": lines(40_000),
        "my_app/tests/__init__.py": lines(40_000),
    }
    ready = shipped(tmp_path, FOUR, project, include=("data/*",), beside=INCLUDED)
    flat = [name for name in project if name != "my_app/__init__.py"]
    least = min(ready.totals.values())

    measured, archive = write_archive(ready, least + 1)

    assert measured.nested is not None
    assert "my-app" not in names_of(measured.nested.units)
    with zipfile.ZipFile(io.BytesIO(archive)) as outer:
        assert {*flat, *INCLUDED} <= {*outer.namelist()}

    measured, archive = write_archive(ready, least)

    assert measured.nested is not None
    (unit,) = measured.nested.units  # it does alone what all others did
    assert "my-app" in unit.names
    assert (True, False) == (unit.at_init, unit.tests)
    assert "the rest does not fit without" == unit.why
    assert {*project, *INCLUDED} == {entry.name for entry in unit.entries}
    with zipfile.ZipFile(io.BytesIO(archive)) as outer:
        names = {*outer.namelist()}
        assert not {*flat} & names
        assert lines(200) == outer.read("data/words.txt")
        assert not any("/moved/" in name for name in names)


def test_a_project_that_is_kept_flat(tmp_path: Path) -> None:
    """It is never nested: what does not fit without is too large."""
    ready = shipped(tmp_path, FOUR, {**PROJECT, "my_app/large.py": lines(40_000)})
    least = min(ready.totals.values())
    wishing = ready.wishing(keep_flat=["my-app"])

    assert write_archive(wishing, least + 1)[0].unzipped_bytes == least
    measured, _ = write_archive(ready, least - 9000)
    assert measured.nested is not None
    assert "my-app" in names_of(measured.nested.units)
    with pytest.raises(PackageTooLargeError, match="KB too many"):
        write_archive(wishing, least - 9000)


# -- the same each time -------------------------------------------------------------


class _Shuffled:
    """A listing of a directory in another order."""

    def __init__(self, listing: Any, numbers: random.Random) -> None:
        self._listing = listing
        self._numbers = numbers

    def __enter__(self) -> _Shuffled:
        return self

    def __exit__(self, *_: object) -> None:
        self._listing.close()

    def __iter__(self) -> Iterator[os.DirEntry[str]]:
        items = sorted(self._listing, key=lambda item: str(item.name))
        self._numbers.shuffle(items)
        return iter(items)


def test_the_order_of_the_disk_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the same, and the same again from directories in whatever order."""
    scandir = os.scandir
    limit_bytes = 300_000
    before = shipped(tmp_path, SIX, metadata={"text": "Requires-Dist: half\n"})
    expected = write_archive(before, limit_bytes)[1]
    assert expected == write_archive(before, limit_bytes)[1]
    for seed in range(5):
        numbers = random.Random(seed)
        monkeypatch.setattr(
            os, "scandir", lambda path, each=numbers: _Shuffled(scandir(path), each)
        )
        tree = tree_of(site_packages_of(tmp_path / "venv"))
        assert before.tree.entries == tree.entries
        assert expected == write_archive(Shipped(tree), limit_bytes)[1]


def test_the_order_of_wishes_makes_no_difference(six: Shipped) -> None:
    """The positions of units come from their names."""
    one, other = (
        six.wishing(nest=each) for each in (["zeros", "half"], ["half", "zeros"])
    )

    assert write_archive(one, 300_000)[1] == write_archive(other, 300_000)[1]
    found = one.decide(300_000)
    assert found is not None
    assert sorted(names_of(found)) == names_of(found)
