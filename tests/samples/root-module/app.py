import json

from links import LINKS
from six.moves.urllib.parse import quote


def lambda_handler(event, context):
    name = event["pathParameters"]["name"]
    if name not in LINKS:
        return {"statusCode": 404, "body": json.dumps({"unknown": quote(name)})}
    return {"statusCode": 302, "headers": {"Location": LINKS[name]}}
