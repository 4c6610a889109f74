"""Real Poetry, real poetry-plugin-bundle and real wheels, in processes of their own."""

from __future__ import annotations
