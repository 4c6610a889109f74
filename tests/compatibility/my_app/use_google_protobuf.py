# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import datetime

import google.protobuf

from google.protobuf import json_format
from google.protobuf.internal import api_implementation
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2
from google.rpc import status_pb2
from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    moment = Timestamp()
    moment.FromDatetime(datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC))
    status = status_pb2.Status(code=5, message="not found")
    status.details.add().Pack(error_details_pb2.ErrorInfo(reason="GONE"))
    return {
        "moment": moment.ToJsonString(),
        "status": json_format.MessageToDict(status),
        "implementation": api_implementation.Type(),
        "facts": facts_of("protobuf", google.protobuf, "descriptor.py"),
    }
