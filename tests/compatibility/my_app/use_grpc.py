# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import grpc

from google.protobuf.wrappers_pb2 import StringValue
from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    method = grpc.unary_unary_rpc_method_handler(
        lambda request, _: StringValue(value=request.value.upper()),
        request_deserializer=StringValue.FromString,
        response_serializer=StringValue.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(max_workers=1))
    service = grpc.method_handlers_generic_handler("my_app.Service", {"Shout": method})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            shout = channel.unary_unary(
                "/my_app.Service/Shout",
                request_serializer=StringValue.SerializeToString,
                response_deserializer=StringValue.FromString,
            )
            answer = shout(StringValue(value="hello"), timeout=20)
    finally:
        server.stop(None).wait()
    return {
        "answer": answer.value,
        "facts": facts_of("grpcio", grpc, "_cython/_credentials/roots.pem"),
    }
