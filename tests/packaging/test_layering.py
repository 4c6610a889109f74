"""What goes into a layer, and what must not be torn apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.sources.content import BytesContent
from poetry_plugin_package_function.packaging.sources.entry import Entry
from poetry_plugin_package_function.packaging.tree.entry_modules import EntryModule
from poetry_plugin_package_function.packaging.tree.layers import check_halves
from poetry_plugin_package_function.packaging.tree.layers import dependencies_of
from poetry_plugin_package_function.packaging.tree.layers import is_dependency
from poetry_plugin_package_function.packaging.tree.layers import unread_path_files
from poetry_plugin_package_function.packaging.tree.tree import Tree


if TYPE_CHECKING:
    from collections.abc import Mapping


IS_OF_LAYER = is_dependency(canonicalize_name("my-app"))
EXTENDS = b"from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)"


def tree(files: Mapping[str, tuple[str | None, bytes]]) -> Tree:
    """A tree of files, each with its owner and content."""
    entries = [
        Entry(
            name,
            BytesContent(content),
            len(content),
            distribution=canonicalize_name(owner) if owner else None,
            included=owner is None,
        )
        for name, (owner, content) in files.items()
    ]
    module = EntryModule("my_app", is_package=True)
    return Tree(tuple(sorted(entries)), (), (), (module,))


def test_dependencies_are_what_is_anothers_distribution() -> None:
    """Files of none are the project's: it has included them, or put them there."""
    files: dict[str, tuple[str | None, bytes]] = {
        "my_app/__init__.py": ("my-app", b""),
        "included.txt": (None, b""),
        "six.py": ("six", b""),
    }
    check_halves(tree(files), IS_OF_LAYER)
    found = dependencies_of(tree(files), IS_OF_LAYER)
    assert ["six.py"] == [each.name for each in found.entries]
    assert () == found.entry_modules


def test_a_project_without_a_name_has_what_is_nobodys() -> None:
    is_of_layer = is_dependency(None)
    nothing, six = BytesContent(b""), canonicalize_name("six")
    assert is_of_layer(Entry("six.py", nothing, 0, distribution=six))
    assert not is_of_layer(Entry("lambda_function.py", nothing, 0))


def test_neither_half_may_be_empty() -> None:
    own = {"my_app/__init__.py": ("my-app", b"")}
    with pytest.raises(SourceError, match="no dependencies to put into a layer"):
        check_halves(tree(own), IS_OF_LAYER)
    with pytest.raises(SourceError, match="no dependencies to put into a layer"):
        dependencies_of(tree(own), IS_OF_LAYER)
    for metadata in ("my_app-1.dist-info/RECORD", "my_app.egg-info/PKG-INFO"):
        others = {metadata: ("my-app", b""), "six.py": ("six", b"")}
        with pytest.raises(SourceError, match="no code of the project") as raised:
            check_halves(tree(others), IS_OF_LAYER)
        assert "--layer-only" in raised.value.hint


@pytest.mark.parametrize(
    ("files", "torn"),
    [
        # The project's module in a dependency's package, and the other way around.
        ({"acme/__init__.py": "six", "acme/fn.py": "my-app"}, "acme/fn.py"),
        ({"acme/__init__.py": "my-app", "acme/sub/x.py": "six"}, "acme/sub/x.py"),
        ({"a/b/__init__.py": "six", "a/b/data.json": None}, "a/b/data.json"),
        ({"acme/__init__.so": "six", "acme/fn.py": "my-app"}, "acme/fn.py"),
        # A namespace package, and files of nobody beside it.
        ({"acme/x/__init__.py": "six", "acme/y/__init__.py": "my-app"}, None),
        ({"acme/x.py": "six", "acme/y.py": "my-app"}, None),
        ({"acme/__init__.py": "six", "acme-data/x.json": None}, None),
    ],
)
def test_packages_stay_whole(files: dict[str, str | None], torn: str | None) -> None:
    """Python finds one of several directories that have an `__init__`."""
    all_files = {
        "my_app/__init__.py": ("my-app", b""),
        "six.py": ("six", b""),
        **{name: (owner, b"") for name, owner in files.items()},
    }
    if torn is None:
        check_halves(tree(all_files), IS_OF_LAYER)
        return
    with pytest.raises(SourceError, match="tear apart") as raised:
        check_halves(tree(all_files), IS_OF_LAYER)
    assert raised.value.reason.startswith(f"{torn} is in the package ")


def test_packages_that_look_for_their_other_parts_may_be_torn() -> None:
    check_halves(
        tree(
            {
                "my_app/__init__.py": ("my-app", b""),
                "acme/__init__.py": ("six", EXTENDS),
                "acme/fn.py": ("my-app", b""),
            }
        ),
        IS_OF_LAYER,
    )


def test_path_files_that_somebody_may_miss() -> None:
    names = (
        *("b.pth", "a.pth", "distutils-precedence.pth", "zope.x-1-nspkg.pth"),
        *("sub/c.pth", "a.py"),
    )
    assert ("a.pth", "b.pth") == unread_path_files(names)
