from __future__ import annotations

from importlib.metadata import version

from pydantic import BaseModel


class Event(BaseModel):
    name: str = "world"


def handler(event: dict[str, object], context: object) -> dict[str, str]:
    return {
        "greeting": f"Hello, {Event.model_validate(event).name}!",
        "pydantic": version("pydantic"),
    }
