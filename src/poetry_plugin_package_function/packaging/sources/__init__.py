"""Where files come from: an environment, a wheel, the project."""

from __future__ import annotations
