"""A profile says what handlers need, in a file that depends on nothing else."""

from __future__ import annotations

import json

from typing import TYPE_CHECKING
from typing import Final

import pytest

from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import ConfigError
from poetry_plugin_package_function.packaging.profiles.bytecode_order import in_order
from poetry_plugin_package_function.packaging.profiles.needs import Need
from poetry_plugin_package_function.packaging.profiles.needs import Needs
from poetry_plugin_package_function.packaging.profiles.needs import age_of
from poetry_plugin_package_function.packaging.profiles.observed import observed
from poetry_plugin_package_function.packaging.profiles.profile import Profile
from poetry_plugin_package_function.packaging.profiles.profile import Used
from poetry_plugin_package_function.packaging.profiles.profile import read_profile
from poetry_plugin_package_function.packaging.profiles.profile import union
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.distributions import Distribution
from poetry_plugin_package_function.packaging.sources.entry import Entry


if TYPE_CHECKING:
    from pathlib import Path


MY_APP: Final = canonicalize_name("my-app")
PROFILE: Final = Profile(
    {"six": "1.17.0", "attrs": "26.1", "idna": "3.9"},
    {"six": Used(("six",)), "attrs": Used(("attr", "attr._make"), ("attr/x.txt",))},
    {"idna": Used(("idna.core",))},
)
TEXT: Final = """\
{
 "profile": 1,
 "distributions": {
  "attrs": "26.1",
  "idna": "3.9",
  "six": "1.17.0"
 },
 "init": {
  "attrs": {
   "modules": [
    "attr",
    "attr._make"
   ],
   "files": [
    "attr/x.txt"
   ]
  },
  "six": {
   "modules": [
    "six"
   ]
  }
 },
 "event": {
  "idna": {
   "modules": [
    "idna.core"
   ]
  }
 }
}
"""


def entry(name: str, owner: str | None, size_bytes: int = 1) -> Entry:
    distribution = None if owner is None else canonicalize_name(owner)
    return Entry(name, BytesContent(b""), size_bytes, distribution=distribution)


def distribution(name: str, version: str = "1.0") -> Distribution:
    return Distribution(canonicalize_name(name), version, f"{name}.dist-info", {}, None)


ENTRIES: Final = [
    entry("my_app/api.py", "my-app"),
    entry("attr/__init__.py", "attrs"),
    entry("attr/_fast.cpython-313-x86_64-linux-gnu.so", "attrs"),
    entry("attr/libx.so.2", "attrs"),
    entry("attr/x.txt", "attrs"),
    entry("attrs-26.1.dist-info/METADATA", "attrs"),
    entry("loose/one.py", None),
]


def test_the_file(tmp_path: Path) -> None:
    """An item a line, in order, with a line break at its end; it is read as written."""
    place = tmp_path / "profile.json"
    place.write_text(PROFILE.text(), encoding="utf-8")

    assert TEXT == PROFILE.text()
    assert PROFILE == read_profile(place)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no profile, or a damaged one"),
        ("[]", "is no profile"),
        ('{"schema_version": 1}', "is no profile"),
        (TEXT[:-40], "a damaged one"),
        (TEXT.replace('"six"\n', "6\n"), "a damaged one"),
        (TEXT.replace('"event"', '"events"'), "a damaged one"),
        (TEXT.replace('"modules"', '"module"'), "a damaged one"),
        (TEXT.replace("{\n", "<<<<<<< HEAD\n{\n", 1), "a damaged one"),
        (TEXT.replace('"profile": 1', '"profile": 2'), "has format 2"),
    ],
)
def test_what_is_no_profile(tmp_path: Path, text: str, words: str) -> None:
    """A damaged, foreign or newer file is an error, which says what to do."""
    place = tmp_path / "profile.json"
    place.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError, match=words) as caught:
        read_profile(place)

    assert "--profile" in caught.value.hint


def test_what_is_not_there(tmp_path: Path) -> None:
    """The error has the line that writes it."""
    with pytest.raises(ConfigError, match="is not there") as caught:
        read_profile(tmp_path / "my.json")

    assert f"--profile {tmp_path / 'my.json'}." in caught.value.hint


USED = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.builds(
        Used, st.lists(st.sampled_from("xyz"), unique=True).map(lambda x: (*sorted(x),))
    ),
)
PROFILES = st.builds(
    Profile, st.dictionaries(st.sampled_from("ab"), st.just("1")), USED, USED
)


