"""Builds the virtual environment: all that knows poetry-plugin-bundle is in here."""

from __future__ import annotations

import os
import re
import tempfile
import threading

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import Protocol

from cleo.formatters.formatter import Formatter
from cleo.formatters.style import Style
from cleo.io.inputs.string_input import StringInput
from cleo.io.io import IO
from cleo.io.outputs.output import Output
from packaging.utils import canonicalize_name

from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.errors import ConfigError


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator
    from collections.abc import Mapping

    from packaging.utils import NormalizedName
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.settings import Settings


MAIN_GROUP: Final = "main"


@dataclass(frozen=True)
class Bundle:
    """What the virtual environment is to hold, in names that Poetry knows.

    Attributes:
        groups: Dependency groups, as the project writes them.
        extras: The project's extras.
        python: The interpreter to build it with; None for the one that Poetry chooses.
    """

    groups: tuple[str, ...]
    extras: tuple[NormalizedName, ...]
    python: Path | None


class Listener(Protocol):
    """Hears what Poetry does."""

    def phase(self, text: str) -> None:
        """A new phase begins."""
        ...

    def operation(self, text: str, number: int, total: int) -> None:
        """An installation begins; called in whatever thread does it."""
        ...

    def warning(self, text: str) -> None:
        """Poetry warns of something."""
        ...


def plan_bundle(poetry: Poetry, settings: Settings) -> Bundle:
    """Finds the groups, extras and the interpreter that the settings name.

    Only the main group is taken unless more is asked for, as `poetry export` does:
    nobody wants to ship pytest.

    Raises:
        ConfigError: A group or an extra does not exist; all of them are listed.
        BundleError: There is no such interpreter, no lock file, or it is stale.
    """
    groups = {
        canonicalize_name(name): str(name)
        for name in poetry.package.dependency_group_names(include_optional=True)
    }
    groups.setdefault(canonicalize_name(MAIN_GROUP), MAIN_GROUP)
    extras = {name: str(name) for name in poetry.package.extras}
    asked_for = settings.with_groups | settings.without_groups | settings.only_groups
    problems = [
        *_unknown("group", asked_for, groups),
        *_unknown("extra", settings.extras, extras),
    ]
    if problems:
        raise ConfigError(problems, "They are defined in pyproject.toml.")
    _check_lock(poetry)
    return Bundle(
        _choose_groups(settings, groups),
        tuple(sorted(extras if settings.all_extras else _normalized(settings.extras))),
        _find_python(settings.python),
    )


def _normalized(names: Iterable[str]) -> set[NormalizedName]:
    return {canonicalize_name(name) for name in names}


def _unknown(
    what: str, asked_for: Iterable[str], known: Mapping[NormalizedName, str]
) -> list[str]:
    there_are = ", ".join(sorted(known.values())) or "none"
    return [
        f"The project has no {what} {name!r}; its {what}s: {there_are}."
        for name in sorted(asked_for)
        if canonicalize_name(name) not in known
    ]


def _choose_groups(
    settings: Settings, known: Mapping[NormalizedName, str]
) -> tuple[str, ...]:
    if settings.all_groups:
        chosen = set(known)
    elif settings.only_groups:
        chosen = _normalized(settings.only_groups)
    else:
        chosen = _normalized([MAIN_GROUP, *settings.with_groups])
        chosen -= _normalized(settings.without_groups)
    return tuple(known[name] for name in sorted(chosen))


def _check_lock(poetry: Poetry) -> None:
    locker = poetry.locker
    if not locker.is_locked():
        raise BundleError(
            f"There is no poetry.lock in {locker.lock.parent}.",
            "Make it: poetry lock",
        )
    try:
        fresh = locker.is_fresh()
    except ValueError as error:  # tomllib's and UnicodeDecodeError both are
        raise BundleError(
            f"{locker.lock} is not valid TOML: {error}.", "Make it anew: poetry lock"
        ) from None
    if not fresh:
        raise BundleError(
            "pyproject.toml has changed since poetry.lock was made from it.",
            "Bring it up to date: poetry lock",
        )


