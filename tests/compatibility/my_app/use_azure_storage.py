# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import base64
import datetime

import azure
import azure.core

from azure.storage import blob
from my_app.facts import facts_of
from my_app.facts import submodules


KEY = base64.b64encode(bytes(64)).decode()


def handler(event: object, context: object) -> dict[str, object]:
    service = blob.BlobServiceClient(
        "https://account.blob.core.windows.net", credential=KEY
    )
    signature = blob.generate_blob_sas(
        "account",
        "container",
        "a blob",
        account_key=KEY,
        permission=blob.BlobSasPermissions(read=True),
        expiry=datetime.datetime(2034, 1, 1, tzinfo=datetime.UTC),
    )
    return {
        "url": service.get_blob_client("container", "a blob").url,
        "signature": signature,
        "in azure": submodules(azure),
        "in azure.core": submodules(azure.core),
        "facts": facts_of("azure-storage-blob", blob, "_version.py"),
    }
