import toml

from shared.names import name_of


def handler(event, context):
    return {"push": name_of(event), "by": toml.dumps({"a": 1})}
