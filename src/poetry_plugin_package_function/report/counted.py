"""How many of something there are, in words."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """Writes a count with what is counted: "1 file", "3,900 files".

    Args:
        count: How many there are.
        one: What one of them is called.
        many: What several are called, if that takes more than an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
