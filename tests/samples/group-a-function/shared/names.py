import six


def name_of(event):
    return six.ensure_str(event["name"])