def _blame_lock(poetry: Poetry) -> None:
    """Finds out whether it is the lock that Poetry has stumbled over.

    Raises:
        BundleError: It looks fresh, and is not whole: somebody has edited it.
    """
    locker = poetry.locker
    try:
        locker.locked_repository()
        if locker.is_locked_groups_and_markers():
            locker.locked_packages()
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise BundleError(
            f"{locker.lock} cannot be read: {detail.rstrip('.')}.",
            "Make it anew: poetry lock",
        ) from None


def _find_python(wanted: str | None) -> Path | None:
    if wanted is None:
        return None
    from poetry.utils.env.python import Python

    python = Python.get_by_name(wanted)
    if python is None:
        raise BundleError(
            f"There is no Python {wanted!r} here.",
            "Give a version, a command or a path (`poetry python list` shows what there"
            " is), or install one: poetry python install 3.13",
        )
    return Path(python.executable)


def build_venv(poetry: Poetry, bundle: Bundle, path: Path, listener: Listener) -> None:
    """Builds the virtual environment from the lock file, with the project installed.

    Raises:
        BundleError: Poetry could not do it; its own words are in the reason.
    """
    from poetry.utils.env.python.exceptions import PythonVersionError
    from poetry_plugin_bundle.bundlers.venv_bundler import VenvBundler

    io = _listening_io(listener)
    bundler = VenvBundler()
    bundler.set_path(path)
    bundler.set_executable(str(bundle.python) if bundle.python else None)
    bundler.set_activated_groups({canonicalize_name(each) for each in bundle.groups})
    # An active virtual environment would be taken, and emptied, otherwise.
    bundler.set_remove(True)
    with _own_virtualenv_settings(), _own_temporary_files(path.parent):
        try:
            built = bundler.bundle(poetry, io)
            if built and bundle.extras:
                listener.phase(f"Installing extras: {', '.join(bundle.extras)}")
                built = _install_extras(poetry, bundle, path, io) == 0
        except PythonVersionError as error:
            raise BundleError(
                str(error)
                if bundle.python
                else "There is no Python here that the project allows"
                f" ({poetry.package.python_versions}).",
                "Choose another interpreter with --python, or widen `requires-python`.",
            ) from None
        except Exception:
            _blame_lock(poetry)
            raise
    if not built:
        raise BundleError(
            "Poetry could not install the dependencies.\n" + io.unheard(),
            "Try `poetry install` for the same dependencies, or run again with -vvv.",
        )


def _install_extras(poetry: Poetry, bundle: Bundle, path: Path, io: IO) -> int:
    """Lets Poetry's installer bring the environment to the groups *and* the extras."""
    from poetry.installation.installer import Installer
    from poetry.packages.locker import Locker
    from poetry.utils.env import VirtualEnv

    class InstalledForReal(Locker):
        """Turns `develop = true` off, as the bundle plugin does for its own pass."""

        def locked_repository(self):  # type: ignore[no-untyped-def]
            repository = super().locked_repository()
            for package in repository.packages:
                package.develop = False
            return repository

        def locked_packages(self):  # type: ignore[no-untyped-def]
            packages = super().locked_packages()
            for package in packages:
                package.develop = False
            return packages

    locker = InstalledForReal(poetry.locker.lock, poetry.locker._pyproject_data)
    installer = Installer(
        io,
        VirtualEnv(path),
        poetry.package,
        locker,
        poetry.pool,
        poetry.config,
        disable_cache=poetry.disable_cache,
    )
    installer.only_groups([canonicalize_name(each) for each in bundle.groups])
    installer.extras(list(bundle.extras))
    installer.requires_synchronization()
    return installer.run()


