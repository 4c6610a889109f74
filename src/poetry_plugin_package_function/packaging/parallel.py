"""Packages the functions of a run on all cores, in their order."""

from __future__ import annotations

import threading

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import contextmanager
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from typing import NamedTuple

from poetry_plugin_package_function.packaging.archive.shared_streams import (
    SharedStreams,
)
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.service import package


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from concurrent.futures import Future
    from typing import Self

    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.progress import Progress
    from poetry_plugin_package_function.packaging.service import Pending
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace


class Packager:
    """Packages orders ahead of those who take the results, one after the other.

    What has been packaged ahead is not at its place before it has been taken.
    """

    def __init__(self, orders: Sequence[Order], workspace: Workspace) -> None:
        """Begins nothing yet.

        Args:
            orders: What is packaged.
            workspace: Where archives are unpacked to be verified.
        """
        self._orders = orders
        self._workspace = workspace

    def __enter__(self) -> Self:
        """Begins nothing yet."""
        self._directory = TemporaryDirectory(prefix="package-function-")
        self._shared = SharedStreams(Path(self._directory.name))
        self._pool = ThreadPoolExecutor(usable_cores(), "package")
        self._waiting = deque(self._orders)
        self._begun: deque[_Begun] = deque()
        return self

    def __exit__(self, *_: object) -> None:
        """Throws away what has not been taken."""
        for each in self._begun:
            each.future.cancel()
            each.progress.stop()
        self._pool.shutdown(wait=True)
        for each in self._begun:
            with suppress(Exception, _NotTakenError), self._taken(each):
                raise _NotTakenError
        self._directory.cleanup()

    @contextmanager
    def next(self, progress: Progress | None) -> Iterator[Pending]:
        """Gives what becomes of the next order: see `service.package`.

        Args:
            progress: Is called with how far it has come, from now on.
        """
        if len(self._orders) == 1:
            # In this thread, which is the one that signals interrupt.
            with package(self._waiting.popleft(), progress, self._workspace) as pending:
                yield pending
            return
        while self._waiting and len(self._begun) < usable_cores():
            late = _LateProgress()
            future = self._pool.submit(self._package, self._waiting.popleft(), late)
            self._begun.append(_Begun(future, late))
        begun = self._begun[0]
        if progress is not None:
            begun.progress.show(progress)
        begun.future.exception()  # until it is known, it is among what is thrown away
        self._begun.popleft()
        with self._taken(begun) as pending:
            yield pending

    def _package(self, order: Order, progress: Progress) -> tuple[ExitStack, Pending]:
        with ExitStack() as stack:
            pending = stack.enter_context(
                package(order, progress, self._workspace, self._shared)
            )
            return stack.pop_all(), pending

    @contextmanager
    def _taken(self, begun: _Begun) -> Iterator[Pending]:
        stack, pending = begun.future.result()
        with stack:
            yield pending


class _Begun(NamedTuple):
    """What is being packaged."""

    future: Future[tuple[ExitStack, Pending]]
    progress: _LateProgress


class _NotTakenError(BaseException):
    """Ends what is pending, so that nothing comes to its place."""


class _LateProgress:
    """Progress that is shown from some time on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: Progress | None = None
        self._phase = ("", 0, 0)
        self._done = (0, 0)
        self._is_stopped = False

    def stop(self) -> None:
        """Ends what is packaged when it is called next."""
        self._is_stopped = True

    def show(self, progress: Progress) -> None:
        """Calls another one with how far it has come, and with all that follows."""
        with self._lock:
            self._shown = progress
            progress.begin(*self._phase)
            progress.advance(*self._done)

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """See `Progress`."""
        with self._lock:
            self._phase, self._done = (what, files, size_bytes), (0, 0)
            if self._shown is not None:
                self._shown.begin(what, files, size_bytes)

    def advance(self, files: int, size_bytes: int) -> None:
        """See `Progress`."""
        if self._is_stopped:
            raise _NotTakenError
        with self._lock:
            self._done = (self._done[0] + files, self._done[1] + size_bytes)
            if self._shown is not None:
                self._shown.advance(files, size_bytes)
