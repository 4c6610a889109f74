# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import numpy
import numpy.f2py

from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    matrix = numpy.array([[2.0, 1.0], [1.0, 3.0]])
    random = numpy.random.default_rng(7)
    return {
        "solved": numpy.linalg.solve(matrix, [3.0, 5.0]).round(9).tolist(),
        "transformed": numpy.abs(numpy.fft.fft([1, 2, 3, 4])).round(9).tolist(),
        "drawn": random.integers(0, 100, 5).tolist(),
        "submodule": numpy.f2py.__name__,
        "facts": facts_of("numpy", numpy, "__init__.pxd"),
    }
