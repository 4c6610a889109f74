"""Builds with the poetry-core that Poetry itself runs with: no process, no download."""

from __future__ import annotations

from contextlib import contextmanager
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poetry.core.poetry import Poetry


_BACKENDS: Final = (
    "poetry.core.masonry.api",
    "poetry.masonry.api",
    "poetry_dynamic_versioning.backend",
)


def needs_only_poetry_core(poetry: Poetry) -> bool:
    """Whether `poetry build`, too, would do it in its own process.

    Source: `BuildHandler._requires_isolated_build` of Poetry. That of `poetry` as a
    backend is the same code: `poetry.masonry.api` imports it from poetry-core.
    """
    from poetry.__version__ import __version__ as poetry_version
    from poetry.core import __version__ as core_version

    system = poetry.pyproject.data.get("build-system", {})
    if poetry.package.build_script:
        return False
    if "build-backend" not in system:
        return True  # Poetry takes its own, and not setuptools, as PEP 517 has it
    requires = system.get("requires", [])
    if "backend-path" in system:
        return False
    try:
        (required,) = map(Requirement, requires)
    except (ValueError, TypeError):
        return False  # what is no list of one requirement is for others to refuse
    # Many name `poetry` for the backend of poetry-core, which it requires.
    own = {"poetry": poetry_version, "poetry-core": core_version}
    name = canonicalize_name(required.name)
    return (
        is_poetrys_backend(poetry)
        and name in own
        and (name == "poetry" or system["build-backend"] != "poetry.masonry.api")
        and required.url is None
        and required.specifier.contains(own[name], prereleases=True)
    )


def is_poetrys_backend(poetry: Poetry) -> bool:
    """Whether the project is built by some poetry-core, and no script of its own."""
    system = poetry.pyproject.data.get("build-system", {})
    backend = system.get("build-backend", "poetry.core.masonry.api")
    return (
        backend in _BACKENDS
        and "backend-path" not in system
        and not poetry.package.build_script
    )


@contextmanager
def without_missing_readmes(poetry: Poetry) -> Iterator[None]:
    """Lets a project be built whose readme is not there.

    Nothing of it is shipped, and many projects for Lambda have the line that `poetry
    init` writes, and no such file.
    """
    package = poetry.package
    named = package.readmes
    package.readmes = tuple(each for each in named if each.exists())
    try:
        yield
    finally:
        package.readmes = named


def build_dependency(directory: Path, target: Path) -> Path | None:
    """Builds the wheel of a dependency, if poetry-core alone can do it.

    Args:
        directory: The dependency's project.
        target: Where the wheel goes.

    Returns:
        The wheel; None if it is for others to build, or to say what is wrong.
    """
    from poetry.core.factory import Factory
    from poetry.core.masonry.builders.wheel import WheelBuilder

    with suppress(Exception):  # whatever it is, Poetry tries again, and says it
        poetry = Factory().create_poetry(directory, with_groups=False)
        # PEP 517: what names no backend is built by setuptools.
        has_backend = "build-backend" in poetry.pyproject.data.get("build-system", {})
        if has_backend and needs_only_poetry_core(poetry):
            with without_missing_readmes(poetry):
                return target / WheelBuilder.make_in(poetry, directory=target)
    return None
