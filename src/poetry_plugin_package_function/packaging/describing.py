"""From what has been written to what the report tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from poetry_plugin_package_function.packaging.result import Compiled
from poetry_plugin_package_function.packaging.result import Layer
from poetry_plugin_package_function.packaging.tree.dependency_paths import (
    dependency_paths,
)
from poetry_plugin_package_function.packaging.tree.layers import unread_path_files


if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.utils import NormalizedName

    from poetry_plugin_package_function.packaging.bytecode.compilation import Bytecode
    from poetry_plugin_package_function.packaging.bytecode.compilation import (
        Interpreter,
    )
    from poetry_plugin_package_function.packaging.plan import DistributionSize
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.writing import Measured
    from poetry_plugin_package_function.settings import Settings


def described(
    measured: Measured,
    project_name: NormalizedName | None,
    direct: frozenset[NormalizedName],
) -> tuple[DistributionSize, ...]:
    """Adds what is known of distributions beside their sizes."""
    shipped = measured.job.tree.distributions
    pins = {each.name: each.pin for each in shipped}
    paths = dependency_paths(shipped, project_name, direct)
    units = measured.nested.units if measured.nested else ()
    nested = {
        name
        for unit in units
        if not (unit.tests or unit.extension)
        for name in unit.names
    }
    return tuple(
        each._replace(
            wheel=pins[name] if each.contents is None else None,
            path=paths.get(name, ()),
            nested=name in nested,
            layer=measured.job.has_layer and each.name != "" and name != project_name,
        )
        for each in measured.distributions
        for name in (canonicalize_name(each.name),)
    )


def layer_of(
    settings: Settings, measured: Measured, is_of_layer: Callable[[Entry], bool]
) -> Layer | None:
    """Tells of the layer, if one has been written."""
    if not measured.job.has_layer:
        return None
    names = (each.name for each in measured.job.entries if is_of_layer(each))
    written = measured.parts[-1]
    return Layer(
        settings.archives[-1],
        written.output_bytes,
        written.unzipped_bytes,
        written.files,
        written.sha256,
        unread_path_files(names),
    )


def compiled_by(
    interpreter: Interpreter, bytecode: Bytecode, shipped: tuple[Entry, ...]
) -> Compiled:
    """Tells of the bytecode: what has been compiled, and what of it is shipped."""
    return Compiled(
        interpreter.version,
        len(shipped),
        sum(each.size_bytes for each in shipped),
        bytecode.skipped,
        tuple(
            sorted(
                {each.distribution or "" for each in bytecode.entries}
                - {each.distribution or "" for each in shipped}
            )
        ),
    )
