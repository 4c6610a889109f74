from .rates import RATE


def with_tax(net):
    return round(net * (1 + RATE), 2)
