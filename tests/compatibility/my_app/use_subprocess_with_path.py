# mypy: disable-error-code="import-not-found, import-untyped"
"""Runs modules of imported libraries in new processes that are given the path."""

from __future__ import annotations

import os
import sys

import certifi
import google.protobuf
import numpy

from my_app import modules


def handler(event: object, context: object) -> dict[str, object]:
    return {
        "here": [each.__name__ for each in (certifi, google.protobuf, numpy)],
        **modules.answers(env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}),
    }
