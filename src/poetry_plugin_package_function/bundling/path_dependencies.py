"""Builds dependencies as the project itself: by poetry-core, or out of copies."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import Any

from poetry.installation.chef import Chef

from poetry_plugin_package_function.bundling.poetry_core import build_dependency
from poetry_plugin_package_function.bundling.project_copy import copied_project
from poetry_plugin_package_function.bundling.wheel_modes import restore_modes


if TYPE_CHECKING:
    from contextlib import AbstractContextManager

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

    def _prepare(
        self, directory: Path, destination: Path, *args: Any, **kwargs: Any
    ) -> Path:
        """See `Chef`; called in several threads."""
        destination.mkdir(parents=True, exist_ok=True)
        # Poetry's cache has no hash of what is built into it: so nothing comes there by
        # halves, whenever the process is killed.
        with TemporaryDirectory(dir=destination) as own:
            wheel = None
            if not args and not any(kwargs.values()):  # nothing to be built otherwise
                wheel = build_dependency(directory, Path(own))
            if wheel is None:
                with self._expendable(directory) as source:
                    wheel = super()._prepare(source, Path(own), *args, **kwargs)
            restore_modes(wheel, directory)
            return wheel.replace(destination / wheel.name)

    def _expendable(self, directory: Path) -> AbstractContextManager[Path]:
        """Has a directory that a backend may write into."""
        home = self._env.path.parent
        if directory.is_relative_to(home):  # a clone, or what an sdist holds
            return nullcontext(directory)
        return copied_project(directory, self._caches, but=(home,))
