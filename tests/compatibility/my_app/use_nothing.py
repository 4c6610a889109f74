"""Needs the standard library only."""

from __future__ import annotations

import json


def handler(event: object, context: object) -> dict[str, object]:
    return {"echo": json.dumps(event)}
