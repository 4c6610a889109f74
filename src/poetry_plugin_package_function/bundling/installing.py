"""Lets Poetry's installer put wheels into an environment unopened.

Poetry decides what is installed, builds what is no wheel, and holds each file against
the lock. What is here takes the place of its last step: to lay the files out.
"""

from __future__ import annotations

import threading

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import NamedTuple
from typing import cast

from poetry.installation import installer as poetry_installer
from poetry.installation.wheel_installer import WheelInstaller
from poetry.repositories.installed_repository import InstalledRepository
from poetry.utils.env import EnvCommandError

from poetry_plugin_package_function.bundling.constraining import constrain
from poetry_plugin_package_function.bundling.executing import CachedExecutor
from poetry_plugin_package_function.bundling.path_dependencies import CopyingChef
from poetry_plugin_package_function.bundling.preflight import check_wheels
from poetry_plugin_package_function.bundling.proof import not_working
from poetry_plugin_package_function.bundling.proof import prove
from poetry_plugin_package_function.bundling.stand_ins import add_stand_ins
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.sources.wheel_directory import put


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator

    from cleo.io.io import IO
    from packaging.utils import NormalizedName
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.installation.operations.operation import Operation
    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_plugin_package_function.bundling.failed import Failure
    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.bundling.poetry_output import Listener
    from poetry_plugin_package_function.packaging.sources.facts import FactsCache


class Refusal(NamedTuple):
    """A wheel that could not be installed.

    Attributes:
        wheel: Its name.
        error: Why.
        forgotten: Whether it has been deleted from Poetry's cache, to be built anew.
    """

    wheel: str
    error: Exception
    forgotten: bool


@dataclass(frozen=True)
class Installed:
    """What one run of Poetry's installer has done.

    Attributes:
        venv: The environment that it has filled.
        markers: The values of environment markers that it went by.
        refused: What could not be installed.
        failures: The same, and all else that Poetry could not install.
        stand_ins: What is there for the import of handlers alone: see `Bundle`.
    """

    venv: Path
    markers: dict[str, Any] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    stand_ins: set[NormalizedName] = field(default_factory=set)


@contextmanager
def patched_installer(
    poetry: Poetry, bundle: Bundle, home: Path, listener: Listener, facts: FactsCache
) -> Iterator[Installed]:
    """Lets the bundle plugin use a patched installer of Poetry's.

    The bundle plugin makes its installer itself, knows no extras and hands over no
    build constraints, so the class that it looks up is replaced for the time being.
    Isolated builds look it up, too: what they fill is only proven.

    Args:
        poetry: Whose lock file is installed from.
        bundle: Its extras are installed, too, and all of it for its target.
        home: What is filled is in it.
        listener: Is called with the size of each wheel's files, in that one's thread.
        facts: Finds out what is known of each wheel.

    Raises:
        BundleError: See `proof.prove`; or this version of the bundle plugin looks
            somewhere else.
    """
    installed = Installed(home / "venv")

    class PatchedInstaller(poetry_installer.Installer):
        def __init__(
            self, io: IO, env: Env, package: ProjectPackage, *args: Any, **kwargs: Any
        ) -> None:
            prove(env, home)
            self._stands_in = package is poetry.package and bundle.stand_ins
            if package is not poetry.package:
                super().__init__(io, env, package, *args, **kwargs)
                return
            if bundle.target is not None:
                constrain(env, bundle.target)
            check_wheels(poetry, bundle, env, listener.warning)
            installed.markers.update(env.marker_env)
            executor = CachedExecutor(poetry, env, io, installed.failures)
            executor._wheel_installer = _WheelInstaller(
                env, executor, installed, facts, listener.installed
            )
            caches = Path(poetry.config.get("cache-dir"))
            executor._chef = CopyingChef(executor, caches)
            # To look what is installed takes a process, and the environment is new.
            kwargs |= {"executor": executor, "installed": InstalledRepository()}
            super().__init__(io, env, package, *args, **kwargs)
            self.extras(list(bundle.extras))

        def _execute(self, operations: list[Operation]) -> int:
            names = {each.package.name for each in operations if not each.skipped}
            status = super()._execute(operations)
            if status == 0 and self._stands_in:
                executor = cast("CachedExecutor", self._executor)
                installed.stand_ins.update(
                    add_stand_ins(poetry, executor, self._env, names, listener)
                )
            return status

    before = poetry_installer.Installer
    poetry_installer.Installer = PatchedInstaller  # type: ignore[misc]
    try:
        yield installed
    except EnvCommandError as error:
        raise not_working(error) from None
    finally:
        poetry_installer.Installer = before  # type: ignore[misc]
    if not installed.markers:
        raise BundleError(
            "This version of poetry-plugin-bundle does not let itself be extended as"
            " the ones that are known.",
            "Install another one: poetry self add poetry-plugin-bundle@1.8.0",
        )


class _WheelInstaller(WheelInstaller):
    """Installs one wheel; called in several threads."""

    def __init__(
        self,
        env: Env,
        executor: CachedExecutor,
        installed: Installed,
        facts: FactsCache,
        on_installed: Callable[[int], None],
    ) -> None:
        super().__init__(env)
        self._executor = executor
        self._installed = installed
        self._facts = facts
        self._on_installed = on_installed
        # Poetry has more threads than there are cores, for downloads. To inspect with
        # all of them is slower: they wait for one another.
        self._cores = threading.BoundedSemaphore(usable_cores())

    def install(self, wheel: Path) -> None:
        """See Poetry's; what goes wrong is remembered for those who show it.

        Poetry would show it with lines of our source.
        """
        try:
            with self._cores:
                placed = put(self._env.path, wheel, self._executor.pins.get(wheel))
                facts = self._facts.of(placed).facts
        except Exception as error:
            is_bad = not isinstance(error, OSError)  # a full disk says nothing of it
            forgotten = is_bad and self._executor.forget(wheel)
            self._installed.refused.append(Refusal(wheel.name, error, forgotten))
            raise
        if facts.issues:
            self.invalid_wheels[wheel] = list(facts.issues)
        self._on_installed(sum(each.content.size_bytes for each in facts.files))
