"""Python compiled ahead of time."""

from __future__ import annotations
