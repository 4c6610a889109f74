import six


def lambda_handler(event, context):
    return {"statusCode": 200, "body": six.ensure_str(event["body"])}
