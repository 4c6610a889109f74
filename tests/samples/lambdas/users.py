from lambdas.common import responses
from lambdas.common.people import PEOPLE


def handler(event, context):
    return responses.ok(PEOPLE[event["id"]])
