import six


def greeting(name):
    return six.ensure_str(name).title()
