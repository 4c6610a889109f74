"""Whether what the user wants to have nested can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import SourceError
from poetry_plugin_package_function.packaging.native.libraries import Native
from poetry_plugin_package_function.packaging.nesting.loadable import loadable
from poetry_plugin_package_function.packaging.nesting.splitting import split


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.job import Wishes
    from poetry_plugin_package_function.packaging.nesting.units import Parts
    from poetry_plugin_package_function.packaging.tree.tree import Tree


def refuse(wishes: Wishes, parts: Parts, tree: Tree) -> None:
    """Refuses wishes that cannot be granted: all of them at once."""
    own = set(parts.project.names)
    shipped = {each.name for each in tree.distributions}
    names = {name for unit in parts.units for name in unit.names}.union(shipped) - own
    whys = {
        **{each.name: "left out, as nothing requires it" for each in tree.left_out},
        **dict.fromkeys(tree.provided.names, "left to the runtime: `exclude-provided`"),
    }
    problems = []
    for key, wanted in (("nest", wishes.nest), ("keep-flat", wishes.keep_flat)):
        for name in sorted(wanted - names):
            if name not in own:
                why = whys.get(name, "not installed")
                problems.append(f"{key}: {name} is {why}.")
            elif key == "nest":
                why = "; ".join(parts.project.together) or "it is its distribution"
                problems.append(
                    f"nest: {name} stays flat as a part of the project: {why}."
                )
    for unit in parts.units:
        nest = wishes.nest.intersection(unit.names)
        if nest and unit.bound:
            problems.append(
                f"nest: {', '.join(sorted(nest))} cannot be nested: {unit.bound}."
            )
        keep_flat = wishes.keep_flat.intersection(unit.names)
        if nest and keep_flat:
            problems.append(
                f"nest: {', '.join(sorted(nest))} cannot be nested while"
                f" {', '.join(sorted(keep_flat))} is kept flat:"
                f" {'; '.join(unit.together) or 'it is the same'}."
            )
    if problems:
        raise SourceError(problems, f"What can be named: {', '.join(sorted(names))}.")


def check_wishes(tree: Tree, wishes: Wishes) -> None:
    """Refuses wishes that cannot be granted, whether they matter or not.

    Raises:
        SourceError: Names all of them.
    """
    if wishes.nest or wishes.keep_flat:
        native = Native(tree.entries, tree.machine_code)
        parts = loadable(split(tree, tree.entries, native, apart=False), native)
        refuse(wishes, parts, tree)
