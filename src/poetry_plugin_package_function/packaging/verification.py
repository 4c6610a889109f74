"""The handler, imported out of the archives that have been written."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from poetry_plugin_package_function.packaging.sources.distributions import is_metadata
from poetry_plugin_package_function.packaging.tree.sdk import SDK
from poetry_plugin_package_function.packaging.verify.archives import Archives
from poetry_plugin_package_function.packaging.verify.archives import Origin
from poetry_plugin_package_function.packaging.verify.handler import Function
from poetry_plugin_package_function.packaging.verify.unpacking import Workspace
from poetry_plugin_package_function.packaging.verify.verified import verify
from poetry_plugin_package_function.services import DEFAULT_TIMEOUT_S


if TYPE_CHECKING:
    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.sources.entry import Entry
    from poetry_plugin_package_function.packaging.tree.tree import Tree
    from poetry_plugin_package_function.packaging.verify.verified import Verified
    from poetry_plugin_package_function.packaging.writing import Measured


def verify_handler(
    handler: str, measured: Measured, order: Order, workspace: Workspace | None
) -> Verified:
    """Imports the handler of archives that are written.

    Args:
        handler: Its name.
        measured: The archives.
        order: What they are made of.
        workspace: Where they are unpacked, if others are there, too.

    Raises:
        VerifyError: Lambda could not import it, or it fails on the event.
    """
    settings = order.settings
    site_packages = order.environment.site_packages
    for part in measured.job.parts:
        part.stream.flush()
    archive, *layers = (Path(part.stream.name) for part in measured.job.parts)
    origin = Origin(order.project, settings, order.environment.sources)
    with nullcontext(workspace) if workspace else Workspace() as place:
        return verify(
            Archives(
                archive, layers[0] if layers else None, measured.job.entries, origin
            ),
            Function(
                handler,
                python=order.python,
                variables=dict(settings.environment),
                unknown_variables=settings.unknown_variables,
                memory_mb=settings.memory_size_mb,
                ephemeral_storage_mb=settings.ephemeral_storage_mb,
                has_layers=settings.has_layers or settings.layers_size_bytes > 0,
                service=settings.receiver,
                max_init=settings.max_init,
                event=settings.event,
                timeout_s=settings.timeout_s or DEFAULT_TIMEOUT_S,
            ),
            site_packages.interpreter if order.runs_here else None,
            place,
            provided=_stand_ins(order, measured.job.tree),
        )


def _stand_ins(order: Order, tree: Tree) -> list[Entry]:
    """Lists the files of what stands for modules of Lambda's runtime.

    That is the environment's AWS SDK, as far as nothing of it is shipped: because it is
    left to the runtime, or is there for another function or for this alone, or because
    the user leaves its files out.
    """
    if not order.settings.has_sdk:
        return []
    shipped = {each.distribution for each in tree.entries if not is_metadata(each.name)}
    return [
        entry
        for source in order.environment.sources
        for entry in source.files(
            {each.name for each in source.distributions} - SDK, lambda _: False
        )
        if entry.distribution in SDK and entry.distribution not in shipped
    ]
