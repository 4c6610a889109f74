"""Compiles Python files; run by the interpreter that is to use the bytecode.

`python -I -S -B compiler.py < TASK > RESULT`: the task is a marshalled list of the
content and the name of each file, the result one of the content of a `.pyc` for each,
or None if the file does not compile.

What marshal writes depends on what else is alive in the process. So it is a process for
each list, it imports nothing that it does not need, and what it does, it does in the
same order whatever the machine: then the bytes are the same each time. Whoever changes
this file changes them.
"""

from __future__ import annotations

import marshal
import sys

from importlib.util import MAGIC_NUMBER
from importlib.util import source_hash


UNCHECKED_HASH = b"\x01\x00\x00\x00"
"""PEP 552: the `.pyc` names its source by hash, and nobody looks whether it holds."""

TASK_ROOT = "/var/task/"
"""Where Lambda unpacks a function; the import system corrects it where it differs."""


def main() -> None:
    """Compiles what standard input lists."""
    results: list[bytes | None] = []
    for source, name in marshal.load(sys.stdin.buffer):  # noqa: S302 - it is our own
        try:
            code = compile(
                source, TASK_ROOT + name, "exec", dont_inherit=True, optimize=0
            )
        except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
            results.append(None)
            continue
        results.append(
            MAGIC_NUMBER + UNCHECKED_HASH + source_hash(source) + marshal.dumps(code)
        )
    marshal.dump(results, sys.stdout.buffer)


if __name__ == "__main__":
    main()
