import six


class Store:
    def __init__(self, table, token):
        self.table = table
        self.token = token

    def key(self, number):
        return f"{self.table}/{six.ensure_str(number)}"
