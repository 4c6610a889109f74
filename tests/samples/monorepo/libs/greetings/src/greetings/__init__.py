import six


def greet(name):
    return f"Hello, {six.ensure_str(name)}!"
