# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import hashlib
import io
import os

import matplotlib as mpl
import mpl_toolkits

from matplotlib import font_manager
from matplotlib import pyplot
from mpl_toolkits import mplot3d
from my_app.facts import facts_of
from my_app.facts import submodules


mpl.use("Agg")


def handler(event: object, context: object) -> dict[str, object]:
    stream = io.BytesIO()
    with pyplot.style.context("ggplot"):
        figure, axes = pyplot.subplots(figsize=(2, 2), dpi=50)
        axes.plot([1, 2, 3], [3, 1, 2])
        axes.set_title(r"$\alpha$ plot")
        figure.savefig(stream, format="png", metadata={"Software": None})
    pyplot.close(figure)
    font = font_manager.findfont("DejaVu Sans", fallback_to_default=False)
    return {
        "png": hashlib.sha256(stream.getvalue()).hexdigest(),
        "font": os.path.basename(font),
        "styles": pyplot.style.available,
        "toolkit": mplot3d.Axes3D.name,
        "in mpl_toolkits": submodules(mpl_toolkits),
        "facts": facts_of("matplotlib", mpl, "mpl-data/matplotlibrc"),
    }
