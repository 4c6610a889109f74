"""Sizes for people, in the unit that Lambda's own documents count in."""

from __future__ import annotations

from typing import Final


_KIB: Final = 1024
MIB: Final = 1_048_576
"""What Lambda's documents call an MB: memory, `/tmp` and limits count in these.

Its 250 MB are 262,144,000 bytes.
Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

_SMALLEST: Final = MIB // 10


def megabytes(size_bytes: int) -> str:
    """Writes a size with one decimal; what would be 0.0 MB, in KB."""
    if size_bytes < _SMALLEST:
        return f"{-(-size_bytes // _KIB)} KB"
    return f"{size_bytes / MIB:,.1f} MB"


def limit(size_bytes: int) -> str:
    """Writes a limit: without a decimal if it is a whole number of MB."""
    whole, rest = divmod(size_bytes, MIB)
    return megabytes(size_bytes) if rest else f"{whole:,} MB"
