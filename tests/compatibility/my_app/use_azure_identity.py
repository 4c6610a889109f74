# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

from azure import identity
from azure.core.exceptions import ClientAuthenticationError
from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    identity.ClientSecretCredential("tenant", "client", "secret").close()
    try:
        identity.EnvironmentCredential().get_token("scope")
    except ClientAuthenticationError as error:
        refused = type(error).__name__
    return {
        "refused": refused,
        "facts": facts_of("azure-identity", identity, "_version.py"),
    }
