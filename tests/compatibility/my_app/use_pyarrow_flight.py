# mypy: disable-error-code="import-not-found, import-untyped, misc, no-any-unimported"
from __future__ import annotations

import threading

from typing import TYPE_CHECKING

import pyarrow

from my_app.facts import submodules
from pyarrow import flight


if TYPE_CHECKING:
    from collections.abc import Iterator


class Server(flight.FlightServerBase):
    def list_flights(self, *_: object) -> Iterator[flight.FlightInfo]:
        name = flight.FlightDescriptor.for_path("x")
        yield flight.FlightInfo(pyarrow.schema([]), name, [], 17, 42)


def handler(event: object, context: object) -> dict[str, object]:
    server = Server("grpc://127.0.0.1:0")
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        client = flight.connect(("127.0.0.1", server.port))
        records = [each.total_records for each in client.list_flights()]
        client.close()
    finally:
        server.shutdown()
        thread.join()
    return {
        "records": records,
        "package": flight.FlightError.__module__,
        "submodules": submodules(pyarrow),
    }
