"""Mutants of files: what broken disks, networks and programs make of them."""

from __future__ import annotations

import random

from typing import TYPE_CHECKING


if TYPE_CHECKING:
    from collections.abc import Iterator


def damaged(content: bytes, seed: int, count: int) -> Iterator[bytes]:
    """Makes so many mutants of a file, which has at least a byte.

    They depend on the content and the seed only.
    """
    numbers = random.Random(seed)
    made = 0
    while made < count:
        mutant = bytearray(content)
        for _ in range(numbers.choice((1, 1, 1, 2, 5))):
            _damage(mutant, numbers)
        if mutant != content:
            made += 1
            yield bytes(mutant)


def _damage(mutant: bytearray, numbers: random.Random) -> None:
    if not mutant:
        return
    at = numbers.randrange(len(mutant))
    end = at + numbers.choice((1, 2, 4, 8, 40, 400))
    kind = numbers.randrange(10)
    if kind < 4:
        mutant[at] ^= 1 << numbers.randrange(8)
    elif kind == 4:
        mutant[at:end] = numbers.randbytes(len(mutant[at:end]))
    elif kind == 5:
        mutant[at:end] = bytes([numbers.choice((0, 255))]) * len(mutant[at:end])
    elif kind == 6:
        del mutant[at:end]
    elif kind == 7:
        mutant[at:at] = mutant[at:end]
    elif kind == 8:
        there = numbers.randrange(len(mutant))
        mutant[at:end] = mutant[there : there + end - at]
    else:
        del mutant[at:]
