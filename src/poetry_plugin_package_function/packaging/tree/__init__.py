"""What is shipped."""

from __future__ import annotations
