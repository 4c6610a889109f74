"""What native code is linked to."""

from __future__ import annotations
