# mypy: disable-error-code="import-not-found, import-untyped, misc"
from __future__ import annotations

import datetime  # noqa: TC003 - pydantic asks for it

import pydantic

from my_app.facts import facts_of


class Order(pydantic.BaseModel):
    number: pydantic.PositiveInt
    placed: datetime.date
    tags: list[str] = []


def handler(event: object, context: object) -> dict[str, object]:
    try:
        Order.model_validate({"number": -1, "placed": "never"})
    except pydantic.ValidationError as error:
        refused = error.errors(include_url=False, include_input=False)
    order = Order.model_validate_json('{"number": "3", "placed": "2024-02-29"}')
    return {
        "order": order.model_dump(mode="json"),
        "refused": [[each["loc"], each["type"]] for each in refused],
        "schema": Order.model_json_schema(),
        "facts": facts_of("pydantic", pydantic, "_migration.py"),
    }
