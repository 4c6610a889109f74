"""Runs Python for Windows, as users do, by Wine."""

from __future__ import annotations

import subprocess

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.windows.building import wine
from tests.e2e.windows.building import wine_environment


if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping
    from pathlib import Path


_LIMIT_S = 300


def windows_path(path: Path) -> str:
    """What Wine calls a path."""
    return f"Z:{path}".replace("/", "\\")


@dataclass(frozen=True)
class Windows:
    """Python for Windows.

    Attributes:
        python: Its python.exe.
        env: All variables of its environment.
        temporary: Where temporary files are.
    """

    python: Path
    env: Mapping[str, str]
    temporary: Path

    def __call__(self, directory: Path, *arguments: str) -> str:
        """Runs it in a directory; what it has said. It has to end well."""
        status, said = self.ended(directory, *arguments)
        assert 0 == status, said
        return said

    def ended(self, directory: Path, *arguments: str) -> tuple[int, str]:
        """Runs it in a directory; its status, and what it has said.

        That goes through a pipe: what Wine's programs write into a file that they have
        not opened themselves, Python for Windows takes for closed.
        """
        done = subprocess.run(
            [wine(), str(self.python), *arguments],
            cwd=directory,
            env=dict(self.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LIMIT_S,
        )
        return done.returncode, done.stdout.decode(errors="replace").replace("\r", "")


@contextmanager
def running(prefix: Path, python: Path) -> Iterator[None]:
    """Keeps Wine's own processes alive.

    They would inherit the pipes of the first program that is run, which would end for
    whoever reads them when Wine does.
    """
    waiting = "import sys; print(flush=True); sys.stdin.read()"
    keeper = subprocess.Popen(
        [wine(), str(python), "-c", waiting],
        env=wine_environment(prefix),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with keeper.stdin as end, keeper.stdout as said:  # type: ignore[union-attr]
        said.readline()
        yield
        end.close()
        keeper.wait()
