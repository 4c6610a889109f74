# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import multiprocessing

import numpy

from my_app import work


def handler(event: object, context: object) -> dict[str, object]:
    answer = work.in_process(multiprocessing.get_context("spawn"))
    return {"in the child": answer, "here": work.sign(), "numpy": numpy.__version__}
