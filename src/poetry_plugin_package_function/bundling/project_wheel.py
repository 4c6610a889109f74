"""Builds the wheel of the project itself, as `poetry build` does."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile

from contextlib import ExitStack
from contextlib import suppress
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.bundling.interpreter import choose_python
from poetry_plugin_package_function.bundling.poetry_core import is_poetrys_backend
from poetry_plugin_package_function.bundling.poetry_core import needs_only_poetry_core
from poetry_plugin_package_function.bundling.poetry_core import without_missing_readmes
from poetry_plugin_package_function.bundling.project_copy import copied_project
from poetry_plugin_package_function.bundling.wheel_modes import restore_modes
from poetry_plugin_package_function.configuration.inclusions import is_beside
from poetry_plugin_package_function.errors import BundleError
from poetry_plugin_package_function.project import SHOWN_TABLE


if TYPE_CHECKING:
    from build import BuildBackendException
    from poetry.poetry import Poetry

    from poetry_plugin_package_function.bundling.plan import Bundle
    from poetry_plugin_package_function.bundling.poetry_output import Listener


_SHOWN_LINES: Final = 30
_OF_DATA: Final = r"^[^/]+\.data/(purelib|platlib)/"
"""Source: the binary distribution format, on the .data directory."""

_ALONE: Final = "try it alone: poetry build --format wheel"


def build_wheel(
    poetry: Poetry, bundle: Bundle, scratch: Path, listener: Listener
) -> Path | None:
    """Builds the project's wheel, as its `[build-system]` says.

    What is built by nothing but poetry-core is built by the one that Poetry itself runs
    with: that takes no time, and writes nothing into the project. All else is built by
    the backend that it names, in an environment with what that requires, out of a copy.

    Args:
        poetry: The project.
        bundle: Its interpreter builds.
        scratch: An empty directory, for the wheel too.
        listener: Is called with what is built.

    Returns:
        The wheel; None if the project has no code of its own.

    Raises:
        BundleError: It cannot be built: the backend's own words are in the reason.
    """
    if not poetry.is_package_mode or _has_no_code(poetry):
        return None
    wheel = _built(poetry, bundle, scratch, listener)
    restore_modes(wheel, poetry.file.path.parent)
    return wheel


def _built(poetry: Poetry, bundle: Bundle, scratch: Path, listener: Listener) -> Path:
    if needs_only_poetry_core(poetry):
        return _built_by_poetry_core(poetry, scratch)
    system = poetry.pyproject.data.get("build-system", {})
    if "build-backend" not in system:
        raise BundleError(
            "pyproject.toml has a build script, and no build backend to run it.",
            'Add to [build-system]: build-backend = "poetry.core.masonry.api", and'
            ' requires = ["poetry-core"] with what the script imports.',
        )
    name = poetry.package.pretty_name
    listener.phase(f"Building {name} with {system['build-backend']}")
    return _built_in_isolation(poetry, bundle, scratch)


def without_packages_beside(poetry: Poetry) -> Poetry:
    """The same project without packages that are beside it in its Git checkout.

    Poetry can build none with such. What the others need is found in the project, as
    where there is no wheel: that is all of it, if another poetry-core builds the rest.
    """
    project = os.path.realpath(poetry.file.path.parent)
    named = poetry.package.packages
    own = [
        each
        for each in named
        if not is_beside(
            project, os.path.realpath(os.path.join(project, each.get("from", "")))
        )
    ]
    if len(own) == len(named) or not is_poetrys_backend(poetry):
        return poetry
    rest = copy(poetry)
    if own and needs_only_poetry_core(poetry):
        rest._package = copy(poetry.package)
        rest._package.packages = own
    else:
        rest._local_config = {**poetry.local_config, "package-mode": False}
    return rest


def listed_files(poetry: Poetry) -> frozenset[str] | None:
    """Lists the files that the project's wheel will have, without building it.

    Returns:
        Their names; None if only building it would show them, or what is wrong.
    """
    if not poetry.is_package_mode:
        return frozenset()
    if not needs_only_poetry_core(poetry):
        return frozenset() if _has_no_code(poetry) else None
    try:
        return _files(poetry) or frozenset()
    except (OSError, RuntimeError, ValueError):
        return None


def files_of(wheel: Path | None) -> frozenset[str]:
    """Lists the files of the project's wheel, by the names that they are given."""
    if wheel is None:
        return frozenset()
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return frozenset(re.sub(_OF_DATA, "", name) for name in names)


def _built_by_poetry_core(poetry: Poetry, directory: Path) -> Path:
    from poetry.core.masonry.builders.wheel import WheelBuilder

    try:
        with without_missing_readmes(poetry):
            return directory / WheelBuilder.make_in(poetry, directory=directory)
    except (OSError, RuntimeError, ValueError) as error:
        raise BundleError(
            f"The project's own wheel cannot be built: {str(error).rstrip('.')}.",
            _advice(str(error)),
        ) from None


def _has_no_code(poetry: Poetry) -> bool:
    """Whether poetry-core, of whatever version, would find no module of the project.

    That is said when the archive has no code.
    """
    if not is_poetrys_backend(poetry):
        return False
    try:
        return _files(poetry) is None
    except (OSError, RuntimeError, ValueError):
        return False  # said when it is built


