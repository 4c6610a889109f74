# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import hashlib

import cv2
import numpy

from my_app.facts import facts_of


def handler(event: object, context: object) -> dict[str, object]:
    picture = numpy.arange(48 * 64 * 3, dtype=numpy.uint8).reshape(48, 64, 3)
    small = cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA)
    done, encoded = cv2.imencode(".png", small)
    decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
    return {
        "done": done,
        "png": hashlib.sha256(encoded.tobytes()).hexdigest(),
        "same": bool((decoded == small).all()),
        "edges": int(cv2.Canny(picture, 50, 150).sum()),
        "facts": facts_of("opencv-python-headless", cv2, "__init__.pyi"),
    }
