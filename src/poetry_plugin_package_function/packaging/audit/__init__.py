"""Machine code, held against the target that it is to run on: docs/audit.md."""

from __future__ import annotations
