from greetings import greet
from shared.answers import ok


def handler(event, context):
    return ok(greet(event["name"]))
