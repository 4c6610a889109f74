"""The handlers of the projects that are packaged, each a module of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from typing import TypeAlias


Handlers: TypeAlias = Mapping[str, tuple[str, ...]]
"""What each handler imports, by the name of its module."""

# Named alike, distribution and package: the reference's nested ZIP works only so.
PACKAGE: Final = "bench_app"
USUAL: Final = "handler"
EVERYTHING: Final = "everything"
FLAT_ONLY: Final = "flat_only"
NOTHING: Final = "nothing"

_PANDAS_AND_PYARROW: Final = (
    *("pandas", "pyarrow", "pyarrow.compute", "pyarrow.csv", "pyarrow.dataset"),
    *("pyarrow.fs", "pyarrow.parquet"),
)
_SCIPY: Final = (
    *("scipy.cluster.hierarchy", "scipy.integrate", "scipy.interpolate", "scipy.io"),
    *("scipy.ndimage", "scipy.optimize", "scipy.signal", "scipy.sparse.linalg"),
    *("scipy.spatial", "scipy.stats"),
)
_SKLEARN: Final = (
    *("sklearn.cluster", "sklearn.datasets", "sklearn.decomposition"),
    *("sklearn.ensemble", "sklearn.linear_model", "sklearn.manifold"),
    *("sklearn.model_selection", "sklearn.neural_network", "sklearn.pipeline"),
)
DATA_FRAMES: Final[Handlers] = {
    EVERYTHING: _PANDAS_AND_PYARROW,
    FLAT_ONLY: ("pydantic.main",),  # a small library: there is always room for it
    NOTHING: ("json",),
}
DATA_SCIENCE: Final[Handlers] = {
    **DATA_FRAMES,
    EVERYTHING: (*_PANDAS_AND_PYARROW, *_SCIPY, *_SKLEARN),
}

_USUAL_PY: Final = """\
import {module}


def handler(event, context):
    return {module}.__version__
"""
_OTHER_PY: Final = """\
{imports}


def handler(event, context):
    return "ready"
"""


def handler_path(module: str) -> str:
    """The name that Lambda is given."""
    return f"{PACKAGE}.{module}.handler"


def handler_files(usual: str, others: Handlers) -> dict[str, str]:
    """The package's files by their names.

    Args:
        usual: The module that the handler imports that most measurements start.
        others: What there is beside it.
    """
    files = {
        f"{PACKAGE}/__init__.py": "",
        f"{PACKAGE}/{USUAL}.py": _USUAL_PY.format(module=usual),
    }
    for name, modules in others.items():
        imports = "\n".join(f"import {module}" for module in modules)
        files[f"{PACKAGE}/{name}.py"] = _OTHER_PY.format(imports=imports)
    return files
