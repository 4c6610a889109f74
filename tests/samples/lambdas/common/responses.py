import json

import six


def ok(body):
    return {"statusCode": 200, "body": six.ensure_str(json.dumps(body))}
