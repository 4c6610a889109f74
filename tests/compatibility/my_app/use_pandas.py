# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import io

import pandas

from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    frame = pandas.DataFrame(
        {
            "city": ["Bern", "Rome", "Bern"],
            "sold": [1, 2, 3],
            "on": pandas.date_range("2024-02-28", periods=3, tz="Europe/Zurich"),
        }
    )
    stream = io.BytesIO()
    frame.to_parquet(stream, engine="pyarrow")
    again = pandas.read_parquet(io.BytesIO(stream.getvalue()), engine="pyarrow")
    return {
        "sums": again.groupby("city")["sold"].sum().to_dict(),
        "same": frame.equals(again),
        "csv": again.to_csv(index=False),
        "facts": facts_of("pandas", pandas, "io/formats/templates/html.tpl"),
    }
