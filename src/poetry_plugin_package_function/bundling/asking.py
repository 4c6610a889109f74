"""Asks Python in the background what Poetry is going to ask it."""

from __future__ import annotations

import threading

from contextlib import suppress


def ask_python() -> None:
    """Begins to ask the active Python where it is and which version it has.

    Each answer takes a process, and with pyenv a tenth of a second or two. findpython,
    which Poetry asks through, remembers them.
    """
    for question in ("executable", "version"):
        threading.Thread(target=_ask, args=(question,)).start()


def _ask(question: str) -> None:
    from poetry.utils.env.python import Python

    with suppress(Exception):  # whoever needs the answer asks again
        getattr(Python.get_active_python(), question)