@contextmanager
def _own_virtualenv_settings() -> Iterator[None]:
    """Sets what the user's own environments may do otherwise, and ours must not.

    `virtualenvs.create = false` is common in CI images and would install into the
    system's Python; a seeded pip would be shipped; a distribution of the system's
    site-packages would count as installed and be missing in the archive.
    """
    names = {
        "POETRY_VIRTUALENVS_CREATE": "true",
        "POETRY_VIRTUALENVS_OPTIONS_NO_PIP": "true",
        "POETRY_VIRTUALENVS_OPTIONS_SYSTEM_SITE_PACKAGES": "false",
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _own_temporary_files(directory: Path) -> Iterator[None]:
    """Gives Poetry a place for its temporary files, and removes them.

    Poetry leaves behind what it builds: a `poetry-chef-*` for each path dependency, and
    a `*.whl` of a project without modules.
    """
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    with tempfile.TemporaryDirectory(prefix="tmp-", dir=directory) as own:
        tempfile.tempdir = os.environ["TMPDIR"] = own
        try:
            yield
        finally:
            tempfile.tempdir = before[0]
            if before[1] is None:
                del os.environ["TMPDIR"]
            else:
                os.environ["TMPDIR"] = before[1]


# -- listening to Poetry ------------------------------------------------------------

_STYLES: Final = ("c1", "c2", "c1_dark", "c2_dark", "warning", "debug", "success")
"""Poetry's, beside cleo's own: a style that is not known stays in the text as a tag."""

_OPERATION: Final = re.compile(
    r"\s*- (?P<text>(?:Installing|Updating|Downgrading|Removing) .*)"
)
_OWN_WHEEL: Final = re.compile(r"\s*- Installing \S+ \(\S+ .*/tmp-.*\.whl\)")
_TOTAL: Final = re.compile(
    r"Package operations: (\d+) installs?, (\d+) updates?, (\d+) removals?"
)
_PHASE: Final = re.compile(r"\s*• Bundling .*?: (?P<text>.+)")
_KNOWN: Final = re.compile(
    r"\s*(• (Bundling|Bundled) .*|Installing dependencies from lock file"
    r"|No dependencies to install or update|• The root package was not installed .*)?"
)


class _ListeningIO(IO):
    """What the bundle plugin and Poetry's installer write goes to a listener.

    The bundle plugin gives the installer an IO that shows nothing, unless its own is in
    debug mode: so this one says that it is.
    """

    def __init__(self, output: _Lines, errors: _Lines) -> None:
        super().__init__(StringInput(""), output, errors)
        self._lines = output

    def is_debug(self) -> bool:
        return True

    def unheard(self) -> str:
        """Returns what was neither a phase nor an operation: the errors' texts."""
        return "\n".join(self._lines.unheard).strip()


class _Lines(Output):
    """Sorts lines; Poetry's installer writes from several threads."""

    def __init__(self, listener: Listener, *, errors: bool = False) -> None:
        super().__init__(formatter=Formatter(styles=dict.fromkeys(_STYLES, Style())))
        self.unheard: list[str] = []
        self._listener = listener
        self._errors = errors
        self._begun = ""
        self._number = 0
        self._total = 0
        self._lock = threading.Lock()

    def supports_utf8(self) -> bool:
        return True

    def _write(self, message: str, new_line: bool = False) -> None:
        with self._lock:
            *lines, self._begun = (
                self._begun + message + ("\n" if new_line else "")
            ).split("\n")
            for line in lines:
                self._sort(line)

    def _sort(self, line: str) -> None:
        if self._errors:
            if line.strip():
                self._listener.warning(line.strip())
        elif match := _OWN_WHEEL.fullmatch(line):
            pass  # the phase has named the project already
        elif match := _OPERATION.fullmatch(line):
            self._number += 1
            self._listener.operation(match["text"], self._number, self._total)
        elif match := _TOTAL.match(line):
            self._number, self._total = 0, sum(map(int, match.groups()))
        elif match := _PHASE.fullmatch(line):
            self._listener.phase(match["text"])
        elif not _KNOWN.fullmatch(line):
            self.unheard.append(line)


def _listening_io(listener: Listener) -> _ListeningIO:
    return _ListeningIO(_Lines(listener), _Lines(listener, errors=True))
