"""ZIPs and other files that are written."""

from __future__ import annotations
