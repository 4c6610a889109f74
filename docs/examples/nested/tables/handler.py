from __future__ import annotations

import io

import pandas as pd


def handler(event: dict[str, list[int]], context: object) -> dict[str, object]:
    table = pd.DataFrame({"n": event.get("numbers", [1, 2, 3])})
    table["square"] = table["n"] ** 2
    parquet = table.to_parquet(engine="pyarrow")
    again = pd.read_parquet(io.BytesIO(parquet), engine="pyarrow")
    return {"sum_of_squares": int(again["square"].sum()), "bytes": len(parquet)}
