"""What needs an import of the handler here is refused where there cannot be one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import BudgetError
from poetry_plugin_package_function.errors import VerifyError
from poetry_plugin_package_function.host import SYSTEM
from poetry_plugin_package_function.packaging.sources.environment import this_machine


if TYPE_CHECKING:
    from poetry_plugin_package_function.runtimes import Target
    from poetry_plugin_package_function.settings import Settings


def refuse_unmeasured(
    settings: Settings, target: Target | None, *, runs_here: bool
) -> None:
    """Refuses a budget of INIT, or to write a profile, before anything is packaged.

    Args:
        settings: What is asked for.
        target: What it is packaged for.
        runs_here: Whether that runs on this machine.

    Raises:
        BudgetError: INIT has a budget, and is that of another machine.
        VerifyError: A profile is to be written, and the import is another machine's.
    """
    if settings.handler is None or runs_here:
        return
    where = (
        f"the package is for {target or 'another machine'}, and this machine is"
        f" {this_machine() or SYSTEM}."
    )
    if settings.max_init is not None:
        raise BudgetError(
            f"--max-init allows INIT {settings.max_init:g} times an empty handler's,"
            f" and nothing is measured: {where}",
            "Package it on such a machine, or leave --max-init away.",
        )
    if settings.profile_output is not None:
        raise unknown_needs(settings.handler, f": {where}")


def unknown_needs(handler: str, why: str) -> VerifyError:
    """Makes the error for a profile that nothing can be written into.

    Args:
        handler: Whose needs are not known.
        why: The end of the sentence, or more of them.
    """
    return VerifyError(
        f"--profile: it is not known what {handler} needs{why}",
        "Write the profile where the handler can be imported; the key `profile` is"
        " read anywhere.",
    )
