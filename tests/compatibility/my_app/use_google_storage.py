# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import google
import google.cloud

from google.api_core import exceptions
from google.api_core import path_template
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
from my_app.facts import facts_of
from my_app.facts import submodules


def handler(event: object, context: object) -> dict[str, object]:
    client = storage.Client(project="my-project", credentials=AnonymousCredentials())
    blob = client.bucket("my-bucket").blob("a directory/a file.txt")
    return {
        "url": blob.public_url,
        "error": type(exceptions.from_http_status(404, "")).__name__,
        "path": path_template.expand("users/{user}", user="me"),
        "in google": submodules(google),
        "in google.cloud": submodules(google.cloud),
        "facts": facts_of("google-cloud-storage", storage, "client.py"),
    }
