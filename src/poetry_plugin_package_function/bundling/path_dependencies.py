"""Builds dependencies as the project itself: by poetry-core, or out of copies."""

from __future__ import annotations

import tomllib

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import Any

from poetry.installation.chef import Chef

from poetry_plugin_package_function.bundling.poetry_core import build_dependency
from poetry_plugin_package_function.bundling.project_copy import copied_project


if TYPE_CHECKING:
    from poetry.installation.executor import Executor


class CopyingChef(Chef):
    """Builds as the project is built: by poetry-core, or out of a copy.

    Poetry's would build in the user's directory, and download poetry-core each time.
    """

    def __init__(self, executor: Executor, caches: Path) -> None:
        """Makes one for an executor.

        Args:
            executor: What is going to build.
            caches: Poetry's, which a copy can do without.
        """
        before = executor._chef
        super().__init__(before._artifact_cache, before._env, before._pool)
        self._caches = caches

    def prepare(self, archive: Path, *args: Any, **kwargs: Any) -> Path:
        """See `Chef`; called in several threads."""
        is_ours = archive.is_relative_to(self._env.path)  # a clone
        if is_ours or not archive.is_dir() or _leaves_nothing(archive):
            return super().prepare(archive, *args, **kwargs)
        but = (self._env.path.parent,)
        with copied_project(archive, self._caches, but) as copied:
            return super().prepare(copied, *args, **kwargs)

    def _prepare(
        self, directory: Path, destination: Path, *args: Any, **kwargs: Any
    ) -> Path:
        destination.mkdir(parents=True, exist_ok=True)
        # Poetry's cache has no hash of what is built into it: so nothing comes there by
        # halves, whenever the process is killed.
        with TemporaryDirectory(dir=destination) as own:
            wheel = None
            if not args and not any(kwargs.values()):  # nothing to be built otherwise
                wheel = build_dependency(directory, Path(own))
            wheel = wheel or super()._prepare(directory, Path(own), *args, **kwargs)
            return wheel.replace(destination / wheel.name)


def _leaves_nothing(directory: Path) -> bool:
    """Whether a copy would be for nothing: poetry-core writes only where it is to."""
    document: dict[str, Any] = {}
    with suppress(OSError, ValueError):  # the backend's to complain of
        document = tomllib.loads((directory / "pyproject.toml").read_text("utf-8"))
    system, tool = document.get("build-system", {}), document.get("tool", {})
    return system.get("build-backend") == "poetry.core.masonry.api" and not tool.get(
        "poetry", {}
    ).get("build")
