import toml

from report import report


def handler(event, context):
    return toml.dumps(report(event["rows"]))
