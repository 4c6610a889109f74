# mypy: disable-error-code="import-not-found, import-untyped"
"""Work for another process, which imports a library of its own for it."""

from __future__ import annotations

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext
    from multiprocessing.context import SpawnContext


def in_process(context: ForkContext | SpawnContext) -> object:
    """What a child has worked out; pipes work on Lambda, queues and pools do not."""
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_answer, args=(sender,))
    child.start()
    sender.close()
    try:
        answer = receiver.recv()
    except EOFError:
        answer = "the child has died"
    child.join()
    return [answer, child.exitcode]


def _answer(sender: Connection) -> None:
    sender.send(sign())


def sign() -> str:
    """Imports what it needs only when it is called."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import hmac

    made = hmac.HMAC(b"key", hashes.SHA256())
    made.update(b"text")
    return made.finalize().hex()
