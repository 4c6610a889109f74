"""What handlers need: written into a file, and read to choose what is nested."""

from __future__ import annotations
