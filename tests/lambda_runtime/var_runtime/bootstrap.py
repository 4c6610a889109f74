"""Stands in for `/var/runtime/bootstrap.py`: sets `sys.path` up, starts the client.

It runs in the client environment, on every supported interpreter. As in Lambda, the
client is imported first (the function cannot replace it), the task root is put in
front of everything and its `.pth` files are obeyed. The optional argument is a
directory to stand before the task root, where wrappers put theirs.
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
    client = importlib.import_module("awslambdaric.__main__")
    task_root = os.environ["LAMBDA_TASK_ROOT"]
    front = sys.argv[1:2]
    del sys.argv[1:]
    sys.path.insert(0, task_root)
    site.addsitedir(task_root)
    sys.path[:0] = front
    os.environ.setdefault("PYTHONPATH", os.environ["LAMBDA_RUNTIME_DIR"])
    client.main([task_root, os.environ["_HANDLER"]])


if __name__ == "__main__":
    main()
