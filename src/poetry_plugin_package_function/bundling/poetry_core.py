"""Builds with the poetry-core that Poetry itself runs with: no process, no download."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


if TYPE_CHECKING:
    from pathlib import Path

    from poetry.core.poetry import Poetry


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
    own = {
        "poetry.core.masonry.api": ("poetry-core", core_version),
        "poetry.masonry.api": ("poetry", poetry_version),
    }
    name, version = own.get(str(system["build-backend"]), ("", ""))
    return (
        canonicalize_name(required.name) == name
        and required.url is None
        and required.specifier.contains(version, prereleases=True)
    )


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
            return target / WheelBuilder.make_in(poetry, directory=target)
    return None
