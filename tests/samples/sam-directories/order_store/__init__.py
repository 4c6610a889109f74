import os

import six

ORDERS = {"7": {"item": "tea"}}
STAGE = six.ensure_str(os.environ["STAGE"])
