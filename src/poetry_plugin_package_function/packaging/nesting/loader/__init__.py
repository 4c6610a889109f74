"""What a nested result ships to run in Lambda."""

from __future__ import annotations
