"""Makes what the tests of recipes keep, so that none of them has to wait for it.

`python -m tests.recipes`: CI runs it beside other tests, on a machine that has nothing.
"""

from __future__ import annotations

from tests.recipes.aws import aws_commands
from tests.recipes.cdk import cdk_python
from tests.recipes.sam import sam_commands
from tests.recipes.terraform import hcl_python
from tests.recipes.terraform import schema


if __name__ == "__main__":
    for make in (aws_commands, sam_commands, cdk_python, hcl_python, schema):
        make()
