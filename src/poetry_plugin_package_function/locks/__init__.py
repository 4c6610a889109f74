"""What a project's lock says, whoever has written it."""

from __future__ import annotations
