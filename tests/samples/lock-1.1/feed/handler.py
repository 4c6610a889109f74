from dateutil.parser import isoparse


def handler(event, context):
    return {"weekday": isoparse(event["published"]).isoweekday()}
