"""Builds virtual environments: all that knows Poetry's installer is in here."""

from __future__ import annotations
