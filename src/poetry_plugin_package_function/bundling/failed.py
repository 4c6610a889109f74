"""What Poetry's installer could not install, and why, in a sentence for each."""

from __future__ import annotations

import re
import socket
import ssl

from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

from poetry.console.exceptions import PoetryRuntimeError
from poetry.utils.isolated_build import IsolatedBuildBackendError


if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Iterator

    from poetry.core.packages.package import Package


_OF_NETWORKS: Final = (ConnectionError, TimeoutError, socket.gaierror, ssl.SSLError)
"""What they say themselves is short; libraries wrap it in what they have called."""

_PASSWORD: Final = re.compile(r"(?<=://)[^/@\s]+@")


class Failure(NamedTuple):
    """Something that could not be installed."""

    package: Package
    error: Exception


def sentences(failures: Iterable[Failure]) -> list[str] | None:
    """Says what could not be installed, and why.

    Returns:
        Each sentence once; None if there are none, or if what Poetry has written is
        more: the words of a build backend, or of its own without lines of source.
    """
    said: list[str] = []
    for failure in failures:
        if isinstance(failure.error, (IsolatedBuildBackendError, PoetryRuntimeError)):
            return None
        said += _said(failure)
    return [*dict.fromkeys(said)] or None


def _said(failure: Failure) -> Iterator[str]:
    package, error = failure
    url = package.source_url or ""  # of files Poetry writes none that can be read
    source = f" from {url}" if "://" in url and not url.startswith("file:") else ""
    what = f"{package.pretty_name} {package.pretty_version}{source}"
    reason = _PASSWORD.sub("", f"{what} could not be installed: {_reason(error)}")
    first, *others = reason.splitlines()
    yield first if others else f"{first.rstrip('.')}."
    yield from (line.expandtabs() for line in others)


def _reason(error: Exception) -> str:
    for each in _chain(error):
        if isinstance(each, _OF_NETWORKS) and each.strerror:
            return each.strerror
    return str(error).strip() or type(error).__name__


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception, and what it came of."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