@given(PROFILES, PROFILES)
def test_the_order_of_functions_makes_no_difference(one: Profile, two: Profile) -> None:
    """The union has what any of them needs; what INIT needs is no event's."""
    both = union([one, two])

    assert both.text() == union([two, one]).text() == union([both, one]).text()
    for each in (one, two):
        for name, used in each.init.items():
            assert set(used.modules) <= set(both.init[name].modules)
    for name, used in both.event.items():
        assert not set(used.modules) & set(both.init.get(name, Used()).modules)


def test_what_is_seen() -> None:
    """Sources, bytecode and extension modules are modules, whatever the platform.

    The project's own files, metadata and libraries are not listed.
    """
    profile = observed(
        ENTRIES,
        [distribution("my-app"), distribution("attrs", "26.1")],
        MY_APP,
        [
            *("my_app/api.py", "attr/libx.so.2", "attrs-26.1.dist-info/METADATA"),
            *("attr/_fast.cpython-313-x86_64-linux-gnu.so", "not/there.py"),
            *("my_app/.dependencies/__pycache__/loader.cpython-313.pyc", "attr/x.txt"),
            "attr/__pycache__/__init__.cpython-313.pyc",
        ],
        ["attr/__init__.py", "loose/one.py"],
    )

    assert {"attrs": "26.1"} == profile.distributions
    assert {"attrs": Used(("attr", "attr._fast"), ("attr/x.txt",))} == profile.init
    assert {"": Used(("loose.one",))} == profile.event


@pytest.mark.parametrize(
    "name",
    [
        *("six.yaml", "six.local.json", "ns/codec.toml", "six/__init__.py"),
        "a.b/__pycache__/six.cpython-313.pyc",
    ],
)
def test_what_is_called_like_a_module_of_a_distribution(name: str) -> None:
    """A file of the project's beside it, or one that is not there, is none of it."""
    entries = [entry("six.py", "six"), entry("ns/codec.py", "six")]
    distributions = [distribution("six")]

    assert {} == observed(entries, distributions, MY_APP, [name]).init


def test_needs() -> None:
    """INIT's come before the event's; a package is needed if a module of it is."""
    needs = Needs(PROFILE, MY_APP)

    assert Need.INIT is needs.of_distributions(["idna", "attrs"])
    assert Need.EVENT is needs.of_distributions(["idna", "other"])
    assert Need.NOTHING is needs.of_distributions([])
    assert Need.EVENT is needs.of_modules(["idna"])
    assert Need.NOTHING is needs.of_modules(["idna.other", "attr.tests"])


def test_how_old_it_is() -> None:
    """Other versions and new distributions count; what is not shipped does not."""
    age = age_of(PROFILE, [distribution("six", "1.18.0"), distribution("new")])

    assert (("six", "1.17.0", "1.18.0"),) == age.others
    assert ("new",) == age.unknown
    assert not age_of(PROFILE, [distribution("six", "1.17.0")])


def test_the_order_of_bytecode() -> None:
    """INIT's and the project's own, the event's, the rest; each the smallest first."""
    bytecode = [
        entry("attr/__pycache__/_make.cpython-313.pyc", "attrs", 50),
        entry("attr/__pycache__/setters.cpython-313.pyc", "attrs", 10),
        entry("idna/__pycache__/core.cpython-313.pyc", "idna", 5),
        entry("my_app/__pycache__/api.cpython-313.pyc", "my-app", 9),
        entry("my_app/.dependencies/__pycache__/loader.cpython-313.pyc", None, 7),
        entry("other/__pycache__/__init__.cpython-313.pyc", "other", 1),
    ]

    def order(needs: Needs | None) -> list[tuple[int, list[str]]]:
        return [
            (
                each.need,
                [one.name.rpartition("/")[2].partition(".")[0] for one in each[1]],
            )
            for each in in_order(bytecode, needs)
        ]

    init, event, nothing = Need.INIT, Need.EVENT, Need.NOTHING
    assert [
        *((init, ["loader"]), (init, ["api"]), (init, ["_make"])),
        *((event, ["core"]), (nothing, ["__init__"]), (nothing, ["setters"])),
    ] == order(Needs(PROFILE, MY_APP))
    assert [
        *((nothing, ["__init__"]), (nothing, ["core"]), (nothing, ["loader"])),
        *((nothing, ["api"]), (nothing, ["_make", "setters"])),
    ] == order(None)


def test_the_file_says_nothing_of_the_machine() -> None:
    """No time, path or platform is in it."""
    document = json.loads(TEXT)

    assert {"profile", "distributions", "init", "event"} == document.keys()
