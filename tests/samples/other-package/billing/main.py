from billing.tax import with_tax
from six import ensure_str


def handler(event, context):
    return {"total": with_tax(event["net"]), "currency": ensure_str(b"EUR")}
