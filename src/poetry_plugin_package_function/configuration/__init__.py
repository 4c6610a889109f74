"""What a run is asked for: flags, keys and templates in, settings out."""

from __future__ import annotations
