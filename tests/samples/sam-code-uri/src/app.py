import json
import logging
import os

import boto3

from orders.page import page_of

logging.getLogger().setLevel(os.environ["LEVEL"])
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def lambda_handler(event, context):
    orders = [{"id": 1}, {"id": 2}, {"id": 3}]
    return {
        "statusCode": 200,
        "body": json.dumps({"table": table.name, "orders": page_of(orders)}),
    }