def _files(poetry: Poetry) -> frozenset[str] | None:
    """Lists what poetry-core would put into the wheel; None if it finds no module.

    Raises:
        OSError, RuntimeError, ValueError: What it says of a project that is wrong.
    """
    from poetry.core.masonry.builders.wheel import WheelBuilder
    from poetry.core.masonry.utils.module import ModuleOrPackageNotFoundError

    if _has_no_package(poetry):
        return None
    try:
        with without_missing_readmes(poetry):
            found = WheelBuilder(poetry).find_files_to_add()
    except ModuleOrPackageNotFoundError:
        return None
    return frozenset(each.relative_to_target_root().as_posix() for each in found)


def _has_no_package(poetry: Poetry) -> bool:
    """Whether none of the packages that pyproject.toml names is there.

    Then the project has no code of its own, as one that names none and has none of its
    own name: `poetry init` writes such a line, too. If there are others, it may be
    misspelt, and code would be missing without a word.
    """
    project = poetry.file.path.parent
    named = poetry.package.packages
    try:
        return bool(named) and not any(
            next((project / each.get("from", "")).glob(each["include"]), None)
            for each in named
        )
    except (NotImplementedError, ValueError):
        return False  # it is no pattern, which poetry-core says


def _advice(reason: str) -> str:
    """Says what to do about what poetry-core says most often."""
    if "readme" in reason.lower():
        return "Correct `readme` in pyproject.toml, or the file that it names."
    if "subpath" in reason:
        return (
            "Poetry packages only what is in the project's directory. Name the handler"
            " (--handler), and what it needs is found beside the project, in the same"
            " Git checkout. Or take it out of `packages`, and make what is elsewhere a"
            " path dependency, such as"
            ' shared = { path = "../shared" }, or take it from the same Git checkout:'
            ' include = [{ include = "shared", from = ".." }] in'
            f" {SHOWN_TABLE}."
        )
    if "does not contain any element" in reason:
        return (
            "Create it, or correct `packages` and `include` under [tool.poetry] in"
            " pyproject.toml."
        )
    return f"Correct pyproject.toml, or {_ALONE}"


def _built_in_isolation(poetry: Poetry, bundle: Bundle, scratch: Path) -> Path:
    project = poetry.file.path.parent
    python = bundle.python or choose_python(poetry).executable
    caches = Path(poetry.config.get("cache-dir"))
    with ExitStack() as stack:
        try:
            source = stack.enter_context(
                copied_project(project, caches, but=(scratch.parent,))
            )
        except OSError as error:
            raise BundleError(
                f"The project cannot be copied, to be built: {error}.",
                "Free some space, or give Poetry another cache directory"
                " (POETRY_CACHE_DIR).",
            ) from None
        for readme in poetry.package.readmes:
            if readme.is_relative_to(project) and not readme.exists():
                with suppress(OSError):  # its directory is not there, either
                    (source / readme.relative_to(project)).touch()
        return _built_by_backend(poetry, source, Path(python), scratch / "wheel")


def _built_by_backend(poetry: Poetry, source: Path, python: Path, target: Path) -> Path:
    from build import BuildException
    from poetry.console.exceptions import PoetryConsoleError
    from poetry.puzzle.exceptions import SolverProblemError
    from poetry.puzzle.provider import IncompatibleConstraintsError
    from poetry.utils.isolated_build import IsolatedBuildBackendError
    from poetry.utils.isolated_build import IsolatedBuildInstallError
    from poetry.utils.isolated_build import isolated_builder

    project = poetry.file.path.parent
    try:
        with isolated_builder(
            source, python_executable=python, pool=poetry.pool
        ) as builder:
            return Path(builder.build("wheel", str(target)))
    except IsolatedBuildBackendError as error:
        failure, *said = (
            line.replace(str(source), str(project))
            for line in _last_words(error.exception)
        )
        raise BundleError(
            (f"The project's own wheel cannot be built: {failure}", *said),
            "Fix that. The backend runs in a copy of the project and its Git"
            " repository: it finds nothing there that is outside of them. Or"
            f" {_ALONE}",
        ) from None
    except BuildException as error:
        raise BundleError(
            f"The project's own wheel cannot be built: {error}",
            f"Correct [build-system] in pyproject.toml, or {_ALONE}",
        ) from None
    except (
        *(IsolatedBuildInstallError, SolverProblemError, IncompatibleConstraintsError),
        PoetryConsoleError,  # no index answers
        ValueError,  # not a requirement
    ) as error:
        raise BundleError(
            (
                "What [build-system] requires cannot be installed.",
                *str(error).strip().splitlines(),
            ),
            f"Correct `requires` under [build-system], or {_ALONE}",
        ) from None


def _last_words(failure: BuildBackendException) -> list[str]:
    cause = failure.exception
    if not isinstance(cause, subprocess.CalledProcessError):
        return str(failure).splitlines()
    output = (cause.output or b"").decode(errors="replace").strip().splitlines()
    return [f"{failure}.", *(line.expandtabs() for line in output[-_SHOWN_LINES:])]
