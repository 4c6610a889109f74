"""What the user wants to be nested or flat, and what is extracted when."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Final

import pytest

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.services import LAMBDA
from tests.nested.function import Source
from tests.packaging.nested_trees import PROJECT
from tests.packaging.nested_trees import SIX
from tests.packaging.nested_trees import Files
from tests.packaging.nested_trees import Shipped
from tests.packaging.nested_trees import lines
from tests.packaging.nested_trees import names_of
from tests.packaging.nested_trees import shipped
from tests.packaging.nested_trees import write_archive
from tests.trees import install
from tests.trees import make_project
from tests.trees import make_venv
from tests.trees import package_venv


if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Shipped:
    """A tree of six units; see `SIX`."""
    return shipped(tmp_path_factory.mktemp("six"), SIX)


# -- what the user wishes -----------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("nest", "keep_flat"),
    [
        ([], []),
        ([], ["zeros"]),
        (["noise"], ["text"]),
        (["text", "tiny"], ["half", "coupled"]),
        ([], ["half", "coupled"]),
        (["noise"], []),
        (["noise"], ["half", "coupled"]),
        (["text", "tiny"], []),
        (["text", "tiny"], ["zeros"]),
        (["coupled-too"], []),
        (["coupled-too"], ["text"]),
        (["coupled-too", "coupled"], ["half", "noise", "text", "tiny", "zeros"]),
    ],
)
def test_wishes_are_granted(
    six: Shipped, nest: list[str], keep_flat: list[str]
) -> None:
    """What is named is nested with its tests, or stays with its tests, at any limit.

    That it does not fit is said only if no choice that grants the wishes fits.
    """
    wishing = six.wishing(nest, keep_flat)
    units = six.nester.parts.units
    tests = {unit.tests for unit in units if unit.tests}
    wanted = {unit for unit in units if {*unit.names} & {*nest}}
    kept = {
        each
        for unit in units
        if {*unit.names} & {*keep_flat}
        for each in (unit, *unit.inside)
    }
    granting = {
        choice: total
        for choice, total in six.totals.items()
        if choice >= wanted and not kept & choice
    }
    least, most = min(granting.values()), max(six.totals.values())

    assert wishing.decide(least) is None
    for limit_bytes in (*range(least + 1, most, 19_999), most):
        found = wishing.decide(limit_bytes)
        assert found is not None
        choice = six.choice(found)
        assert granting[choice] < limit_bytes
        cheapest = min(
            six.cost(other) for other, total in granting.items() if total < limit_bytes
        )
        assert cheapest == six.cost(choice)
        for other, total in granting.items():
            if other < choice and other - tests == choice - tests:
                assert total >= limit_bytes
    for each in found or ():
        named = bool({*each.names} & {*nest}) and not each.tests
        assert named is each.why.startswith("`nest` names it")


COUPLED: Final = (
    "nest: coupled cannot be nested while coupled-too is kept flat: coupled and"
    " coupled-too share one."
)


@pytest.mark.parametrize(
    ("nest", "keep_flat", "reason"),
    [
        (["nowhere"], [], "nest: nowhere is not installed."),
        ([], ["nowhere"], "keep-flat: nowhere is not installed."),
        (["my-app"], [], "nest: my-app stays flat as a part of the project: my-app"),
        (["plugin"], [], "nest: plugin stays flat as a part of the project: my-app"),
        (["text"], ["text"], "nest: text cannot be nested while text is kept flat: it"),
        (["coupled"], ["coupled-too"], COUPLED),
    ],
)
def test_wishes_that_cannot_be_granted(
    tmp_path: Path, nest: list[str], keep_flat: list[str], reason: str
) -> None:
    """The error says which, and why, and what can be named instead."""
    plugin: Files = {"my_app/plugin.py": "", "plugin_of.py": ""}
    ready = shipped(tmp_path, {**SIX, "plugin": plugin}).wishing(nest, keep_flat)

    with pytest.raises(SourceError) as raised:
        write_archive(ready, ready.tree.size_bytes)

    assert raised.value.reason.startswith(reason)
    names = "coupled, coupled-too, half, noise, text, tiny, zeros"
    assert f"What can be named: {names}." == raised.value.hint


def test_what_is_installed_and_left_out_cannot_be_named(tmp_path: Path) -> None:
    """The error says why it is left out, not that it is missing."""
    venv = make_venv(tmp_path / "venv", python="3.13")
    for name in ("my_app", "setuptools", "boto3"):
        install(venv, name, {f"{name}/__init__.py": ""})
    table = """
        runtime = "python3.13"
        exclude-provided = true
        nest = ["setuptools", "boto3", "wheel"]
        keep-flat = ["setuptools"]
        """
    pyproject = make_project(tmp_path / "project", "my-app", table)

    with pytest.raises(SourceError) as raised:
        package_venv(
            *(venv, pyproject, tmp_path / "x.zip"), seeds=frozenset({"setuptools"})
        )

    assert [
        "nest: boto3 is left to the runtime: `exclude-provided`.",
        "nest: setuptools is left out, as nothing requires it.",
        "nest: wheel is not installed.",
        "keep-flat: setuptools is left out, as nothing requires it.",
    ] == raised.value.reason.splitlines()


def test_the_project_cannot_be_named(six: Shipped) -> None:
    """It is nested if it must be; that it must not be can be said."""
    with pytest.raises(SourceError, match=r"nest: my-app .*: it is its distribution\."):
        _ = six.wishing(["my-app"]).nester

    assert six.wishing(keep_flat=["my-app"]).nester is not None


def test_all_unknown_names_are_told_at_once(six: Shipped) -> None:
    """All problems of one kind are in one message."""
    with pytest.raises(SourceError) as raised:
        _ = six.wishing(["nowhere", "elsewhere"], ["neither"]).nester

    for name in ("nowhere", "elsewhere", "neither"):
        assert name in raised.value.reason


def test_what_has_no_files_of_its_own_may_be_named(tmp_path: Path) -> None:
    """A distribution that only requires others is installed."""
    ready = shipped(tmp_path, {"meta": {}, **SIX})

    assert ready.wishing(keep_flat=["meta"]).decide(1 << 20) is not None


def test_names_are_normalized(tmp_path: Path) -> None:
    """They may be spelled as anywhere else."""
    venv = make_venv(tmp_path / "venv")
    install(venv, "my_app", PROJECT)
    install(venv, "Text_Lib", {"text_lib.py": lines(9000)})
    install(venv, "other.lib", {"other_lib.py": lines(5000)})
    table = 'nest = ["text.LIB"]\nkeep-flat = ["Other-Lib"]'
    pyproject = make_project(tmp_path / "project", table=table)

    report = package_venv(
        venv,
        pyproject,
        tmp_path / "out.zip",
        layers_size=LAMBDA.unzipped_limit_bytes - 120_000,
    )

    assert report.nested is not None
    assert [("text-lib",)] == [unit.names for unit in report.nested.units]


# -- all at once --------------------------------------------------------------------


@pytest.mark.parametrize("nest", [[], ["noise", "tiny"]])
def test_eager_is_one_unit(six: Shipped, nest: list[str]) -> None:
    """It is extracted at the start, and has the tests of what is nested in it."""
    eager = six.wishing(nest, eager=True)
    limit_bytes = min(six.totals.values()) + 50_000

    found = eager.decide(limit_bytes)

    assert found is not None
    (unit,) = found
    assert (True, (), False) == (unit.at_init, unit.needs, unit.tests)
    assert {*nest} <= {*unit.names}
    assert sorted(unit.names) == [*unit.names]
    names = [entry.name for entry in unit.entries]
    assert sorted(names) == names
    assert {
        entry.name
        for entry in six.tree.entries
        if entry.distribution in unit.names and ".dist-info/" not in entry.name
    } == {*names}
    assert {"text/tests/__init__.py"} & {*names}
    measured, _ = write_archive(eager, limit_bytes)
    assert measured.nested is not None
    assert found == measured.nested.units


# -- what is extracted with others --------------------------------------------------


DATA: Final[dict[str, Files]] = {
    "data": {"data_of/words.txt": lines(99)},
    "one": {"one.py": lines(99)},
    "two": {"two.py": lines(99)},
    "flat": {"flat.py": ""},
}
REQUIRES: Final = "Requires-Dist: data\n"


@pytest.mark.parametrize(
    ("requirers", "expected"),
    [
        ({}, None),
        ({"data": REQUIRES}, None),
        ({"flat": REQUIRES}, None),
        ({"my-app": REQUIRES}, None),
        ({"flat": REQUIRES, "one": REQUIRES}, None),
        ({"one": 'Requires-Dist: data; extra == "more"\n'}, None),
        ({"one": REQUIRES}, ["one"]),
        ({"one": REQUIRES, "data": REQUIRES}, ["one"]),
        ({"one": REQUIRES, "two": "Requires-Dist: DATA>=1\n"}, ["one", "two"]),
    ],
)
def test_data_beside_modules(
    tmp_path: Path, requirers: dict[str, str], expected: list[str] | None
) -> None:
    """It is extracted at the start, unless all who require it are nested, too.

    Then it is extracted with any of them.
    """
    ready = shipped(tmp_path, DATA, metadata=requirers)

    found = ready.wishing(nest=["data", "one", "two"]).decide(1 << 20)

    assert found is not None
    units = {name: each for each in found for name in each.names}
    assert ["data", "one", "two"] == names_of(found)
    assert (expected is None) is units["data"].at_init
    data = names_of(found).index("data")
    assert (expected or []) == [name for name in units if data in units[name].needs]
    assert not any(units[name].at_init for name in ("one", "two"))


def test_modules_are_needed_by_nobody(tmp_path: Path) -> None:
    """What is found by importing it is extracted when it is imported."""
    metadata = dict.fromkeys(("one", "flat", "my-app"), "Requires-Dist: two\n")
    ready = shipped(tmp_path, DATA, metadata=metadata)

    found = ready.wishing(nest=["one", "two"]).decide(1 << 20)

    assert found is not None
    assert [(False, ()), (False, ())] == [(each.at_init, each.needs) for each in found]


def test_lines_for_the_start_are_extracted_at_the_start(tmp_path: Path) -> None:
    """Python obeys `.pth` files when it starts, whoever requires them."""
    distributions: dict[str, Files] = {
        **DATA,
        "one": {"one.py": "", "one.pth": "# nothing\n"},
    }
    metadata = {"two": "Requires-Dist: one\n"}
    ready = shipped(tmp_path, distributions, metadata=metadata)

    found = ready.wishing(nest=["one", "two"]).decide(1 << 20)

    assert found is not None
    assert [True, False] == [each.at_init for each in found]


def test_data_that_data_requires(tmp_path: Path) -> None:
    """What is extracted because others need it brings what it needs itself."""
    source = Source(
        PROJECT,
        dependencies={
            **DATA,
            "one": {"one.py": ""},
            "more": {"more_of/words.txt": lines(99)},
        },
        metadata={"one": REQUIRES, "data": "Requires-Dist: more\n"},
    )
    found = source.unpacked(tmp_path, nest=["data", "more", "one"])

    extracted = found.ask(
        "import my_app, one\n"
        "show([each for each in ('data_of', 'more_of')"
        " if any(os.path.exists(f'{top}/{each}/words.txt') for top in sys.path)])"
    )

    assert ["data_of", "more_of"] == extracted
