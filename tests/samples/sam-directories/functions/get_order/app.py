from order_store import ORDERS, STAGE


def lambda_handler(event, context):
    return {"stage": STAGE, "order": ORDERS[event["id"]]}
