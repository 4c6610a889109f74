# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import sklearn

from my_app.facts import facts_of
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def handler(event: object, context: object) -> dict[str, object]:
    flowers = load_iris()
    model = make_pipeline(StandardScaler(), LogisticRegression())
    model.fit(flowers.data, flowers.target)
    return {
        "predicted": model.predict(flowers.data[::25]).tolist(),
        "score": round(model.score(flowers.data, flowers.target), 4),
        "facts": facts_of("scikit-learn", sklearn, "datasets/data/iris.csv"),
    }
