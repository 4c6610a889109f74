"""Where functions are started: task roots and cores."""

from __future__ import annotations

import os

from contextlib import contextmanager
from typing import TYPE_CHECKING

from bench.errors import BenchError
from tests.lambda_runtime import unpack
from tests.lambda_runtime.memory import memory
from tests.lambda_runtime.memory import reachable


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path
    from typing import TypeAlias

    from bench.variants import Variant

    TaskRoots: TypeAlias = Mapping[Variant, Path]


@contextmanager
def unpacked(
    archives: Mapping[Variant, Path], place: Path | None
) -> Iterator[TaskRoots]:
    """Unpacks archives as Lambda does; their directories are gone when the block ends.

    They can be started any number of times: nobody can write into them.

    Args:
        archives: By how they have been made.
        place: A directory on the disk, or None: in memory if there is enough of it.

    Raises:
        UnpackError: An archive cannot stand in a task root.
    """
    with reachable(place or memory()) as base:
        roots = {}
        for number, (name, archive) in enumerate(archives.items()):
            roots[name] = base / str(number)
            unpack(archive, roots[name])
        os.sync()  # nothing is to be written while somebody measures
        yield roots


@contextmanager
def on_cores(number: int) -> Iterator[None]:
    """What is started in the block runs on so many cores.

    Raises:
        BenchError: There are fewer.
    """
    allowed = os.sched_getaffinity(0)
    if len(allowed) < number:
        raise BenchError(
            f"INIT is measured on {number} cores; here are {len(allowed)}. Leave it"
            " out: --only with the other parts."
        )
    os.sched_setaffinity(0, sorted(allowed)[-number:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
