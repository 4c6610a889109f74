"""Packages the functions of a run on all cores, in their order."""

from __future__ import annotations

import threading

from collections import deque
from concurrent.futures import CancelledError
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextlib import contextmanager
from contextlib import suppress
from typing import TYPE_CHECKING
from typing import Final

from poetry_plugin_package_function.errors import naming
from poetry_plugin_package_function.interruption import held_back
from poetry_plugin_package_function.interruption import scratch_directory
from poetry_plugin_package_function.packaging.archive.kept_streams import KeptStreams
from poetry_plugin_package_function.packaging.cores import usable_cores
from poetry_plugin_package_function.packaging.native.strip import Stripper
from poetry_plugin_package_function.packaging.service import package
from poetry_plugin_package_function.packaging.service import verified
from poetry_plugin_package_function.packaging.service import write_archives
from poetry_plugin_package_function.packaging.unmeasured import refuse_unmeasured


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Sequence
    from concurrent.futures import Executor
    from contextlib import AbstractContextManager
    from typing import Self

    from poetry_plugin_package_function.packaging.describing import Written
    from poetry_plugin_package_function.packaging.order import Order
    from poetry_plugin_package_function.packaging.progress import Progress
    from poetry_plugin_package_function.packaging.service import Pending
    from poetry_plugin_package_function.packaging.verify.unpacking import Workspace


_AT_ONCE: Final = 2
"""How many are packaged at once, at most: each takes memory, and room on the disk.

All cores compress for one. Of what is left, most is done with Python's lock held.
"""


class Packager:
    """Packages orders ahead of those who take the results, one after the other.

    Archives are verified, and come to their places, in the thread that takes them: one
    after the other, and where signals interrupt.
    """

    def __init__(self, orders: Sequence[Order], workspace: Workspace) -> None:
        """Begins nothing yet.

        Args:
            orders: What is packaged.
            workspace: Where archives are unpacked to be verified.
        """
        self._waiting = deque(orders)
        self._is_one = len(orders) == 1
        self._workspace = workspace
        self._at_once = 1  # what others share, the first finds out
        self._ahead: deque[_Ahead] = deque()

    def __enter__(self) -> Self:
        """Begins nothing yet.

        Raises:
            BudgetError: INIT of an order has a budget, and is another machine's.
            VerifyError: A profile is to be written of such an import.
        """
        for order in self._waiting:
            with naming(order.settings.function):
                refuse_unmeasured(
                    order.settings, order.target, runs_here=order.runs_here
                )
        self._scratch = ExitStack()
        directory = self._scratch.enter_context(scratch_directory())
        self._compressing = ThreadPoolExecutor(usable_cores(), "deflate")
        self._kept = KeptStreams(directory, self._compressing)
        self._stripper = Stripper(directory)
        self._packaging = ThreadPoolExecutor(_AT_ONCE, "package")
        return self

    def __exit__(self, *_: object) -> None:
        """Throws away what has not been taken."""
        for each in self._ahead:
            each.progress.stop()
        self._workspace.ready.set()
        with ExitStack() as stack:  # all of it, whatever signal comes meanwhile
            stack.callback(self._scratch.close)
            stack.callback(self._compressing.shutdown)
            for each in self._ahead:
                stack.callback(each.throw_away)
            stack.callback(self._packaging.shutdown, cancel_futures=True)

    @contextmanager
    def next(self, progress: Progress | None) -> Iterator[Pending]:
        """Gives what becomes of the next order: see `service.package`.

        Args:
            progress: Is called with how far it has come, from now on.
        """
        if self._is_one:
            with package(self._waiting.popleft(), progress, self._workspace) as pending:
                yield pending
            return
        if not self._ahead or not self._ahead[0].is_imported:
            self._begin()
        ahead = self._ahead[0]
        with ahead.taken(progress) as written:
            self._at_once = min(_AT_ONCE, usable_cores())
            # To unpack takes five times as long beside what packages the next one: both
            # want Python's lock. The process that imports the handler does not.
            if ahead.is_imported:
                self._workspace.ready.clear()
            self._begin()
            pending = verified(written, self._workspace)
            self._workspace.ready.set()  # if nothing has been unpacked
            yield pending
        self._ahead.popleft()

    def _begin(self) -> None:
        while self._waiting and len(self._ahead) < self._at_once:
            progress = _LateProgress()
            with held_back():  # what is begun is known
                order = self._waiting.popleft()
                written = write_archives(order, progress, self._kept, self._stripper)
                ahead = _Ahead(
                    *(self._packaging, written, progress, self._workspace.ready),
                    is_imported=order.settings.handler is not None and order.runs_here,
                )
                self._ahead.append(ahead)


class _Ahead:
    """An order that is packaged in a thread of its own.

    Attributes:
        progress: How far that has come.
        is_imported: Whether it is unpacked then, and its handler imported.
    """

    def __init__(
        self,
        pool: Executor,
        archives: AbstractContextManager[Written],
        progress: _LateProgress,
        ready: threading.Event,
        *,
        is_imported: bool,
    ) -> None:
        """Begins to write them once it is set that all is ready."""
        self.progress = progress
        self.is_imported = is_imported
        self._ready = ready
        self._open = ExitStack()
        self._written = pool.submit(self._write, archives)

    def _write(self, archives: AbstractContextManager[Written]) -> Written:
        self._ready.wait()
        self.progress.check()
        return self._open.enter_context(archives)

    @contextmanager
    def taken(self, progress: Progress | None) -> Iterator[Written]:
        """Waits for what is written, which comes to its place when the block ends."""
        with self.progress.shown_by(progress):
            written = self._written.result()
        with self._open:
            yield written

    def throw_away(self) -> None:
        """Waits for its end, and leaves nothing of it, unless it has been taken."""
        with suppress(CancelledError):
            self._written.exception()
        with suppress(Exception, _NotTakenError), self._open:
            raise _NotTakenError


class _NotTakenError(BaseException):
    """Ends what nobody takes, so that nothing comes to its place."""


class _LateProgress:
    """Progress that is shown from some time on, and that can be ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shown: Progress | None = None
        self._phase: tuple[str, int, int] | None = None
        self._files = self._size_bytes = 0
        self._is_stopped = False

    def stop(self) -> None:
        """Ends what is packaged when it calls next."""
        self._is_stopped = True

    def check(self) -> None:
        """Raises if it has been stopped."""
        if self._is_stopped:
            raise _NotTakenError

    @contextmanager
    def shown_by(self, progress: Progress | None) -> Iterator[None]:
        """Calls another one with how far it has come, until the block ends."""
        with self._lock:
            self._shown = progress
            if progress is not None and self._phase is not None:
                progress.begin(*self._phase)
                progress.advance(self._files, self._size_bytes)
        try:
            yield
        finally:
            with self._lock:
                self._shown = None

    def begin(self, what: str, files: int, size_bytes: int) -> None:
        """See `Progress`."""
        self.check()
        with self._lock:
            self._phase = (what, files, size_bytes)
            self._files = self._size_bytes = 0
            if self._shown is not None:
                self._shown.begin(what, files, size_bytes)

    def advance(self, files: int, size_bytes: int) -> None:
        """See `Progress`."""
        self.check()
        with self._lock:
            self._files += files
            self._size_bytes += size_bytes
            if self._shown is not None:
                self._shown.advance(files, size_bytes)
