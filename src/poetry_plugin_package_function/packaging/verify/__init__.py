"""The handler, imported out of the finished archive: docs/verify.md."""

from __future__ import annotations
