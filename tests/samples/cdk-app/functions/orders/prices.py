import six


def price_of(number):
    return {"a": 5, "b": 7}[six.ensure_str(number)]
