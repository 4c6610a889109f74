"""Threads import libraries, some the same ones, all at once."""

from __future__ import annotations

import importlib
import threading

from concurrent.futures import ThreadPoolExecutor


NAMES = (
    "pandas",
    "scipy.optimize",
    "google.cloud.storage",
    "azure.storage.blob",
    "pandas",
    "scipy.sparse",
)


def handler(event: object, context: object) -> dict[str, object]:
    together = threading.Barrier(len(NAMES))

    def load(name: str) -> tuple[str, int]:
        together.wait()
        module = importlib.import_module(name)
        return module.__name__, len(module.__all__)

    with ThreadPoolExecutor(len(NAMES)) as pool:
        return {"loaded": list(pool.map(load, NAMES))}
