import os

from prices import price_of

TABLE = os.environ["TABLE"]
CURRENCY = os.environ["CURRENCY"]


def handler(event, context):
    return {"table": TABLE, "price": f"{price_of(event['id'])} {CURRENCY}"}
