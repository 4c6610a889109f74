"""Installs wheels for Poetry, quickly, and remembers which wheels they were.

Poetry decides what is installed, builds what is no wheel, and holds each file against
the lock; pypa/installer lays the files out, as it does for Poetry. What is here are
pypa/installer's two ends: how a wheel is read, and how files are written.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import threading

from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Any
from typing import BinaryIO
from typing import Final
from typing import NamedTuple

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.records import Hash
from installer.records import RecordEntry
from installer.sources import WheelFile
from packaging.utils import canonicalize_name
from packaging.utils import parse_wheel_filename
from poetry.__version__ import __version__ as poetry_version
from poetry.installation import installer as poetry_installer
from poetry.installation.wheel_installer import WheelInstaller

from poetry_plugin_package_function.bundling.constraining import constrain
from poetry_plugin_package_function.bundling.path_dependencies import build_copies
from poetry_plugin_package_function.bundling.preflight import check_wheels
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.sources.integrity import SoundingZipFile
from poetry_plugin_package_function.packaging.sources.integrity import is_copyable
from poetry_plugin_package_function.packaging.sources.wheel import Wheel
from poetry_plugin_package_function.packaging.sources.wheel import file_digest


if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from cleo.io.io import IO
    from installer.utils import Scheme
    from packaging.utils import NormalizedName
    from poetry.core.packages.project_package import ProjectPackage
    from poetry.poetry import Poetry
    from poetry.utils.env import Env

    from poetry_plugin_package_function.bundling.listening import Listener
    from poetry_plugin_package_function.bundling.plan import Bundle


_CHUNK_BYTES: Final = 1 << 20
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Refusal(NamedTuple):
    """A wheel that could not be installed.

    Attributes:
        wheel: Its name.
        error: Why.
    """

    wheel: str
    error: Exception


@dataclass(frozen=True)
class Installed:
    """What one run of Poetry's installer has installed.

    Attributes:
        wheels: Those that the lock pins. A distribution that is not in here has been
            built on this machine.
        names: All distributions.
        refused: What could not be installed.
    """

    wheels: dict[NormalizedName, Wheel] = field(default_factory=dict)
    names: set[NormalizedName] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)


@contextmanager
def own_installer(
    poetry: Poetry,
    bundle: Bundle,
    wheel: Path | None,
    listener: Listener,
) -> Iterator[Installed]:
    """Lets the bundle plugin use an installer of ours: Poetry's, with additions.

    The bundle plugin makes its installer itself, knows no extras and hands over no
    build constraints, so the class that it looks up is replaced for the time being.

    Args:
        poetry: Whose lock file is installed from.
        bundle: Its extras are installed, too, and all of it for its target.
        wheel: The project's own, which is installed last.
        listener: Hears the size of each wheel's files, in the thread of that wheel.

    Raises:
        BundleError: This version of the bundle plugin looks somewhere else.
    """
    installed = Installed()
    pins = locked_files(poetry)
    used = []

    class OwnInstaller(poetry_installer.Installer):
        def __init__(
            self, io: IO, env: Env, package: ProjectPackage, *args: Any, **kwargs: Any
        ) -> None:
            is_ours = package is poetry.package  # not that of an isolated build
            if is_ours:
                check_wheels(poetry, bundle, env)
                if bundle.target is not None:
                    constrain(env, bundle.target)
                kwargs.setdefault("disable_cache", poetry.disable_cache)
                if hasattr(poetry, "build_constraints"):  # Poetry 2.3
                    kwargs.setdefault("build_constraints", poetry.build_constraints)
            super().__init__(io, env, package, *args, **kwargs)
            if is_ours:
                self.extras(list(bundle.extras))
                self.executor._wheel_installer = _WheelInstaller(
                    env, pins, package.name, installed, listener.installed
                )
                build_copies(self.executor, Path(poetry.config.get("cache-dir")))
                used.append(self)

        def run(self) -> int:
            status = super().run()
            if self in used and status == 0 and wheel is not None:
                name, version, _, _ = parse_wheel_filename(wheel.name)
                listener.phase(f"Installing {name} ({version})")
                self.executor._wheel_installer.install(wheel)
            return status

    before = poetry_installer.Installer
    poetry_installer.Installer = OwnInstaller  # type: ignore[misc]
    try:
        yield installed
    finally:
        poetry_installer.Installer = before  # type: ignore[misc]
    if not used:
        raise BundleError(
            "This version of poetry-plugin-bundle does not let itself be extended as"
            " the ones that are known.",
            "Install another one: poetry self add poetry-plugin-bundle@1.8.0",
        )


def locked_files(poetry: Poetry) -> dict[NormalizedName, set[tuple[str, str]]]:
    """Reads what files the lock has for each distribution: names and hashes."""
    lock = poetry.locker.lock_data
    older = lock.get("metadata", {}).get("files", {})  # before lock version 2.0
    files: dict[NormalizedName, set[tuple[str, str]]] = {}
    for package in lock.get("package", []):
        listed = package.get("files") or older.get(package["name"], [])
        files.setdefault(canonicalize_name(package["name"]), set()).update(
            (each["file"], each["hash"]) for each in listed
        )
    return files


class _WheelInstaller(WheelInstaller):
    """Installs one wheel; called in several threads."""

    def __init__(
        self,
        env: Env,
        pins: Mapping[NormalizedName, set[tuple[str, str]]],
        project: NormalizedName,
        installed: Installed,
        on_installed: Callable[[int], None],
    ) -> None:
        super().__init__(env)
        self._pins = pins
        self._project = project
        self._installed = installed
        self._on_installed = on_installed
        self._claims = _Claims()
        # Poetry has more threads than there are cores, for downloads. To install with
        # all of them is slower: they wait for one another.
        self._cores = threading.BoundedSemaphore(usable_cores())

    def install(self, wheel: Path) -> None:
        """See Poetry's; what goes wrong is remembered for those who tell the user.

        Poetry would show it with lines of our source.
        """
        try:
            self._install(wheel)
        except Exception as error:
            self._installed.refused.append(Refusal(wheel.name, error))
            raise

    def _install(self, wheel: Path) -> None:
        with self._cores, SoundingZipFile(wheel) as archive:
            source = WheelFile(archive)
            name = canonicalize_name(source.distribution)
            try:
                source.validate_record(validate_contents=False)
            except WheelFile.validation_error as error:
                self.invalid_wheels[wheel] = error.issues
            # One path, one name: `lib64` is a link to `lib` in some environments.
            scheme_dict = {
                scheme: os.path.realpath(self._env.scheme_dict[scheme])
                for scheme in ("purelib", "platlib", "include", "scripts", "data")
            }
            scheme_dict["headers"] = os.path.join(
                scheme_dict["include"], source.distribution
            )
            destination = _Destination(
                scheme_dict,
                interpreter=str(self._env.python),
                script_kind=self._script_kind,
                claims=self._claims,
                rank=(name == self._project, name),
            )
            marks = {"INSTALLER": f"Poetry {poetry_version}".encode()}
            install(source, destination, marks)
            pin = self._pin(name, wheel)
            self._installed.names.add(name)
            if pin is not None:
                unsound = frozenset(
                    member
                    for member in archive.unsound
                    if is_copyable(archive.getinfo(member))
                )
                self._installed.wheels[name] = Wheel(wheel, pin, unsound)
        self._on_installed(destination.written_bytes)

    def _pin(self, name: NormalizedName, wheel: Path) -> str | None:
        """Returns the wheel's hash if the lock has it.

        A wheel that was built here may be called as one that the lock has.
        """
        for file, pin in sorted(self._pins.get(name, ()), reverse=True):
            algorithm, _, expected = pin.partition(":")
            if (
                file == wheel.name
                and algorithm in hashlib.algorithms_available
                and file_digest(wheel, algorithm) == expected
            ):
                return pin
        return None


class _Claims:
    """Who may write a path that several distributions have a file for.

    Wheels are installed in no certain order; the last one by name wins, and the project
    before all, so that the outcome is certain.
    """

    def __init__(self) -> None:
        self._ranks: dict[str, tuple[bool, str]] = {}
        self._lock = threading.Lock()

    def create(self, path: str, rank: tuple[bool, str], mode: int) -> int | None:
        """Opens a new file; None if the path belongs to somebody of a higher rank."""
        with self._lock:
            if not self._claim(path, rank):
                return None
        try:
            return _create(path, mode)
        except FileExistsError:
            pass
        with self._lock:  # nobody who has claimed it meanwhile loses their file
            if not self._claim(path, rank):
                return None
            # Somebody may be writing to it just now: a new file is another one.
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            return _create(path, mode)

    def _claim(self, path: str, rank: tuple[bool, str]) -> bool:
        highest = max(self._ranks.get(path, rank), rank)
        self._ranks[path] = highest
        return highest == rank


def _create(path: str, mode: int) -> int:
    try:
        return os.open(path, _NEW_FILE, mode)
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return os.open(path, _NEW_FILE, mode)


class _Destination(SchemeDictionaryDestination):
    def __init__(
        self, *args: Any, claims: _Claims, rank: tuple[bool, str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.written_bytes = 0
        self._claims = claims
        self._rank = rank

    def write_to_fs(
        self, scheme: Scheme, path: str, stream: BinaryIO, is_executable: bool
    ) -> RecordEntry:
        """See pypa/installer; in fewer calls, as it is done for each file.

        Raises:
            ValueError: The path is outside of the scheme's directory.
        """
        target = _inside(self.scheme_dict[scheme], path)
        digest = hashlib.new(self.hash_algorithm)
        size_bytes = 0
        with contextlib.ExitStack() as stack:
            mode = 0o777 if is_executable else 0o666
            descriptor = self._claims.create(target, self._rank, mode)
            if descriptor is not None:
                stack.callback(os.close, descriptor)
            while chunk := stream.read(_CHUNK_BYTES):
                digest.update(chunk)
                size_bytes += len(chunk)
                if descriptor is not None:
                    _write(descriptor, chunk)
        self.written_bytes += size_bytes
        value = base64.urlsafe_b64encode(digest.digest()).decode().rstrip("=")
        return RecordEntry(path, Hash(self.hash_algorithm, value), size_bytes)


def _inside(base: str, path: str) -> str:
    target = os.path.abspath(os.path.join(base, path))
    if not target.startswith(os.path.join(base, "")):
        raise ValueError(f"{path} would be written outside of {base}")
    return target


def _write(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
