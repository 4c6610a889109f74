"""Python looks for cycles rarely, and still finds them."""

from __future__ import annotations

from typing import NoReturn

import pytest

from poetry_plugin_package_function import cli
from poetry_plugin_package_function import garbage
from poetry_plugin_package_function.command import PackageFunctionCommand
from tests.own_process import outcome


COLLECTED_PY = """\
import gc
import weakref
from poetry_plugin_package_function.garbage import collect_rarely

class Cycle:
    def __init__(self):
        self.itself = self

def collections():
    return sum(each["collections"] for each in gc.get_stats())

collect_rarely()
before = collections()
kept = [[] for _ in range(90_000)]
print(collections() - before)
gone = weakref.ref(Cycle())
kept += [[] for _ in range(200_000)]
print(gone() is None)
"""


def test_a_run_is_hardly_searched() -> None:
    """Not once for ninety thousand objects; what is garbage goes all the same.

    In a process of its own: it is a setting of the whole process.
    """
    assert (0, "0\nTrue\n", "") == outcome(COLLECTED_PY)


class _AskedError(Exception):
    pass


def ask() -> NoReturn:
    raise _AskedError


def test_both_commands_ask_for_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before they make the objects that live as long as the run."""
    monkeypatch.setattr(cli, "collect_rarely", ask)
    monkeypatch.setattr(garbage, "collect_rarely", ask)

    with pytest.raises(_AskedError):
        cli.main([])
    with pytest.raises(_AskedError):
        PackageFunctionCommand().handle()
