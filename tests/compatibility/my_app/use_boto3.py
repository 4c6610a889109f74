# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import boto3

from botocore.config import Config
from botocore.stub import Stubber
from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    session = boto3.Session("key", "secret", region_name="eu-central-1")
    s3 = session.client("s3", config=Config(signature_version="s3v4"))
    with Stubber(s3) as stub:
        stub.add_response("list_buckets", {"Buckets": [{"Name": "mine"}]})
        listed = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    table = session.resource("dynamodb").Table("table")
    return {
        "listed": listed,
        "endpoint": s3.meta.endpoint_url,
        "paginates": s3.can_paginate("list_objects_v2"),
        "table": table.name,
        "services": session.get_available_services(),
        "regions": session.get_available_regions("lambda"),
        "facts": facts_of("boto3", boto3, "data/s3/2006-03-01/resources-1.json"),
    }
