# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import datetime

import cryptography

from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    secret = Fernet(Fernet.generate_key())
    return {
        "decrypted": secret.decrypt(secret.encrypt(b"text")).decode(),
        "certificate": _certificate().fingerprint(hashes.SHA256()).hex(),
        "facts": facts_of(
            "cryptography", cryptography, "hazmat/bindings/_rust/__init__.pyi"
        ),
    }


def _certificate() -> x509.Certificate:
    """Self-signed, and the same each time."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "my-app")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2034, 1, 1, tzinfo=datetime.UTC))
        .sign(key, None)
    )
