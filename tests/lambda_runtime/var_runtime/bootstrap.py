"""Stands in for `/var/runtime/bootstrap.py`: sets `sys.path` up, starts the client.

It runs in the client environment, on every supported interpreter. As in Lambda, the
client is imported first (the function cannot replace it), the task root is put in
front of everything and its `.pth` files are obeyed; what layers have comes next. The
arguments are a directory to stand before the task root, where wrappers put theirs, and
the one that is `/opt`; "" is none.
"""

from __future__ import annotations

import importlib
import os
import site
import sys


def main() -> None:
    """Start awslambdaric on the handler that the environment names."""
    # Lambda's shell script beside this one exports it before it starts Python; the
    # client looks at it (from 3.12 on it polls in a thread).
    os.environ.setdefault(
        "AWS_EXECUTION_ENV",
        f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}",
    )
    _, front, layers_root = sys.argv
    del sys.argv[1:]
    client = importlib.import_module("awslambdaric.__main__")
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    layers = _python_of(layers_root) if layers_root else []
    sys.path[:0] = [task_root, *layers]
    site.addsitedir(task_root)
    sys.path[:0] = [front] if front else []
    python_path = [*layers, os.environ["LAMBDA_RUNTIME_DIR"]]
    os.environ.setdefault("PYTHONPATH", ":".join(python_path))
    client.main([task_root, os.environ["_HANDLER"]])


def _python_of(layers_root: str) -> list[str]:
    python = f"{layers_root}/python"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return [f"{python}/lib/{version}/site-packages", python]


if __name__ == "__main__":
    main()
