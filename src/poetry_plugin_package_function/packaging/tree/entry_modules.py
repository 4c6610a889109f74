"""The project's own modules, through which others are imported."""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.sources.modules import MODULE_SUFFIXES
from poetry_plugin_package_function.packaging.sources.modules import module_parts


if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.sources.entry import Entry


class EntryModule(NamedTuple):
    """A module of the project that others are imported through.

    It is the shallowest that is not a namespace package.

    Attributes:
        path: Its place in the archive, without a suffix: "my_app", "acme/fn".
        is_package: Whether it is a directory with an `__init__`.
    """

    path: str
    is_package: bool

    @property
    def name(self) -> str:
        """What is imported: "my_app", "acme.fn"."""
        return self.path.replace("/", ".")

    @property
    def file(self) -> str:
        """The source file that Python looks for, whatever it finds in its place."""
        return f"{self.path}/__init__.py" if self.is_package else f"{self.path}.py"


def entry_modules(
    found: Mapping[str, Entry], project_name: NormalizedName | None
) -> tuple[EntryModule, ...]:
    """Finds the project's modules, ordered by path.

    Args:
        found: All that is shipped, by names.
        project_name: The project's own distribution.
    """
    return _modules_of_the_project(found, project_name) or _modules_called(
        found, project_name
    )


def _modules_of_the_project(
    found: Mapping[str, Entry], project_name: NormalizedName | None
) -> tuple[EntryModule, ...]:
    modules = set()
    for name, entry in found.items():
        if entry.included or (
            project_name is not None and entry.distribution == project_name
        ):
            parts = module_parts(name)
            if parts:
                modules.add(_shallowest(parts, found))
    return tuple(sorted(modules))


def _shallowest(parts: list[str], found: Mapping[str, Entry]) -> EntryModule:
    for depth in range(1, len(parts) + 1):
        path = "/".join(parts[:depth])
        if any(f"{path}/__init__{suffix}" in found for suffix in MODULE_SUFFIXES):
            return EntryModule(path, is_package=True)
    return EntryModule("/".join(parts), is_package=False)


def _modules_called(
    found: Mapping[str, Entry], project_name: NormalizedName | None
) -> tuple[EntryModule, ...]:
    """Finds the module named as the project, in a venv that does not say whose it is.

    This is where package-python-function 1.0.0 looks.
    """
    wanted = (project_name or "").replace("-", "_")
    candidates = {name.split("/")[0].removesuffix(".py") for name in found}
    return tuple(
        _shallowest([name], found)
        for name in sorted(candidates)
        if name.lower() == wanted
        and (f"{name}.py" in found or f"{name}/__init__.py" in found)
    )
