"""What can go wrong while measuring."""

from __future__ import annotations


class BenchError(Exception):
    """There is nothing to measure, or what is measured failed."""
