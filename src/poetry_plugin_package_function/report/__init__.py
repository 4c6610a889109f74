"""What is said about a finished archive: text for a console, JSON for programs."""

from __future__ import annotations
