"""The nested layout: what is written, and the loader at work."""

from __future__ import annotations
