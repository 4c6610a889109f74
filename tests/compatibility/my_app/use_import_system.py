# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import runpy
import sys

import scipy


NAMES = ("azure.core", "botocore", "cv2", "google.api_core", "grpc", "six")


def handler(event: object, context: object) -> dict[str, object]:
    specs = {name: importlib.util.find_spec(name) for name in NAMES}
    return {
        "packages": {
            name: spec is not None and spec.submodule_search_locations is not None
            for name, spec in specs.items()
        },
        "readable": {
            name: spec is not None and _is_readable(spec.origin)
            for name, spec in specs.items()
        },
        "loaded by looking": sorted({"botocore", "cv2", "grpc"} & sys.modules.keys()),
        "missing": [
            _error("import no_such_module"),
            _error("import scipy.no_such_module"),
            _error("from scipy import no_such_name"),
            _error("import google.no_such_module"),
        ],
        "lazy": scipy.stats.__name__,
        "reloaded": importlib.reload(scipy).__name__,
        "run": runpy.run_module("six")["__version__"],
        "tests": importlib.import_module("certifi.tests").__path__ != [],
        "walked": sorted(
            each.name
            for each in pkgutil.walk_packages(
                importlib.import_module("azure.storage").__path__, "azure.storage."
            )
            if each.name.count(".") == 3
        ),
    }


def _is_readable(path: str | None) -> bool:
    if path is None:
        return False
    with open(path, "rb") as file:
        return len(file.read()) > 0


def _error(statement: str) -> list[str | None]:
    try:
        exec(statement, {})
    except ImportError as error:
        return [type(error).__name__, error.name]
    return []
