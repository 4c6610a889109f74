"""What of an order is shipped: chosen, reduced, stripped, and in one half or two."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import replace
from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.archive.overwriting import (
    refuse_overwriting,
)
from poetry_plugin_package_function.packaging.aws.data import has_data
from poetry_plugin_package_function.packaging.nesting.stubs import refuse_own_names
from poetry_plugin_package_function.packaging.project_code.missing import no_code
from poetry_plugin_package_function.packaging.sources.modules import handler_parts
from poetry_plugin_package_function.packaging.sources.modules import known_modules
from poetry_plugin_package_function.packaging.tree.assemble import Selection
from poetry_plugin_package_function.packaging.tree.assemble import assemble
from poetry_plugin_package_function.packaging.tree.layers import check_halves
from poetry_plugin_package_function.packaging.tree.layers import dependencies_of
from poetry_plugin_package_function.packaging.tree.layers import is_dependency
from poetry_plugin_package_function.packaging.tree.metadata import with_stable_metadata
from poetry_plugin_package_function.packaging.tree.overlaps import overlaps


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.native.strip import Stripped
    from poetry_plugin_package_function.packaging.native.strip import Stripper
    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.sources.included import IncludedSource
    from poetry_plugin_package_function.packaging.tree.overlaps import Overlap
    from poetry_plugin_package_function.packaging.tree.tree import Tree


@dataclass(frozen=True)
class Shipped:
    """What goes into the archives.

    Attributes:
        tree: All of it, but for bytecode.
        overlaps: Files that several distributions have.
        stripped: What has been stripped, if anything was to be.
    """

    tree: Tree
    overlaps: tuple[Overlap, ...]
    stripped: Stripped | None


def shipped(order: Order, included: IncludedSource, stripper: Stripper) -> Shipped:
    """Finds what is shipped.

    Args:
        order: What is packaged.
        included: What `include` names.
        stripper: Strips native libraries, if they are to be.

    Raises:
        SourceError: Something cannot be read, or there is nothing to ship or to run.
        OutputError: A result would be written over what is shipped.
    """
    settings, name = order.settings, order.project.normalized_name
    targets = frozenset(map(str, settings.targets))
    results = targets.union(map(str, settings.results))
    selection = Selection(
        name,
        order.environment.seeds,
        order.environment.only,
        settings.exclude,
        settings.excludes_provided,
        settings.provided_version,
        results.union(map(str, settings.profiles)),
        order.python,
    )
    found_code = (order.code,) if order.code else ()
    tree = assemble((*order.environment.sources, included, *found_code), selection)
    tree = _with_aws_services(tree, order)
    found_overlaps = overlaps(tree)
    stripped = None
    if settings.strips:
        entries, stripped = stripper.strip(tree.entries)
        tree = replace(tree, entries=tuple(entries))
    tree = with_stable_metadata(tree, name)
    refuse_overwriting(tree, results, targets)
    if order.needs_code and (error := missing_code(tree, order)):
        raise error
    if not tree.entries:
        place = order.environment.site_packages.directories[0]
        raise SourceError(
            f"There is nothing to package in {place}.",
            "Add dependencies, `packages` or `include`, or look at `exclude`.",
        )
    refuse_own_names(tree)
    is_of_layer = is_dependency(name)
    if settings.layer_only:
        tree = dependencies_of(tree, is_of_layer)
    elif settings.layer_output:
        check_halves(tree, is_of_layer)
    return Shipped(tree, found_overlaps, stripped)


def _with_aws_services(tree: Tree, order: Order) -> Tree:
    """Leaves out data of AWS's services, or finds out whether that would be worth it.

    A layer may be for functions that nobody knows here: nothing is suggested for one.
    """
    settings, name = order.settings, order.project.normalized_name
    if settings.aws_services is None and (settings.layer_only or not has_data(tree)):
        return tree
    from poetry_plugin_package_function.packaging.aws.needs import suggested
    from poetry_plugin_package_function.packaging.aws.needs import with_aws_services

    if settings.aws_services:
        return with_aws_services(tree, settings.aws_services, name, settings.handler)
    if settings.aws_services is None:
        return replace(tree, aws_suggestion=suggested(tree, name))
    return tree


def missing_code(tree: Tree, order: Order) -> SourceError | None:
    """Makes the error for an archive that has nothing to run; None if it has something.

    A handler may be a dependency's. A layer needs nothing, and a runtime of one's own
    runs `bootstrap`, whatever it is.
    """
    names = {entry.name for entry in tree.entries}
    if order.settings.layer_only or tree.entry_modules or "bootstrap" in names:
        return None
    handler = order.settings.handler
    if handler and tuple(handler_parts(handler)) in known_modules(names):
        return None
    return no_code(order.project, handler)
