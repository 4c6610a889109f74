# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import scipy

from my_app.facts import facts_of
from scipy import integrate
from scipy import optimize
from scipy import sparse
from scipy import stats


def handler(event: object, context: object) -> dict[str, object]:
    lowest = optimize.minimize(lambda x: (x[0] - 1) ** 2 + (x[1] + 2) ** 2, [0, 0])
    area, _ = integrate.quad(lambda x: x * x, 0, 3)
    return {
        "minimum": lowest.x.round(4).tolist(),
        "area": round(area, 9),
        "quantile": round(float(stats.norm.ppf(0.975)), 9),
        "trace": float(sparse.eye_array(5).trace()),
        "facts": facts_of("scipy", scipy, "optimize/__init__.pxd"),
    }
