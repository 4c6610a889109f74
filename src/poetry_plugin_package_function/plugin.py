"""Registers `poetry package-function`.

Every Poetry call imports this module: it imports nothing that Poetry has not imported
by then, and the command only when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry.plugins.application_plugin import ApplicationPlugin


if TYPE_CHECKING:
    from poetry.console.application import Application
    from poetry.console.commands.command import Command


class PackageFunctionPlugin(ApplicationPlugin):
    """Adds the command to Poetry."""

    def activate(self, application: Application) -> None:
        """Registers the command by name; see `ApplicationPlugin`."""
        application.command_loader.register_factory("package-function", _command)


def _command() -> Command:
    from poetry_plugin_package_function.command import PackageFunctionCommand

    return PackageFunctionCommand()
