"""What ELF files say."""

from __future__ import annotations
