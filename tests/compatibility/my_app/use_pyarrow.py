# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import io

import pyarrow
import pyarrow.compute
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet

from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    table = pyarrow.csv.read_csv(io.BytesIO(b"name,size\na,1\nb,2\n"))
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(table, sink, compression="zstd")
    again = pyarrow.parquet.read_table(pyarrow.BufferReader(sink.getvalue()))
    larger = pyarrow.dataset.field("size") > 1
    return {
        "rows": again.to_pylist(),
        "sum": pyarrow.compute.sum(again["size"]).as_py(),
        "filtered": pyarrow.dataset.dataset(again).to_table(filter=larger).to_pylist(),
        "facts": facts_of("pyarrow", pyarrow, "include/arrow/api.h"),
    }
