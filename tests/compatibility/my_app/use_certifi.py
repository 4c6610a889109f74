# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import hashlib
import os
import ssl

import certifi

from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    trusting = ssl.create_default_context(cafile=certifi.where())
    return {
        "file": os.path.basename(certifi.where()),
        "contents": hashlib.sha256(certifi.contents().encode()).hexdigest(),
        "trusted": trusting.cert_store_stats(),
        "facts": facts_of("certifi", certifi, "cacert.pem"),
    }
