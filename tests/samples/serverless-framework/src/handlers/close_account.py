import os

from src.store import Store

store = Store(os.environ["TABLE"], os.environ["TOKEN"])


def handler(event, context):
    return {"closed": store.key(event["pathParameters"]["id"])}
