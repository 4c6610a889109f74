# mypy: disable-error-code="import-not-found, no-any-return"
"""Runs modules of libraries in new processes, as from the task root."""

from __future__ import annotations

import os

from my_app import modules


def handler(event: object, context: object) -> dict[str, object]:
    return modules.answers(cwd=os.environ["LAMBDA_TASK_ROOT"])
