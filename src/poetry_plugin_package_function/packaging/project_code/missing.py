"""What to say of an archive that has no code of the project: which code there is."""

from __future__ import annotations

import os

from collections import Counter
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.host import relative
from poetry_plugin_package_function.packaging.project_code.candidates import (
    functions_in,
)
from poetry_plugin_package_function.packaging.project_code.handler_code import inclusion
from poetry_plugin_package_function.packaging.project_code.places import (
    directories_with_code,
)
from poetry_plugin_package_function.packaging.sources.ignored import ignored_below
from poetry_plugin_package_function.packaging.sources.included import find_included
from poetry_plugin_package_function.packaging.sources.modules import known_modules
from poetry_plugin_package_function.packaging.sources.passed_over import NOT_DEPLOYED
from poetry_plugin_package_function.packaging.sources.passed_over import RUBBISH
from poetry_plugin_package_function.packaging.sources.patterns import matcher
from poetry_plugin_package_function.project import SHOWN_TABLE


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from poetry_plugin_package_function.project import Project
    from poetry_plugin_package_function.settings import Settings


_OF_TOOLS: Final = frozenset(
    """
    conftest.py dodo.py fabfile.py noxfile.py setup.py tasks.py
    example examples migrations script scripts
    """.split()  # noqa: SIM905 - one line otherwise for each
).union(NOT_DEPLOYED, RUBBISH)
"""What is beside the code, and nobody deploys."""

_SHOWN: Final = 3


class Source(NamedTuple):
    """A module or a package of a project.

    Attributes:
        path: Where it is, from the project's directory on.
        item: What `include` has to have for it.
        handler: The name of a handler in it; "" if none can be seen.
    """

    path: str
    item: str
    handler: str


def project_sources(project: Path) -> tuple[Source, ...]:
    """Finds the code of a project, the likeliest first.

    What is neither where it usually is nor in `src` is looked for in all other
    directories.
    """
    root = os.path.realpath(project)
    found = [*_sources(root, "."), *_sources(root, "src")]
    if not found:
        found = [each for place in _others(root) for each in _sources(root, place)]
        # A handler's module is found there if it is the only one of its name.
        names = Counter(Path(each.path).stem for each in found)
        found = [
            each if names[Path(each.path).stem] == 1 else each._replace(handler="")
            for each in found
        ]
    return tuple(sorted(found, key=lambda each: not each.handler))


def _others(root: str) -> Iterator[str]:
    """Lists directories that are no package, and not only of tools."""
    is_ignored = ignored_below(root)
    for place in directories_with_code(
        root, lambda path: is_ignored(relative(path, root))
    ):
        parts = relative(place, root).split("/")
        is_package = os.path.isfile(os.path.join(place, "__init__.py"))
        if not is_package and _OF_TOOLS.isdisjoint(parts):
            yield place


def no_code(project: Project, handler: str | None) -> SourceError:
    """Makes the error for a function's archive that has no code of the project.

    Args:
        project: Whose function it is.
        handler: The one that has been looked for, and is nowhere.
    """
    nowhere = ""
    if handler is not None:
        module = handler.rpartition(".")[0]
        nowhere = f", and nothing has a module {module} for the handler"
    gone = [
        each
        for each in project.packages
        if not glob(each, root_dir=project.directory, recursive=True)
    ]
    not_there = (
        f" `packages` in [tool.poetry] names {', '.join(gone)}: nothing is there."
        if gone
        else ""
    )
    return SourceError(
        f"The archive has no code of the project{nowhere}.{not_there}",
        _hint(project.directory),
    )


def check_code(settings: Settings, project: Project, names: AbstractSet[str]) -> None:
    """Looks whether there can be code of the project, before anything is downloaded.

    If a handler is named, a dependency may have it.

    Args:
        settings: Those of the function.
        project: Whose function it is.
        names: The files of the project's wheel.

    Raises:
        SourceError: There cannot.
    """
    if settings.layer_only or settings.handler is not None or known_modules(names):
        return
    is_excluded = matcher(settings.exclude)
    found = find_included(settings.include, project.directory, is_excluded).entries
    included = {entry.name for entry in found}
    if not known_modules(included) and "bootstrap" not in included:
        raise no_code(project, None)


def _hint(project: Path) -> str:
    found = project_sources(project)
    if not found:
        return (
            f"There is no Python file in {project} that could be it. Add the code to"
            " the project's wheel (`packages` in [tool.poetry]), or `include` it."
        )
    first = found[0]
    shown = ", ".join(each.path for each in found[:_SHOWN])
    more = " and more" if len(found) > _SHOWN else ""
    line = f"include = [{first.item}] in {SHOWN_TABLE}"
    by_name = f"--handler {first.handler}, or " if first.handler else ""
    return f"There is {shown}{more}. Add it: {by_name}{line}."


def _sources(project: str, place: str) -> Iterator[Source]:
    directory = os.path.normpath(os.path.join(project, place))
    source = relative(directory, project)
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return
    for name in names:
        path = os.path.join(directory, name)
        if name in _OF_TOOLS or name.startswith((".", "test_")):
            continue
        if name.endswith(".py") and name != "__init__.py" and os.path.isfile(path):
            module, handler = name.removesuffix(".py"), _handler_in(path)
        elif os.path.isfile(os.path.join(path, "__init__.py")):
            module, handler = _handler_of_package(path, name)
        else:
            continue
        yield Source(
            relative(path, project),
            inclusion(name, source),
            f"{module}.{handler}" if handler else "",
        )


def _handler_of_package(path: str, name: str) -> tuple[str, str]:
    for file in sorted(os.listdir(path)):
        if file.endswith(".py"):
            handler = _handler_in(os.path.join(path, file))
            if handler:
                stem = file.removesuffix(".py")
                return name if stem == "__init__" else f"{name}.{stem}", handler
    return name, ""


def _handler_in(path: str) -> str:
    """Finds a function that looks like a handler; "" if there is none."""
    try:
        with open(path, "rb") as file:
            return next(iter(functions_in(file.read())), "")
    except OSError:
        return ""
