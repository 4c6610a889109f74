"""The lock file: whether there is one that can be installed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poetry_plugin_package_function.errors import BundleError


if TYPE_CHECKING:
    from poetry.poetry import Poetry


def check_lock(poetry: Poetry) -> None:
    """Refuses what cannot be installed from.

    Raises:
        BundleError: There is no lock, or it is not that of pyproject.toml.
    """
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


def blame_lock(poetry: Poetry) -> None:
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
        first, *others = detail.splitlines() or [type(error).__name__]
        raise BundleError(
            (f"{locker.lock} cannot be read: {first.rstrip('.')}.", *others),
            "Make it anew: poetry lock",
        ) from None
