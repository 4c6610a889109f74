"""Packages both examples with this environment's Poetry and runs them as Lambda would.

`make demo` calls it. The examples are copied first, so that nothing is left in them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

from pathlib import Path

from tests.package_index import index_url


EXAMPLES = Path(__file__).parent
RUNS = (
    ("flat", "dist/greeter.zip", "greeter.handler.handler", '{"name": "Lambda"}'),
    ("nested", "dist/table_maker.zip", "tables.handler.handler", '{"numbers": [3, 4]}'),
)


def main() -> int:
    """Runs the demonstration; returns the exit status."""
    environment = {**os.environ, "POETRY_PYPI_MIRROR_URL": index_url()}
    poetry = Path(sys.executable).parent / "poetry"
    with tempfile.TemporaryDirectory() as directory:
        for name, archive, handler, event in RUNS:
            project = Path(directory, name)
            shutil.copytree(EXAMPLES / name, project)
            for title, command in (
                (
                    "poetry package-function",
                    [poetry, "-P", project, "package-function"],
                ),
                (
                    f"run {handler} out of {archive}, as Lambda does",
                    [
                        *(sys.executable, "-m", "tests.lambda_runtime"),
                        *(project / archive, handler, event),
                    ],
                ),
            ):
                print(f"\n$ {title}   # docs/examples/{name}\n", flush=True)
                done = subprocess.run(
                    list(map(str, command)), check=False, env=environment
                )
                if done.returncode:
                    return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
