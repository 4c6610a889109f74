import iniconfig

from shared.names import name_of


def handler(event, context):
    return {"mail": name_of(event), "by": iniconfig.IniConfig.__name__}
