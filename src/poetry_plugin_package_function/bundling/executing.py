"""Finds what the lock pins in Poetry's cache, by name and hash, without an index."""

from __future__ import annotations

import os

from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from urllib.parse import quote

from poetry.core.packages.utils.link import Link
from poetry.installation.chooser import Chooser
from poetry.installation.executor import Executor
from poetry.installation.operations.install import Install
from poetry.utils.cache import ArtifactCache
from poetry.utils.helpers import get_highest_priority_hash_type

from poetry_plugin_package_function.bundling.failed import Failure
from poetry_plugin_package_function.packaging.sources.wheel_directory import locked_hash


if TYPE_CHECKING:
    from cleo.io.io import IO
    from poetry.core.packages.package import Package
    from poetry.installation.operations import Update
    from poetry.installation.operations.operation import Operation
    from poetry.poetry import Poetry
    from poetry.utils.env import Env


class CachedExecutor(Executor):
    """Poetry's executor, which asks an index only for what is not in Poetry's cache.

    Each archive is hashed once, in the thread that installs it.

    Attributes:
        pins: The locked hashes of the archives that have been held against them.
    """

    def __init__(
        self, poetry: Poetry, env: Env, io: IO, failures: list[Failure]
    ) -> None:
        """Makes one that installs a project's dependencies into an environment.

        Args:
            poetry: The project.
            env: Where it installs to.
            io: What it writes to.
            failures: Gets what could not be installed.
        """
        config, no_cache = poetry.config, poetry.disable_cache
        options: dict[str, Any] = {"disable_cache": no_cache}
        if hasattr(poetry, "build_constraints"):  # Poetry 2.3
            options["build_constraints"] = poetry.build_constraints
        super().__init__(env, poetry.pool, config, io, **options)
        self.pins: dict[Path, str] = {}
        self._failures = failures
        self._artifacts = _Artifacts(cache_dir=config.artifacts_cache_directory)
        self._artifact_cache = self._artifacts
        # Locks before version 2.0 list the files of all versions of something together.
        files_are_of_one = "files" not in poetry.locker.lock_data.get("metadata", {})
        self._locked = (
            Chooser(_LockedFiles(), env, config)  # type: ignore[arg-type]
            if files_are_of_one and not no_cache
            else None
        )

    def download_wheel(self, package: Package) -> Path | None:
        """Finds a distribution's wheel, which the lock pins; None if there is none.

        Raises:
            Exception: Whatever Poetry finds wrong.
        """
        archive = self._download(Install(package))
        return archive if archive in self.pins else None

    def forget(self, wheel: Path) -> bool:
        """Deletes a wheel that is bad, if the cache has it and no hash for it.

        Returns:
            Whether it did: Poetry will build it anew.
        """
        if wheel in self.pins or not wheel.is_relative_to(self._artifacts.root):
            return False
        with suppress(OSError):
            wheel.unlink()
        return not wheel.exists()

    def _do_execute_operation(self, operation: Operation) -> int:
        """See Poetry's, which would show what is wrong with lines of its own source."""
        try:
            return super()._do_execute_operation(operation)
        except Exception as error:
            self._failures.append(Failure(operation.package, error))
            raise

    def _download(self, operation: Install | Update) -> Path:
        link = self._cached(operation.package)
        if link is None:
            return super()._download(operation)
        return self._download_link(operation, link)

    def _cached(self, package: Package) -> Link | None:
        """Finds the file that Poetry would choose, if the cache has it."""
        if self._locked is None:
            return None
        try:
            link = self._locked.choose_for(package)
        except Exception:  # whatever it is, Poetry says it when the index is asked
            return None
        for archive in self._artifacts.named.get(link.filename, ()):
            with suppress(OSError):  # it may have gone
                if self._pin(archive, package) is not None:
                    self._artifacts.places[link.url] = archive.parent
                    return link
        return None

    def _download_link(self, operation: Install | Update, link: Link) -> Path:
        """See Poetry's; a damaged file in the cache is downloaded once more."""
        package = operation.package
        cached = self._artifact_cache.get_cached_archive_for_link(link, strict=True)
        if (
            cached is not None
            and _hashes(cached, package)
            and self._pin(cached, package) is None
        ):
            for each in cached.parent.iterdir():  # and what has been built out of it
                with suppress(OSError):  # Poetry refuses it
                    each.unlink()
        return super()._download_link(operation, link)

    def _pin(self, archive: Path, package: Package) -> str | None:
        """Returns an archive's hash if the lock has it.

        Raises:
            OSError: The archive cannot be read.
        """
        if archive not in self.pins:
            hashes = _hashes(archive, package)
            kinds = {each.partition(":")[0] for each in hashes}
            kind = get_highest_priority_hash_type(kinds, archive.name)
            if kind is None:
                return None
            pin = locked_hash(archive, kind)
            if pin in hashes:
                self.pins[archive] = pin
        return self.pins.get(archive)

    def _validate_archive_hash(  # type: ignore[override]
        self, archive: Path, package: Package
    ) -> str:
        """See Poetry's, which reads in small pieces; it says what is wrong."""
        pin = self._pin(archive, package)
        return pin or super()._validate_archive_hash(archive, package)

    def _save_url_reference(self, operation: Operation) -> None:
        """Does nothing: `direct_url.json` is of this machine, and is not shipped."""


def _hashes(archive: Path, package: Package) -> set[str]:
    return {each["hash"] for each in package.files if each["file"] == archive.name}


class _LockedFiles:
    """The files that the lock has of each package, as Poetry's pool and repository."""

    def has_repository(self, name: str) -> bool:  # noqa: ARG002
        return True

    def repository(self, name: str) -> _LockedFiles:  # noqa: ARG002
        return self

    def find_links_for_package(self, package: Package) -> list[Link]:
        return [
            Link(f"locked:///{quote(each['file'])}#{each['hash'].replace(':', '=', 1)}")
            for each in package.files
        ]


class _Artifacts(ArtifactCache):
    """Poetry's cache of archives, in which they are found by their names, too.

    Attributes:
        root: The directory of all.
        named: All files of a name.
        places: In which directories of the cache links of ours have been found.
    """

    def __init__(self, *, cache_dir: Path) -> None:
        super().__init__(cache_dir=cache_dir)
        self.root = cache_dir
        self.places: dict[str, Path] = {}
        # Directories are named by a hash of the address, which the lock does not have.
        # To list them all takes 25 ms for 1,000 files; several threads ask then.
        self.named: dict[str, list[Path]] = defaultdict(list)
        for directory, _, files in os.walk(cache_dir):
            for file in files:
                self.named[file].append(Path(directory, file))

    def get_cache_directory_for_link(self, link: Link) -> Path:
        return self.places.get(link.url) or super().get_cache_directory_for_link(link)
